"""Timers: several at once, by name, length or room; they survive a restart and ring until somebody stops them."""

from edge.act.calendar import local_zone
from edge.act.skills.timers.elsewhere import Elsewhere
from edge.act.skills.timers.skill import Timers
from edge.act.timekeeping import SystemTime
from edge.ports import SkillContext


def build(context: SkillContext) -> Timers:
    """The skill on the machine's own clocks."""
    time, post, neighbours = SystemTime(local_zone()), context.post, context.neighbours
    elsewhere = Elsewhere(post, neighbours, time) if post is not None and neighbours is not None else None
    return Timers(context.storage, context.announcer, time, elsewhere, neighbours)
