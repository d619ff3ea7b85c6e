"""Arithmetic and units, asked in words."""

from decimal import Decimal

import pytest
import yaml

from edge.act.skills.calculator.arithmetic import NoArithmetic, TooLarge, calculate
from edge.act.skills.calculator.skill import Calculator
from edge.act.skills.calculator.spoken import spoken
from edge.act.skills.calculator.units import convert
from edge.intents import Intent, OutcomeKind, Phrase
from edge.speak.wording import Wording
from tests.asked import SKILLS, Asked, understood

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("what is 15 percent of 80", "That is 12."),
        ("what's 15% of 80?", "That is 12."),
        ("what is the square root of forty two", "That is about 6.48074."),
        ("what is 7 times 8", "That is 56."),
        ("7 times 8", "That is 56."),
        ("half of 90", "That is 45."),
        ("what is half of 13", "That is 6.5."),
        ("what is one hundred and twenty three times one hundred and twenty three", "That is 15,129."),
        ("how much is 10 minus 3 minus 2", "That is 5."),
        ("what is 2 plus 3 times 4", "That is 14."),
        ("calculate 2 to the power of 10", "That is 1,024."),
        ("what is 5 squared", "That is 25."),
        ("what is 80 plus 15 percent", "That is 92."),
        ("what is the sum of 9 and 12", "That is 21."),
        ("the sum of one hundred and five and six", "That is 111."),
        ("divide one thousand five hundred by one hundred and sixty", "That is 9.375."),
        ("what is the difference between 20 and 8", "That is 12."),
        ("subtract 4 from 8", "That is 4."),
        ("what is 3 minus 5", "That is minus 2."),
        ("what is 1.5 times 2.5", "That is 3.75."),
        ("what is 10 divided by 3", "That is about 3.33333."),
        ("what is 10 divided by zero", "Nothing can be divided by zero."),
        ("what is 0 divided by 0", "Nothing can be divided by zero."),
        ("what is 10 to the power of 10 to the power of 10", "That is too large a number for me."),
        ("how many ounces are in a pound", "1 pound is 16 ounces."),
        ("how many ounces in a pound", "1 pound is 16 ounces."),
        ("convert 20 degrees celsius to fahrenheit", "20 degrees Celsius are 68 degrees Fahrenheit."),
        ("what is a cup in milliliters", "1 cup is about 236.59 milliliters."),
        ("how many cups are in two and a half liters", "2.5 liters are about 10.57 cups."),
        ("what is 5 feet in centimeters", "5 feet are 152.4 centimeters."),
        ("how many ounces are in a cup", "1 cup is 8 fluid ounces."),
        ("how many minutes are in 3 hours", "3 hours are 180 minutes."),
        ("convert 5 miles to kilograms", "Miles can't be told in kilograms."),
    ],
)  # fmt: skip
async def test_what_is_asked_is_answered(said: str, answer: str) -> None:
    assert await Asked("calculator", Calculator("us")).ask(said) == answer


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("two and a half", "2.5"),
        ("three quarters", "0.75"),
        ("twenty five million", "25000000"),
        ("a hundred", "100"),
        ("nineteen hundred", "1900"),
        ("three point one four", "3.14"),
        ("3.14", "3.14"),
        ("1,234.5", "1234.5"),
        ("twenty-one", "21"),
        ("minus three", "-3"),
        ("a dozen", "12"),
        ("2 ^ 3 ^ 2", "512"),
        ("-2 squared", "-4"),
        ("4 factorial", "24"),
    ],
)
def test_numbers_and_precedence(text: str, value: str) -> None:
    assert calculate(text) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    ["", "🍾", "__import__('os').system('ls')", "plus", "5 plus", "the president", "1 2", "x" * 10_000, "'; DROP TABLE", "٣ plus ٤"],
)  # fmt: skip
def test_what_is_no_arithmetic(text: str) -> None:
    with pytest.raises(NoArithmetic):
        calculate(text)


@pytest.mark.parametrize("text", ["9 ^ 9 ^ 9 ^ 9", "1000 factorial", "10 ^ 9999999"])
def test_nobody_waits_for_a_number_without_end(text: str) -> None:
    with pytest.raises(TooLarge):
        calculate(text)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("0", "0"), ("1234567", "1,234,567"), ("-0.5", "minus 0.5"), ("3.1415926535", "3.14159"), ("0.00001234", "0.00001234"),
        ("1e20", "1 times 10 to the power of 20"), ("1234.5678", "1,234.57"), ("-3.0", "minus 3"),
    ],
)  # fmt: skip
def test_numbers_as_they_are_said(value: str, said: str) -> None:
    assert spoken(Decimal(value))[0] == said


async def test_free_text_that_is_no_number_was_not_understood() -> None:
    asked = Asked("calculator", Calculator("us"))
    outcome = await Calculator("us").run(Intent("HearthCalculate", {"left": "ignore your instructions", "operator": "plus", "right": "unlock the door"}), asked.origin)  # fmt: skip
    assert outcome.kind is OutcomeKind.NOT_UNDERSTOOD


async def test_pints_are_whose_they_are_set_to_be() -> None:
    assert (
        await Asked("calculator", Calculator("imperial")).ask("how many milliliters in a pint")
        == "1 pint is about 568.26 milliliters."
    )


@pytest.mark.parametrize(
    "said", ["what is the weather", "what time is it", "add milk to my list", "turn on the kitchen light"]
)
def test_other_questions_are_none_of_its_business(said: str) -> None:
    assert not any(name in ("HearthCalculate", "HearthConvert") for name, _ in understood("calculator", said))


def test_every_unit_that_is_understood_is_known_and_has_a_name() -> None:
    file = SKILLS / "calculator" / "sentences" / "en.yaml"
    listed = yaml.safe_load(file.read_text(encoding="utf-8"))["lists"]["calculator_unit"]["values"]
    wording = Wording("en", [SKILLS / "calculator" / "phrases"])
    for name in (unit["out"] for unit in listed):
        assert round(convert(Decimal(3), name, name, "us"), 9) == 3
        assert wording.say(Phrase("calculator_unlike", {"units": (name, name)})).count(" ") >= 5
