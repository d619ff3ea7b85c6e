"""Ends or puts off whatever rings, be it a timer, an alarm or a reminder."""

from edge.act.skills.ringing.skill import Ringing
from edge.ports import SkillContext


def build(context: SkillContext) -> Ringing:
    """The skill for what the context's announcer lets ring."""
    return Ringing(context.announcer)
