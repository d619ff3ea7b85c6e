"""Shopping and to-do lists, and any list with a name."""

from edge.act.skills.lists.skill import Lists
from edge.act.skills.lists.store import ListStore
from edge.ports import SkillContext


def build(context: SkillContext) -> Lists:
    """The skill, keeping its lists in the context's storage."""
    return Lists(ListStore(context.storage))
