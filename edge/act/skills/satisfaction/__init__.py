"""Asks now and then how satisfied one is, and keeps the answer."""

from edge.act.skills.satisfaction.skill import Satisfaction
from edge.ports import SkillContext


def build(context: SkillContext) -> Satisfaction:
    """The skill; whether it asks is a setting of the assistant."""
    return Satisfaction(context.storage, context.history, context.announcer)
