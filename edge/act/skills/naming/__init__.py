"""Names and rooms by voice: "call this lamp Betty", "the plug is in the garage"."""

from edge.act.skills.naming.skill import Names, objection
from edge.ports import SkillContext

__all__ = ["Names", "build", "objection"]


def build(context: SkillContext) -> Names:
    """The skill."""
    return Names(context.house, context.naming, context.history, context.interpreter)
