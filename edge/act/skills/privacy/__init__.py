"""What may leave the house, said by voice."""

from edge.act.skills.privacy.skill import Privacy
from edge.ports import SkillContext


def build(context: SkillContext) -> Privacy:
    """The skill; where there is no bridge, it says that nothing leaves."""
    return Privacy(context.consents)
