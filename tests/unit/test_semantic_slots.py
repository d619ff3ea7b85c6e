"""Amounts, names and times within sentences that no template fits."""

from collections.abc import Mapping
from typing import Any

import pytest

from edge.intents import Origin, SlotValue
from edge.understand.semantic.amounts import color, digits, duration, percent, step
from edge.understand.semantic.frames import FRAMES
from edge.understand.semantic.head import bare
from edge.understand.semantic.mentions import mentions
from edge.understand.semantic.places import said
from tests.houses import Rooms


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Turn it to forty-five percent!", "turn it to 45 percent"),
        ("one hundred and twenty", "100 and 20"),
        ("at 6:30", "at 6:30"),
        ("someone's lamp", "someone's lamp"),
        ("", ""),
        ("🔥 ; --", ""),
    ],
)
def test_digits(text: str, plain: str) -> None:
    assert digits(text) == plain


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("It's too dark in here.", "it's too dark in here"),
        ("Hey Siri, dim the lights!", "dim the lights"),
        ("at 6:30, please", "at 6:30 please"),
        ("alexa", "alexa"),
        ("?!", ""),
    ],
)
def test_what_the_encoder_reads(text: str, read: str) -> None:
    assert bare(text) == read


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("for ten minutes", {"minutes": 10}),
        ("an hour and a half", {"hours": 1, "minutes": 30}),
        ("half an hour", {"minutes": 30}),
        ("a quarter of an hour", {"minutes": 15}),
        ("two and a half minutes", {"minutes": 2, "seconds": 30}),
        ("one hour and five minutes", {"hours": 1, "minutes": 5}),
        ("a minute", {"minutes": 1}),
        ("for the eggs", {}),
    ],
)
def test_duration(text: str, parts: Mapping[str, int]) -> None:
    assert duration(digits(text)) == parts


@pytest.mark.parametrize(
    ("text", "share"), [("to 40", 40), ("full", 100), ("half", 50), ("lowest", 1), ("to 140", None), ("brighter", None)]
)
def test_percent(text: str, share: int | None) -> None:
    assert percent(text) == share


@pytest.mark.parametrize(("text", "by"), [("a bit", 10), ("", 20), ("a lot", 40), ("by 35 percent", 35)])
def test_step(text: str, by: int) -> None:
    assert step(text, 10, 20, 40) == by


@pytest.mark.parametrize(
    ("text", "name"), [("from red to blue", "blue"), ("greenhouse", None), ("make it pink", "pink")]
)
def test_color(text: str, name: str | None) -> None:
    assert color(text) == name


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the kitchen light", {"devices": ["light.kitchen"], "area": None}),
        ("the kitchin light", {"devices": ["light.kitchen"]}),
        ("in the kitchen", {"devices": [], "area": "Kitchen"}),
        ("in the study", {"area": "Office"}),
        ("upstairs", {"floor": "Upstairs", "area": None}),
        ("the heater", {"devices": ["switch.heater_1", "switch.heater_2"]}),
        ("the fan", {"devices": [], "partly": ["fan.ceiling"]}),
        ("in the bathroom", {"nowhere": "bathroom", "area": None}),
        ("all over the house", {"everywhere": True}),
        ("spat on", {"devices": []}),
        ("", {"devices": [], "area": None}),
    ],
)
def test_mentions(text: str, found: Mapping[str, Any]) -> None:
    names = mentions(text, Rooms())
    for key, wanted in found.items():
        value = getattr(names, key)
        assert ([device.id for device in value] if isinstance(value, tuple) else value) == wanted


@pytest.mark.parametrize(
    ("label", "text", "slots"),
    [
        ("alarm_set", "Would you wake me up at half past six tomorrow", {"when": "at half past six tomorrow"}),
        ("alarm_set", "set an alarm", {}),
        ("alarm_query", "which alarms are there for monday", {"when": "monday"}),
        ("alarm_remove", "get rid of my eight am alarm", {"when": "eight am"}),
        ("alarm_remove", "forget all of my alarms", {"all": True}),
        ("time_query", "what's the time over in tokyo right now", {"place": "tokyo"}),
        ("time_query", "what time is it here", {}),
        ("time_convert", "it's nine here what time is it in oslo", {"time": "nine", "place": "oslo"}),
        ("date_query", "what day is next monday", {"date": "next monday"}),
        ("date_query", "what's today's date", {}),
        ("list_add", "please stick olives on my shopping list", {"item": "olives"}),
        ("list_add", "we're running low on cat food", {"item": "cat food"}),
        ("list_add", "put tape on the hardware list", {"item": "tape", "name": "hardware"}),
        ("list_add", "open a new list called holidays", {"name": "holidays"}),
        ("list_remove", "scratch the milk off the grocery list", {"item": "milk"}),
        ("list_remove", "get rid of the bread", {"item": "bread"}),
        ("list_remove", "throw away my old packing list", {"name": "packing"}),
        ("list_remove", "please cancel that", {}),
        ("list_query", "are eggs already on my shopping list", {"item": "eggs", "name": "shopping"}),
        ("list_query", "what is still missing on the packing list", {"name": "packing"}),
        ("volume_up", "raise the volume by twenty", {"volume_step": 20}),
        ("volume_down", "down with the volume to half", {"volume_level": 50}),
        ("timer_cancel", "kill the pasta timer", {"name": "pasta"}),
        ("light_up", "a bit more light in the bedroom", {"area": "Bedroom", "domain": "light", "brightness_step": 10}),
        ("light_down", "lights down to thirty", {"area": "Kitchen", "domain": "light", "brightness": 30}),
        ("fan_up", "faster with the ceiling fan", {"name": "Ceiling Fan", "percentage_step": 25}),
        ("temperature_set", "i want nineteen degrees", {"name": "Thermostat", "temperature": 19}),
        ("everything_off", "shut it all down upstairs", {"floor": "Upstairs", "everything": True}),
    ],
)
def test_slots(label: str, text: str, slots: Mapping[str, SlotValue]) -> None:
    filled = FRAMES[label].fill(said(text, digits(text), Origin("session", "Kitchen"), Rooms()))
    assert filled is not None
    assert filled.intent.slots == slots


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("light_color", ""),
        ("device_on", "turn it on"),
        ("device_on", "turn on the heater"),
        ("temperature_set", "set the temperature"),
        ("volume_set", "set the volume"),
        ("state_query", "is it on"),
        ("coffee", "coffee please"),
    ],
)
def test_what_is_missing_is_not_made_up(label: str, text: str) -> None:
    filled = FRAMES[label].fill(said(text, digits(text), Origin("session", "Kitchen"), Rooms()))
    assert filled is None or filled.certainty < 0.9 or filled.at_most < 0.9
