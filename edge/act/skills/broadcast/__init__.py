"""Announcements."""

from edge.act.skills.broadcast.skill import Broadcast
from edge.ports import SkillContext


def build(context: SkillContext) -> Broadcast:
    """The skill."""
    return Broadcast(context.house, context.announcer, context.neighbours)
