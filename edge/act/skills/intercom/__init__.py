"""Intercom: a message in a person's own voice to another room, and the answer to it."""

from edge.act.skills.intercom.settings import IntercomSettings
from edge.act.skills.intercom.skill import Intercom
from edge.plugins import skill_settings
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
        skill_settings("intercom", IntercomSettings, context.settings, "docs/several.md says what there is"),
    )
