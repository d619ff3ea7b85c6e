"""Walking a template loses nothing that hassil would match, and little that it would not."""

import pytest
from hassil import Intents
from hassil.intents import IntentData
from hassil.parse_expression import parse_sentence

from edge.understand.candidates import Candidates
from edge.understand.house_lists import Lists
from edge.understand.needs import Needed
from edge.understand.reach import START, Said
from edge.understand.reachable import Reachable

HOUSE = Lists.of(
    {
        "name": [("Kitchen Light", "Kitchen Light", {"domain": "light"}), ("Gate", "Gate", {"domain": "cover"})],
        "area": [("Kitchen", "Kitchen"), ("Living Room", "Living Room")],
        "floor": [],
    }
)
INTENTS = Intents.from_dict(
    {
        "language": "en",
        "intents": {
            "On": {
                "data": [
                    {"sentences": ["turn on [the] {name}"], "requires_context": {"domain": "light"}},
                    {"sentences": ["[please] turn on [all] [the] lights"]},
                    {"sentences": ["turn on"]},
                ]
            },
            "Add": {"data": [{"sentences": ["add {item} to [my] list"]}]},
        },
        "lists": {
            "item": {"wildcard": True},
            "level": {"range": {"from": 0, "to": 100}},
            "unit": {"values": [{"in": "(met(er|re)[s]|m)", "out": "m"}, {"in": "{level} mile[s]", "out": "miles"}]},
        },
        "expansion_rules": {"the": "(the|my)", "deep": "<deep>"},
        "skip_words": ["please", "could you"],
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("template", "text", "holds"),
    [
        ("turn [the] light on", "turn the light on", True),
        ("turn [the] light on", "Turn light on", True),
        ("turn [the] light on", "turn the light off", False),
        ("turn [the] light on", "turn the light on now", False),
        ("light[s] on", "lights on", True),
        ("light[s] on", "light s on", False),
        ("(red;green;blue)", "green blue red", True),
        ("(red;green;blue)", "green blue green", False),
        ("<the> {area}", "my living room", True),
        ("{area}", "kitchen light", False),
        ("wi-fi", "wi-fi", True),
        ("wi fi on", "wi-fi on", True),
        ("set to {level}[ ]%", "set to 40 %", True),
        ("set to {level}[ ]%", "set to 40%", True),
        ("set to {level}[ percent]", "set to forty percent", True),
        ("set to {level}", "set to music", False),
        ("{unit}", "metres", True),
        ("{unit}", "3 miles", True),
        ("{unit}", "yards", False),
        ("add {item} to list", "add milk and eggs to list", True),
        ("add {item} to list", "add milk and eggs", False),
        ("{item} is in [the] {area}", "the ball is in the kitchen", True),
        ("{item} is in [the] {area}", "the ball is in the garden", False),
        ("say {item}", "say what you like", True),
        ("straße", "STRASSE", True),
        ("izmir", "İzmir", True),
        ("<deep>", "whatever is beyond the deepest rule", True),
    ],
)
def test_whether_a_template_holds_a_text(template: str, text: str, holds: bool) -> None:
    node = Reachable(INTENTS).node(parse_sentence(template), IntentData([template]))
    said = Said(text, HOUSE.found)
    assert said.ends_at(node.reach(said, START)) is holds


def candidates(*texts: str) -> list[list[str]]:
    blocks = [block for intent in INTENTS.intents.values() for block in intent.data]
    found = Candidates(INTENTS, Needed.of(INTENTS))
    return [[blocks[number].sentence_texts[place] for number, place in found.of(text, HOUSE)] for text in texts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("turn on the kitchen light", ["turn on [the] {name}"]),
        ("turn on the gate", []),  # of another kind than the sentence is about
        ("could you turn on the lights please", ["[please] turn on [all] [the] lights"]),
        ("please turn on the lights", ["[please] turn on [all] [the] lights"]),
        ("add milk to my list please", ["add {item} to [my] list"]),
        ("add it", []),
    ],
)
def test_the_candidates_of_a_text(text: str, expected: list[str]) -> None:
    assert candidates(text) == [expected]


def test_what_is_known_of_a_sentence_serves_for_its_beginnings() -> None:
    texts = [
        "turn on the kitchen light and the lights and add milk to my list",
        "turn on the kitchen light and the lights",
        "turn on the kitchen light",
        "turn on the kitchen",
        "turn on the",
        "turn on",
        "turn",
    ]
    assert candidates(*texts) == [found for text in texts for found in candidates(text)]
    assert candidates(*texts)[2] == ["turn on [the] {name}"]
    assert candidates(*texts)[5] == ["turn on"]
