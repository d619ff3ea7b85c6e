"""The microphone, switched off by voice."""

from edge.act.skills.microphone.skill import Microphone
from edge.ports import SkillContext


def build(context: SkillContext) -> Microphone:
    """The skill, at the assistant's own switch."""
    return Microphone(context.listening)
