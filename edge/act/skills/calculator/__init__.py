"""Arithmetic and units."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from edge.act.skills.calculator.skill import Calculator
from edge.errors import SettingsError
from edge.ports import SkillContext


class CalculatorSettings(BaseModel):
    """``[skills.calculator]``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    measures: Literal["us", "imperial", "metric"] = "us"
    """Whose cups, pints and gallons."""


SETTINGS = CalculatorSettings


def build(context: SkillContext) -> Calculator:
    """The skill. Raises SettingsError."""
    try:
        settings = CalculatorSettings.model_validate(context.settings)
    except ValidationError as error:
        wrong = error.errors()[0]
        key = ".".join(("skills", "calculator", *map(str, wrong["loc"])))
        raise SettingsError(f"{key}: {wrong['msg']}", "see docs/skills.md", permanent=True) from error
    return Calculator(settings.measures)
