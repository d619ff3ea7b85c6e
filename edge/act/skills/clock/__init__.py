"""What time and what day it is: now, on a day that is named, and in other places."""

from edge.act.calendar import local_zone
from edge.act.skills.clock.skill import Clock
from edge.act.timekeeping import SystemTime
from edge.ports import SkillContext


def build(context: SkillContext) -> Clock:
    """A clock in the machine's own time zone."""
    return Clock(SystemTime(local_zone()).now, context.language)
