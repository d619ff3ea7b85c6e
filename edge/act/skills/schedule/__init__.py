"""Commands for later: kept on disk, done when their time has come, and only then."""

from edge.act.calendar import local_zone
from edge.act.skills.schedule.skill import Schedule
from edge.act.timekeeping import SystemTime
from edge.ports import SkillContext


def build(context: SkillContext) -> Schedule:
    """The skill on the machine's own clocks."""
    return Schedule(context.storage, context.announcer, SystemTime(local_zone()), context.interpreter)
