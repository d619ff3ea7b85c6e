"""A skill for Hearthside: dice and coins."""

import random
from collections.abc import Callable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase
from edge.plugins import skill_settings
from edge.ports import SkillContext


class DiceSettings(BaseModel):
    """``[skills.dice]`` of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sides: Annotated[int, Field(ge=2, le=100)] = 6
    """Of a die, where the person says nothing else."""


class Dice:
    """Rolls dice and flips coins."""

    intents = frozenset({"DiceRoll", "DiceFlip"})
    deadline_s = 1.0

    def __init__(self, settings: DiceSettings, throw: Callable[[int], int]) -> None:
        """``throw``: a number from 1 to the given one."""
        self._settings, self._throw = settings, throw

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """One phrase for each; ``origin`` (the room, the session, the language) makes no difference here."""
        if intent.name == "DiceFlip":
            return Outcome(OutcomeKind.DONE, Phrase("dice_coin", {"heads": self._throw(2) == 1}))
        sides = int(intent.slots.get("sides", self._settings.sides))
        thrown = [self._throw(sides) for _ in range(int(intent.slots.get("count", 1)))]
        return Outcome(OutcomeKind.DONE, Phrase("dice_thrown", {"thrown": thrown, "sum": sum(thrown)}))


def build(context: SkillContext) -> Dice:
    """Called once, when the assistant starts. Raises SettingsError, which names the key."""
    settings = skill_settings("dice", DiceSettings, context.settings, "see the README of hearthside-dice")
    return Dice(settings, lambda sides: random.SystemRandom().randint(1, sides))
