"""Arithmetic and units."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from edge.act.skills.calculator.skill import Calculator
from edge.plugins import skill_settings
from edge.ports import SkillContext


class CalculatorSettings(BaseModel):
    """``[skills.calculator]``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    measures: Literal["us", "imperial", "metric"] = "us"
    """Whose cups, pints and gallons."""


SETTINGS = CalculatorSettings


def build(context: SkillContext) -> Calculator:
    """The skill. Raises SettingsError."""
    settings = skill_settings("calculator", CalculatorSettings, context.settings, "see docs/skills.md")
    return Calculator(settings.measures)
