"""A stopwatch: start, stop, lap, how long so far; it goes on over a restart."""

from edge.act.calendar import local_zone
from edge.act.skills.stopwatch.skill import Stopwatch
from edge.act.timekeeping import SystemTime
from edge.ports import SkillContext


def build(context: SkillContext) -> Stopwatch:
    """The skill on the machine's own clocks."""
    return Stopwatch(context.storage, SystemTime(local_zone()))
