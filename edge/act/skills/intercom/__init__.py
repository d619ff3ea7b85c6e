"""Intercom: a message in a person's own voice to another room, and the answer to it."""

from edge.act.skills.intercom.settings import IntercomSettings, read
from edge.act.skills.intercom.skill import Intercom
from edge.ports import SkillContext

SETTINGS = IntercomSettings


def build(context: SkillContext) -> Intercom:
    """The skill. Raises SettingsError."""
    return Intercom(
        context.house,
        context.announcer,
        context.neighbours,
        context.listening,
        context.loudness,
        read(context.settings),
    )
