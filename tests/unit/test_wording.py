"""What is said, as a table from phrase to words."""

import datetime
from typing import Any

import pytest

from edge.intents import Phrase
from edge.speak.wording import Wording, sentences

ACTED: dict[str, Any] = {
    "done": [], "domain": "light", "change": {"state": "ON"}, "value": "on", "unit": None,
    "silent": [], "sent": [], "away": [], "unable": [],
}  # fmt: skip


@pytest.fixture(scope="module")
def wording() -> Wording:
    return Wording("en")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"done": ["Kitchen Light"]}, "Kitchen Light is on."),
        ({"done": ["Lamp", "Spots"]}, "Lamp and Spots are on."),
        ({"done": ["A", "B", "C"]}, "3 lights are on."),
        ({"silent": ["Kitchen Light"]}, "Kitchen Light did not answer."),
        ({"done": ["Lamp"], "silent": ["Spots"]}, "Lamp is on. Spots did not answer."),
        ({"done": ["Lamp"], "away": ["Spots"]}, "Lamp is on. Spots is not reachable."),
        ({"unable": ["Spots"]}, "Spots can't do that."),
        ({"sent": ["Pump"], "change": {"state": "ON"}}, "I told Pump, which can't confirm it."),
        ({"done": ["Blind"], "domain": "cover", "change": {"state": "OPEN"}, "value": "opening"}, "Blind is opening."),
        ({"done": ["Door"], "domain": "lock", "change": {"state": "LOCK"}, "value": "locked"}, "Door is locked."),
        ({"done": ["Lamp"], "change": {"state": "ON", "brightness": 40}}, "Lamp is at 40 percent."),
        (
            {
                "done": ["Thermostat"],
                "domain": "climate",
                "change": {"temperature": 21.5},
                "unit": "°C",
                "value": "heat",
            },
            "Thermostat is set to 21.5 degrees.",
        ),
    ],
)
def test_actions_claim_what_was_confirmed_and_no_more(wording: Wording, values: dict[str, Any], said: str) -> None:
    assert wording.say(Phrase("acted", {**ACTED, **values})) == said


@pytest.mark.parametrize(
    ("phrase", "said"),
    [
        (Phrase("not_understood"), "Sorry, I didn't understand that."),
        (Phrase("broker_offline"), "I can't reach the house right now."),
        (Phrase("nothing"), ""),
        (Phrase("no_such_device", {"slots": {"domain": "light", "area": "Attic"}}), "I know no light in the Attic."),
        (Phrase("which_one", {"name": "Heater", "places": ["Bedroom", "Office"]}), "There is more than one Heater: Bedroom or Office?"),
        (Phrase("time", {"now": datetime.datetime(2026, 3, 1, 17, 5)}), "It is 5:05 PM."),
        (Phrase("date", {"now": datetime.datetime(2026, 3, 1)}), "It is Sunday, March 1, 2026."),
        (Phrase("temperature", {"reading": "21.5", "unit": "°C", "place": "Office"}), "It is 21.5 degrees in the Office."),
    ],
)  # fmt: skip
def test_the_rest(wording: Wording, phrase: Phrase, said: str) -> None:
    assert wording.say(phrase) == said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"domain": "binary_sensor", "device_class": "door", "value": "on", "matched": True}, "Yes, Back Door is open."),
        ({"domain": "binary_sensor", "device_class": "door", "value": "off", "matched": False}, "No, Back Door is closed."),
        ({"domain": "sensor", "device_class": "temperature", "value": "12.5", "unit": "°C"}, "Back Door is 12.5 degrees."),
        ({"domain": "sensor", "device_class": "humidity", "value": "40", "unit": "%"}, "Back Door is 40 percent."),
    ],
)  # fmt: skip
def test_states(wording: Wording, values: dict[str, Any], said: str) -> None:
    usual = {"name": "Back Door", "unit": None, "attributes": {}, "matched": None}
    assert wording.say(Phrase("state", {**usual, **values})) == said


@pytest.mark.parametrize(
    ("form", "matched", "unmatched", "said"),
    [
        ("any", ["A"], ["B"], "Yes, A is on."),
        ("any", [], ["B"], "No, none is on."),
        ("all", ["A", "B"], [], "Yes, all are on."),
        ("all", ["A"], ["B"], "No, B is not on."),
        ("all", [], [], "I can't tell."),
        ("which", ["A", "B"], [], "A and B are on."),
        ("which", [], ["A"], "None is on."),
        ("how_many", ["A", "B"], ["C"], "2 are on."),
        ("how_many", ["A"], [], "1 is on."),
        ("how_many", [], [], "0 are on."),
    ],
)
def test_counts(wording: Wording, form: str, matched: list[str], unmatched: list[str], said: str) -> None:
    values = {"form": form, "state": "on", "domain": "light", "device_class": None}
    phrase = Phrase("count", {**values, "matched": matched, "unmatched": unmatched, "unknown": []})
    assert wording.say(phrase) == said


def test_a_language_without_phrases_is_answered_in_english() -> None:
    assert Wording("xx").say(Phrase("not_understood")) == "Sorry, I didn't understand that."


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Lamp is on. Spots did not answer.", ["Lamp is on.", "Spots did not answer."]),
        ("It is 21.5 degrees.", ["It is 21.5 degrees."]),
        ("  ", []),
        ("Really? Yes!", ["Really?", "Yes!"]),
    ],
)
def test_sentences(text: str, pieces: list[str]) -> None:
    assert sentences(text) == pieces


def test_a_hostile_name_is_only_ever_text(wording: Wording) -> None:
    phrase = Phrase("acted", {**ACTED, "done": ["{{ 7 * 7 }}"]})
    assert wording.say(phrase) == "{{ 7 * 7 }} is on."
