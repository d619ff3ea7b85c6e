"""Alarm clocks: once or recurring, asked about, snoozed, cancelled; they survive a restart and ring until stopped."""

from edge.act.calendar import local_zone
from edge.act.skills.alarms.skill import Alarms, AlarmSettings
from edge.act.timekeeping import SystemTime
from edge.plugins import skill_settings
from edge.ports import SkillContext

SETTINGS = AlarmSettings


def build(context: SkillContext) -> Alarms:
    """The skill on the machine's own clocks. Raises SettingsError."""
    settings = skill_settings("alarms", AlarmSettings, context.settings)
    return Alarms(context.storage, context.announcer, SystemTime(local_zone()), settings, context.language)
