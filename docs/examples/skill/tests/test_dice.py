"""The skill by itself: no assistant, no sound, no broker."""

import anyio
import pytest
from hearthside_dice import Dice, DiceSettings

from edge.intents import Intent, Origin


@pytest.mark.parametrize(
    ("intent", "key", "values"),
    [
        (Intent("DiceRoll"), "dice_thrown", {"thrown": [6], "sum": 6}),
        (Intent("DiceRoll", {"count": 2, "sides": 20}), "dice_thrown", {"thrown": [20, 20], "sum": 40}),
        (Intent("DiceFlip"), "dice_coin", {"heads": False}),
    ],
)
def test_what_it_answers(intent: Intent, key: str, values: dict[str, object]) -> None:
    dice = Dice(DiceSettings(), throw=lambda sides: sides)
    outcome = anyio.run(dice.run, intent, Origin("session"))
    assert (outcome.say.key, outcome.say.values) == (key, values)
