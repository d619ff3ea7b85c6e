"""Reminders: "remind me to call mum at six", once or recurring; they survive a restart and ring until stopped."""

from edge.act.calendar import local_zone
from edge.act.skills.reminders.skill import Reminders
from edge.act.timekeeping import SystemTime
from edge.ports import SkillContext


def build(context: SkillContext) -> Reminders:
    """The skill on the machine's own clocks."""
    return Reminders(context.storage, context.announcer, SystemTime(local_zone()), context.language)
