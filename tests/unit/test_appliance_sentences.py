"""What people say to appliances of many words, and about what guards a house, in English."""

from typing import Any

import pytest

from edge.act.skills.home import Home
from edge.devices import Ability, Device
from edge.understand.grammar import Grammar
from tests.asked import intent_of
from tests.houses import DEVICES, SWITCH, Rooms

FAN = SWITCH | {Ability.PERCENTAGE, Ability.PRESET, Ability.OSCILLATION, Ability.DIRECTION}
AC = SWITCH | {Ability.MODE, Ability.TEMPERATURE, Ability.FAN_MODE, Ability.SWING, Ability.PRESET}
FURTHER = (
    Device("fan.tower", "Tower Fan", "fan", "Office", abilities=FAN, choices={Ability.PRESET: ("turbo", "deep_sleep")}),
    Device("climate.ac", "AC", "climate", "Office", abilities=AC, options=("off", "cool"), choices={
        Ability.FAN_MODE: ("low", "super_high"), Ability.SWING: ("on", "off", "vertical"), Ability.PRESET: ("eco", "away")}),
    Device("light.strip", "Strip", "light", "Office", abilities=SWITCH | {Ability.EFFECT}, choices={Ability.EFFECT: ("party", "color_loop")}),
    Device("water_heater.tank", "Tank", "water_heater", "Cellar", abilities=SWITCH | {Ability.MODE, Ability.TEMPERATURE}, options=("off", "eco", "performance"), unit="°C"),
    Device("humidifier.h", "Mister", "humidifier", "Bath", abilities=SWITCH | {Ability.HUMIDITY, Ability.MODE}, options=("normal", "baby")),
    Device("vacuum.max", "Max", "vacuum", "Hall", abilities=SWITCH | {Ability.FAN_SPEED}, choices={Ability.FAN_SPEED: ("quiet", "max_power")}),
    Device("alarm_control_panel.home", "Perimeter", "alarm_control_panel", abilities=SWITCH),
    Device("siren.attic", "Attic Siren", "siren", "Attic", abilities=SWITCH | {Ability.DURATION, Ability.VOLUME}),
    Device("update.plug", "Desk Plug Firmware", "update", "Office", abilities=SWITCH),
    Device("text.panel", "Hall Display", "text", "Hall", abilities=frozenset({Ability.TEXT})),
    Device("notify.tv", "Television", "notify", "Hall", abilities=frozenset({Ability.TEXT})),
    Device("device_tracker.anna", "Anna's Phone", "device_tracker", abilities=frozenset({Ability.READ})),
)  # fmt: skip


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return Grammar(Rooms((*DEVICES, *FURTHER)), "en", Home.intents)


PANEL = {"domain": "alarm_control_panel"}


@pytest.mark.parametrize(
    ("text", "intent", "slots"),
    [
        ("set the tower fan to turbo", "HearthChoose", {"name": "Tower Fan", "choice": "turbo"}),
        ("switch the tower fan to deep sleep mode", "HearthChoose", {"name": "Tower Fan", "choice": "deep sleep"}),
        ("set the fan to turbo", "HearthChoose", {"domain": "fan", "choice": "turbo"}),
        ("start the party effect", "HearthChoose", {"domain": "light", "aspect": "effect", "choice": "party"}),
        ("play the color loop effect on the strip", "HearthChoose", {"name": "Strip", "aspect": "effect", "choice": "color loop"}),
        ("start the party effect in the office", "HearthChoose", {"area": "Office", "domain": "light", "aspect": "effect", "choice": "party"}),
        ("set the strip to party", "HearthChoose", {"name": "Strip", "choice": "party"}),
        ("set the AC to eco", None, {"name": "AC"}),
        ("set the AC fan to super high", "HearthChoose", {"name": "AC", "aspect": "fan_mode", "choice": "super high"}),
        ("set the mister to baby mode", "HearthChoose", {"name": "Mister", "choice": "baby"}),
        ("set max to max power", "HearthChoose", {"name": "Max", "choice": "max power"}),
        ("set the tank to performance", "HearthChoose", {"name": "Tank", "choice": "performance"}),
        ("swing on", "HearthSwing", {"swing": "on"}),
        ("turn off the swing on the AC", "HearthSwing", {"name": "AC", "swing": "off"}),
        ("make the tower fan oscillate", "HearthSwing", {"name": "Tower Fan", "swing": "on"}),
        ("stop the tower fan from swinging", "HearthSwing", {"name": "Tower Fan", "swing": "off"}),
        ("stop swinging", "HearthSwing", {"swing": "off"}),
        ("reverse the direction of the tower fan", "HearthFanDirection", {"name": "Tower Fan"}),
        ("set the tower fan direction to reverse", "HearthFanDirection", {"name": "Tower Fan", "direction": "reverse"}),
        ("arm the alarm", "HearthArm", PANEL),
        ("arm the alarm system for the night", "HearthArm", {**PANEL, "arm_mode": "night"}),
        ("set the alarm to away mode", "HearthArm", {**PANEL, "arm_mode": "away"}),
        ("arm the house", "HearthArm", PANEL),
        ("activate the security system", "HearthArm", PANEL),
        ("arm perimeter in home mode", "HearthArm", {"name": "Perimeter", "arm_mode": "home"}),
        ("disarm the alarm", "HearthDisarm", PANEL),
        ("turn off the security system", "HearthDisarm", PANEL),
        ("disarm perimeter", "HearthDisarm", {"name": "Perimeter"}),
        ("is the alarm armed", "HassGetState", {**PANEL, "state": "armed"}),
        ("is the alarm system off", "HassGetState", {**PANEL, "state": "disarmed"}),
        ("is perimeter armed", "HassGetState", {"name": "Perimeter", "state": "armed"}),
        ("what is the state of the alarm", "HassGetState", PANEL),
        ("set the water heater to 50", "HearthSetWaterHeater", {"domain": "water_heater", "temperature": 50}),
        ("heat the boiler to fifty degrees", "HearthSetWaterHeater", {"domain": "water_heater", "temperature": 50}),
        ("set the tank to 55 degrees", "HearthSetWaterHeater", {"name": "Tank", "temperature": 55}),
        ("turn off the water heater", "HassTurnOff", {"domain": "water_heater"}),
        ("sound the siren for 10 seconds", "HearthSoundSiren", {"domain": "siren", "seconds": 10}),
        ("sound the siren for two minutes", "HearthSoundSiren", {"domain": "siren", "seconds": 120}),
        ("sound the siren", "HearthSoundSiren", {"domain": "siren"}),
        ("sound the attic siren for 5 seconds", "HearthSoundSiren", {"seconds": 5}),
        ("silence the siren", "HassTurnOff", {"domain": "siren"}),
        ("is there an update for the desk plug", "HassGetState", {"name": "Desk Plug", "attribute": "update"}),
        ("does the desk plug need an update", "HassGetState", {"name": "Desk Plug", "attribute": "update"}),
        ("are there any updates", "HassGetState", {"domain": "update", "state": "on"}),
        ("install the update for the desk plug", "HearthInstallUpdate", {"name": "Desk Plug"}),
        ("update the desk plug", "HearthInstallUpdate", {"name": "Desk Plug"}),
        ("type hello on the hall display", "HearthWrite", {"name": "Hall Display", "message": "hello"}),
        ("send dinner is ready to the television", "HearthWrite", {"name": "Television", "message": "dinner is ready"}),
        ("find max", "HearthLocate", {"name": "Max"}),
        ("locate the vacuum", "HearthLocate", {"domain": "vacuum"}),
        ("open the latch of the front door", "HearthUnlatch", {"name": "Front Door"}),
        ("where is anna's phone", "HassGetState", {"name": "Anna's Phone"}),
        ("is anna's phone home", "HassGetState", {"name": "Anna's Phone", "state": "home"}),
    ],
)  # fmt: skip
def test_said_to_appliances(grammar: Grammar, text: str, intent: str | None, slots: dict[str, Any]) -> None:
    found = intent_of(grammar, text)
    assert found is not None, text
    assert intent is None or found.name == intent
    assert {key: found.slots.get(key) for key in slots} == slots


@pytest.mark.parametrize(
    "text",
    [
        "turn off the alarm",
        "set the ceiling fan to turbo delight",
        "start the warp effect",
        "disarm",
        "sound the siren for ever",
    ],
)
def test_not_for_them(grammar: Grammar, text: str) -> None:
    found = intent_of(grammar, text)
    assert found is None or not found.name.startswith(("HearthArm", "HearthDisarm", "HearthChoose", "HearthSoundSiren"))
    assert found is None or found.slots.get("domain") != "alarm_control_panel"


def test_what_is_said_to_a_house_without_such_things_is_what_it_was() -> None:
    plain = Grammar(Rooms(), "en", Home.intents)
    for text, name in (("turn on the kitchen light", "HassTurnOn"), ("set the ceiling fan to high", "HassFanSetSpeed")):
        found = intent_of(plain, text)
        assert found is not None
        assert found.name == name
