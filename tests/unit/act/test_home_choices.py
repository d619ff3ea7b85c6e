"""What devices of many words are told for what was asked, and why some are told nothing."""

from collections.abc import Mapping
from typing import Any

import pytest

from edge.act.skills.home import Home
from edge.devices import Ability, Device, DeviceState, Limits, Value, Verb
from edge.intents import Intent, Origin, OutcomeKind
from tests.houses import SWITCH
from tests.unit.act.test_home import Obedient

pytestmark = pytest.mark.anyio

AC = SWITCH | {Ability.MODE, Ability.TEMPERATURE, Ability.FAN_MODE, Ability.SWING, Ability.PRESET}
DEVICES = (
    Device("fan.tower", "Tower", "fan", "Office", abilities=SWITCH | {Ability.PRESET, Ability.OSCILLATION, Ability.DIRECTION},
           choices={Ability.PRESET: ("turbo", "deep_sleep")}),
    Device("fan.plain", "Plain", "fan", "Bedroom", abilities=SWITCH),
    Device("climate.ac", "AC", "climate", "Office", abilities=AC, options=("off", "auto"), unit="°C",
           choices={Ability.FAN_MODE: ("auto", "low"), Ability.SWING: ("off", "vertical"), Ability.PRESET: ("none", "eco")},
           limits={Ability.TEMPERATURE: Limits(16, 30)}),
    Device("light.strip", "Strip", "light", "Office", abilities=SWITCH | {Ability.EFFECT, Ability.WHITE, Ability.COLOR_TEMPERATURE},
           choices={Ability.EFFECT: ("party",)}, limits={Ability.COLOR_TEMPERATURE: Limits(2200, 4000)}),
    Device("light.rope", "Rope", "light", "Bedroom", abilities=SWITCH | {Ability.EFFECT}, choices={Ability.EFFECT: ("Party",)}),
    Device("alarm_control_panel.a", "Panel", "alarm_control_panel", abilities=SWITCH, choices={Ability.STATE: ("ARM_HOME", "ARM_AWAY", "DISARM")}),
    Device("alarm_control_panel.b", "Vault", "alarm_control_panel", abilities=SWITCH, coded=frozenset({Verb.DISARM})),
    Device("siren.s", "Siren", "siren", abilities=SWITCH | {Ability.DURATION, Ability.VOLUME}),
    Device("siren.relay", "Relay", "siren", "Shed", abilities=SWITCH),
    Device("update.p", "Plug Firmware", "update", "Office", abilities=SWITCH),
    Device("update.q", "Lamp Firmware", "update", "Office", abilities=SWITCH),
    Device("switch.p", "Plug", "switch", "Office", abilities=SWITCH),
    Device("switch.child", "Plug Child Lock", "switch", "Office", abilities=SWITCH, category="config"),
    Device("vacuum.v", "Rover", "vacuum", "Hall", abilities=SWITCH | {Ability.SEGMENT, Ability.FAN_SPEED}, choices={Ability.FAN_SPEED: ("max",)}),
    Device("vacuum.w", "Dumb", "vacuum", "Attic", abilities=SWITCH),
    Device("text.t", "Display", "text", abilities=frozenset({Ability.TEXT})),
    Device("water_heater.b", "Boiler", "water_heater", abilities=SWITCH | {Ability.TEMPERATURE}, unit="°C", limits={Ability.TEMPERATURE: Limits(40, 60)}),
    Device("lock.l", "Gate", "lock", abilities=SWITCH),
)  # fmt: skip
STATES = {
    "update.p": DeviceState("on"),
    "update.q": DeviceState("off"),
    "fan.tower": DeviceState("on", {"direction": "forward"}),
    "vacuum.v": DeviceState("docked", {"segments": '{"7": "Kitchen", "9": "Living room"}'}),
}


class House(Obedient):
    def __init__(self) -> None:
        super().__init__()
        self.known = DEVICES

    def state(self, device: str) -> DeviceState:
        return STATES.get(device, DeviceState("off"))


async def asked(name: str, slots: Mapping[str, Any], area: str | None = None) -> tuple[list[Any], OutcomeKind, str]:
    house = House()
    outcome = await Home(house, 1.0).run(Intent(name, slots), Origin("test", area))
    return [(device, dict(change)) for device, change in house.told], outcome.kind, outcome.say.key


PANEL = {"name": "Panel"}


@pytest.mark.parametrize(
    ("name", "slots", "area", "told"),
    [
        ("HearthChoose", {"name": "Tower", "choice": "deep sleep"}, None, {"fan.tower": {"preset": "deep_sleep"}}),
        ("HearthChoose", {"domain": "fan", "choice": "turbo"}, None, {"fan.tower": {"preset": "turbo"}}),
        ("HearthChoose", {"domain": "light", "aspect": "effect", "choice": "party"}, None, {"light.strip": {"state": "ON", "effect": "party"}, "light.rope": {"state": "ON", "effect": "Party"}}),
        ("HearthChoose", {"domain": "light", "aspect": "effect", "choice": "party"}, "Bedroom", {"light.rope": {"state": "ON", "effect": "Party"}}),
        ("HearthChoose", {"name": "AC", "choice": "eco"}, None, {"climate.ac": {"preset": "eco"}}),
        ("HearthChoose", {"name": "AC", "choice": "auto"}, None, {"climate.ac": {"mode": "auto"}}),
        ("HearthChoose", {"name": "AC", "aspect": "fan_mode", "choice": "auto"}, None, {"climate.ac": {"fan_mode": "auto"}}),
        ("HassClimateSetFanMode", {"name": "AC", "fan_mode": "low", "aspect": "fan_mode"}, None, {"climate.ac": {"fan_mode": "low"}}),
        ("HearthChoose", {"name": "Rover", "choice": "max"}, None, {"vacuum.v": {"fan_speed": "max"}}),
        ("HearthSwing", {"swing": "on"}, "Office", {"fan.tower": {"oscillation": "on"}}),
        ("HearthSwing", {"swing": "off"}, "Office", {"fan.tower": {"oscillation": "off"}, "climate.ac": {"swing": "off"}}),
        ("HearthFanDirection", {"name": "Tower"}, None, {"fan.tower": {"direction": "reverse"}}),
        ("HearthFanDirection", {"name": "Tower", "direction": "forward"}, None, {"fan.tower": {"direction": "forward"}}),
        ("HearthArm", PANEL, None, {"alarm_control_panel.a": {"state": "ARM_AWAY"}}),
        ("HearthArm", {**PANEL, "arm_mode": "home"}, None, {"alarm_control_panel.a": {"state": "ARM_HOME"}}),
        ("HearthDisarm", PANEL, None, {"alarm_control_panel.a": {"state": "DISARM"}}),
        ("HearthSoundSiren", {"domain": "siren", "seconds": 10, "volume": 30}, None, {"siren.s": {"state": "ON", "duration": 10, "volume": 30}}),
        ("HearthInstallUpdate", {"name": "Plug"}, None, {"update.p": {"state": "INSTALL"}}),
        ("HassVacuumCleanArea", {"area": "Kitchen"}, None, {"vacuum.v": {"segment": "7"}}),
        ("HassVacuumCleanArea", {"area": "Attic"}, None, {"vacuum.w": {"state": "START"}}),
        ("HearthWrite", {"name": "Display", "message": "hello"}, None, {"text.t": {"text": "hello"}}),
        ("HearthSetWaterHeater", {"domain": "water_heater", "temperature": 50}, None, {"water_heater.b": {"temperature": 50}}),
        ("HearthSetWaterHeater", {"domain": "water_heater", "temperature": 122, "unit": "°F"}, None, {"water_heater.b": {"temperature": 50}}),
        ("HearthLocate", {"name": "Rover"}, None, {"vacuum.v": {"state": "LOCATE"}}),
        ("HearthUnlatch", {"name": "Gate"}, None, {"lock.l": {"state": "OPEN"}}),
        ("HassLightSet", {"name": "Strip", "color": "white"}, None, {"light.strip": {"state": "ON", "white": 100}}),
        ("HassLightSet", {"name": "Strip", "temperature": 6500}, None, {"light.strip": {"state": "ON", "color_temperature": 4000}}),
        ("HassTurnOn", {"area": "Office", "domain": "switch"}, None, {"switch.p": {"state": "ON"}}),
        ("HassTurnOn", {"name": "Plug Child Lock"}, None, {"switch.child": {"state": "ON"}}),
    ],
)  # fmt: skip
async def test_what_is_told(
    name: str, slots: Mapping[str, Any], area: str | None, told: Mapping[str, Mapping[str, Value]]
) -> None:
    found, kind, _ = await asked(name, slots, area)
    assert dict(found) == told
    assert kind is OutcomeKind.DONE


@pytest.mark.parametrize(
    ("name", "slots", "said"),
    [
        ("HearthChoose", {"name": "Tower", "choice": "warp"}, "cannot"),
        ("HearthSwing", {"name": "AC", "swing": "on"}, "cannot"),
        ("HearthFanDirection", {"name": "Plain"}, "cannot"),
        ("HearthArm", {"name": "Panel", "arm_mode": "night"}, "cannot"),
        ("HearthDisarm", {"name": "Vault"}, "needs_code"),
        ("HearthSoundSiren", {"name": "Relay", "seconds": 10}, "cannot"),
        ("HearthInstallUpdate", {"name": "Lamp"}, "up_to_date"),
        ("HearthInstallUpdate", {"name": "Toaster"}, "no_such_device"),
        ("HassVacuumCleanArea", {"area": "Cellar"}, "cannot"),
        ("HearthSetWaterHeater", {"domain": "water_heater", "temperature": 95}, "beyond"),
        ("HassClimateSetTemperature", {"name": "AC", "temperature": 40}, "beyond"),
        ("HearthDisarm", {"domain": "alarm_control_panel"}, "which_device"),
    ],
)
async def test_why_nothing_is_told(name: str, slots: Mapping[str, Any], said: str) -> None:
    found, kind, key = await asked(name, slots)
    assert found == []
    assert kind is not OutcomeKind.DONE
    assert key == said
