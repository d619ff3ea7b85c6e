"""What the house answers, as a table from phrase to words."""

from pathlib import Path
from typing import Any

import pytest

import edge.act.skills.home
from edge.intents import Phrase
from edge.speak.wording import Wording

ACTED: dict[str, Any] = {
    "done": [], "domain": "light", "device_class": None, "change": {"state": "ON"}, "alike": True, "trend": None,
    "value": "on", "unit": None, "color": None, "silent": [], "sent": [], "away": [], "unable": [],
}  # fmt: skip


@pytest.fixture(scope="module")
def wording() -> Wording:
    return Wording("en", [Path(edge.act.skills.home.__file__).parent / "phrases"])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"done": ["Kitchen Light"]}, "Kitchen Light is on."),
        ({"done": ["Lamp", "Spots"]}, "Lamp and Spots are on."),
        ({"done": ["A", "B", "C"]}, "3 lights are on."),
        ({"done": ["Kitchen Lights"]}, "Kitchen Lights are on."),
        ({"silent": ["Kitchen Light"]}, "Kitchen Light did not answer."),
        ({"done": ["Lamp"], "silent": ["Porch"]}, "Lamp is on. Porch did not answer."),
        ({"done": ["Lamp"], "away": ["Porch"]}, "Lamp is on. Porch is not reachable."),
        ({"unable": ["Porch"]}, "Porch can't do that."),
        ({"sent": ["Pump"]}, "I told Pump, which can't confirm it."),
        ({"done": ["Blind"], "domain": "cover", "change": {"state": "OPEN"}, "value": "opening"}, "Blind is opening."),
        ({"done": ["A", "B", "C", "D"], "domain": "cover", "device_class": "blind", "change": {"state": "CLOSE"}, "value": "closed"}, "4 blinds are closed."),
        ({"done": ["Door"], "domain": "lock", "change": {"state": "LOCK"}, "value": "locked"}, "Door is locked."),
        ({"done": ["Lamp"], "change": {"state": "ON", "brightness": 40}}, "Lamp is at 40 percent."),
        ({"done": ["Lamp"], "change": {"state": "ON", "color": (0, 0, 255)}, "color": "blue"}, "Lamp is blue."),
        ({"done": ["Lamp", "Porch"], "change": {"brightness": 40}, "alike": False, "trend": "brightness_up"}, "Lamp and Porch are brighter."),
        ({"done": ["Lamp", "Porch"], "alike": False}, "Lamp and Porch are switched over."),
        ({"done": ["Fan"], "domain": "fan", "change": {"percentage": 66.0}}, "Fan is at 66 percent."),
        ({"done": ["AC"], "domain": "climate", "change": {"mode": "fan_only"}, "value": "fan_only"}, "AC is set to fan only."),
        ({"done": ["Thermostat"], "domain": "climate", "change": {"temperature": 21.5}, "unit": "°C", "value": "heat"}, "Thermostat is set to 21.5 degrees."),
        ({"done": ["A", "B", "C"], "silent": ["Hall Light"]}, "3 lights are on. Hall Light did not answer."),
        ({"done": ["Lamp"], "failed": ["Porch"]}, "Lamp is on. Porch did not do it."),
        ({"done": ["Fan"], "domain": "fan", "change": {"preset": "deep_sleep"}}, "Fan is set to deep sleep."),
        ({"done": ["Fan"], "domain": "fan", "change": {"oscillation": "off"}}, "Fan is no longer swinging."),
        ({"done": ["Strip"], "change": {"state": "ON", "effect": "party"}}, "Strip is playing party."),
        ({"done": ["Panel"], "domain": "alarm_control_panel", "change": {"state": "ARM_AWAY"}, "value": "arming"}, "Panel is arming."),
        ({"done": ["Panel"], "domain": "alarm_control_panel", "change": {"state": "ARM_NIGHT"}, "value": "armed_night"}, "Panel is armed for the night."),
        ({"done": ["Siren"], "domain": "siren", "change": {"state": "ON", "duration": 10}}, "Siren is on."),
    ],
)  # fmt: skip
def test_actions_claim_what_was_confirmed_and_no_more(wording: Wording, values: dict[str, Any], said: str) -> None:
    assert wording.say(Phrase("acted", {**ACTED, **values})) == said


@pytest.mark.parametrize(
    ("phrase", "said"),
    [
        (Phrase("no_such_device", {"slots": {"domain": "light", "area": "Attic"}}), "I know no light in the Attic."),
        (Phrase("no_such_device", {"slots": {"device_class": "garage", "domain": "cover"}}), "I know no garage."),
        (Phrase("no_such_device", {"slots": {"domain": "light", "floor": "Upstairs"}}), "I know no light upstairs."),
        (Phrase("unsaid", {"names": ["Kitchen Blinds"]}), "I don't know how Kitchen Blinds are now."),
        (Phrase("is_off", {"names": ["Lamp"]}), "Lamp is off."),
        (Phrase("state", {"name": "Bell", "domain": "event", "value": "long_press"}), "Bell last reported long press."),
        (Phrase("needs_code", {"names": ["Panel"]}), "Panel wants a code for that, which I don't have."),
        (Phrase("beyond", {"names": ["Tank"], "low": 43.3, "high": 60}), "Tank goes from 43.3 to 60."),
        (Phrase("up_to_date", {"names": ["Plug Firmware"]}), "Plug Firmware is up to date."),
        (Phrase("attribute_unknown", {"name": "Lamp", "attribute": "color"}), "Lamp does not tell its color."),
    ],
)  # fmt: skip
def test_why_nothing_was_done(wording: Wording, phrase: Phrase, said: str) -> None:
    assert wording.say(phrase) == said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"domain": "binary_sensor", "device_class": "door", "value": "on", "matched": True}, "Yes, Back Door is open."),
        ({"domain": "binary_sensor", "device_class": "door", "value": "off", "matched": False}, "No, Back Door is closed."),
        ({"domain": "sensor", "device_class": "temperature", "value": "12.5", "unit": "°C"}, "Back Door is 12.5 degrees."),
        ({"domain": "sensor", "device_class": "humidity", "value": "40", "unit": "%"}, "Back Door is 40 percent."),
        ({"domain": "cover", "value": "open", "attributes": {"position": 40}, "matched": True}, "Yes, Back Door is 40 percent open."),
        ({"domain": "climate", "value": "heat_cool"}, "Back Door is set to heat and cool."),
        ({"domain": "vacuum", "value": "returning"}, "Back Door is returning to its base."),
    ],
)  # fmt: skip
def test_states(wording: Wording, values: dict[str, Any], said: str) -> None:
    usual = {"name": "Back Door", "device_class": None, "unit": None, "attributes": {}, "matched": None}
    assert wording.say(Phrase("state", {**usual, **values})) == said


@pytest.mark.parametrize(
    ("form", "matched", "unmatched", "said"),
    [
        ("any", ["A"], ["B"], "Yes, A is on."),
        ("any", list("ABCDE"), ["F"], "Yes, five lights are on."),
        ("any", [], ["B"], "No, no light is on."),
        ("all", ["A", "B"], [], "Yes, both lights are on."),
        ("all", ["A"], ["B"], "No, B is not on."),
        ("all", [], [], "I can't tell."),
        ("are", ["A", "B"], ["C", "D", "E"], "Two of five lights are on: A and B."),
        ("are", ["A", "B", "C"], ["D"], "All but D are on."),
        ("are", [], ["A"], "No, A is not on."),
        ("which", ["A", "B"], [], "A and B are on."),
        ("which", list("ABCDE"), [], "Five lights are on, among them A, B and C."),
        ("which", [], ["A"], "No light is on."),
        ("how_many", ["A", "B"], ["C"], "Two lights are on: A and B."),
        ("how_many", ["A"], [], "One light is on: A."),
        ("how_many", list("ABCD"), [], "Four lights are on."),
        ("how_many", [], ["A"], "No lights are on."),
        ("exist", ["A", "B"], [], "There are two lights."),
    ],
)
def test_counts(wording: Wording, form: str, matched: list[str], unmatched: list[str], said: str) -> None:
    values = {"form": form, "state": "on", "domain": "light", "device_class": None}
    phrase = Phrase("count", {**values, "matched": matched, "unmatched": unmatched, "unknown": []})
    assert wording.say(phrase) == said


def test_what_nobody_said_is_told_as_unknown(wording: Wording) -> None:
    values = {"form": "all", "state": "on", "domain": "light", "device_class": None, "matched": ["A"], "unmatched": []}
    assert wording.say(Phrase("count", {**values, "unknown": ["B"]})) == "A is on. I know nothing of B."


@pytest.mark.parametrize(
    ("measure", "slots", "readings", "said"),
    [
        ("temperature", {"area": "Office"}, [("Office", "21.5", "°C")], "It is 21.5 degrees in the Office."),
        ("humidity", {"area": "Bath"}, [("Bath", "40", "%")], "The humidity in the Bath is 40 percent."),
        ("temperature", {"floor": "Upstairs"}, [("Bath", "20", "°C"), ("Office", "22", "°C")], "Bath 20 degrees, Office 22 degrees."),
        ("temperature", {"floor": "Upstairs"}, [(room, str(18 + n), "°C") for n, room in enumerate("ABCDE")], "Between 18 and 22 degrees upstairs."),
    ],
)  # fmt: skip
def test_measurements(
    wording: Wording, measure: str, slots: dict[str, str], readings: list[tuple[str, str, str]], said: str
) -> None:
    rows = [
        {"name": f"{area} sensor", "area": area, "reading": reading, "unit": unit} for area, reading, unit in readings
    ]
    assert wording.say(Phrase("measured", {"measure": measure, "slots": slots, "readings": rows})) == said


def test_a_hostile_name_is_only_ever_text(wording: Wording) -> None:
    phrase = Phrase("acted", {**ACTED, "done": ["{{ 7 * 7 }}"]})
    assert wording.say(phrase) == "{{ 7 * 7 }} is on."
