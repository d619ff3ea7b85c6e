"""Leading hassil to the templates that a text can belong to loses none of what they say."""

import itertools
import random

import pytest
from hassil import Intents
from hassil.parse_expression import parse_sentence
from hassil.recognize import recognize_best
from hassil.sample import sample_expression
from home_assistant_intents import get_intents

from edge.understand.house_lists import Lists
from edge.understand.needs import Beginning, Needed, beginning
from edge.understand.recognition import Recognition
from edge.understand.sources import in_order

NAMES = [("Ceiling-Fan", "Ceiling Fan", {"domain": "fan"}), ("L'Entrée", "Entrée", {"domain": "light"}), ("Mr. Coffee", "Mr. Coffee", {"domain": "switch"})]  # fmt: skip
HOUSE = Lists.of(
    {
        "name": NAMES,
        "area": [("Küche", "Küche"), ("Living Room", "Living Room")],
        "floor": [("First Floor", "First Floor")],
    }
)


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "it", "nl"])
def test_what_templates_say_is_recognised_as_without_being_led(language: str) -> None:
    content = get_intents(language)
    assert content is not None
    intents = Intents.from_dict(content)
    ordered = in_order(intents)
    led = Recognition(ordered, Needed.of(ordered))
    lists = {**intents.slot_lists, **HOUSE.lists}
    templates = [
        template for intent in intents.intents.values() for block in intent.data for template in block.sentences
    ]
    chance = random.Random(4)
    for template in chance.sample(templates, 40):
        said = list(
            itertools.islice(
                sample_expression(template.expression, lists, intents.expansion_rules, language=language), 200
            )
        )
        text = chance.choice(said)
        alone = recognize_best(text, intents, slot_lists=dict(HOUSE.lists), language=language, best_slot_name="name")
        found = led.best(text, HOUSE, None, language)
        assert (alone is None) == (found is None), text
        if alone is not None and found is not None:
            assert (found.intent.name, {name: entity.value for name, entity in found.entities.items()}) == (
                alone.intent.name, {name: entity.value for name, entity in alone.entities.items()},
            ), text  # fmt: skip


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("turn on {name}", Beginning(frozenset({"turn"}))),
        ("[please] (turn|switch) on", Beginning(frozenset({"please", "turn", "switch"}))),
        ("light[s] on", Beginning(frozenset({"light"}))),
        ("[the] {area} lights", Beginning(frozenset({"the"}), frozenset({"area"}))),
        ("what's on", Beginning(frozenset({"what"}))),
        ("(on;off)", Beginning(frozenset({"on", "off"}))),
        ("{anything} on", Beginning(anything=True)),
        ("[now]", Beginning(frozenset({"now"}), empty=True)),
    ],
)
def test_how_a_template_begins(template: str, expected: Beginning) -> None:
    assert beginning(parse_sentence(template).expression, {}, {}) == expected
