"""Questions for the bridge's larger model."""

from edge.act.calendar import local_zone
from edge.act.skills.cloud.skill import CloudSkill
from edge.act.timekeeping import SystemTime
from edge.ports import SkillContext


def build(context: SkillContext) -> CloudSkill:
    """The skill; without a bridge it says that there is none."""
    return CloudSkill(
        context.cloud,
        context.house,
        context.history,
        context.interpreter,
        context.storage,
        context.announcer,
        SystemTime(local_zone()),
    )
