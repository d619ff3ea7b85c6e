"""What the house is told for what was asked, starting from what the devices themselves last said."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

import edge.act.skills.home
from edge.act.skills.home import Home
from edge.devices import Ability, ActionReport, Command, Confirmation, Device, DeviceState, Value
from edge.intents import Intent, Origin, OutcomeKind, SlotValue
from edge.speak.wording import Wording
from tests.houses import DEVICES, SWITCH, Rooms

pytestmark = pytest.mark.anyio

WHITES = SWITCH | {Ability.BRIGHTNESS, Ability.COLOR_TEMPERATURE}
FURTHER = (
    Device("light.hall", "Hall Lamp", "light", "Hallway", abilities=WHITES),
    Device("light.neon", "Neon", "light", "Bar", abilities=SWITCH | {Ability.COLOR}),
    Device("cover.garage", "Garage Door Opener", "cover", "Garage", abilities=SWITCH, device_class="garage"),
    Device("light.garage", "Garage Door Opener", "light", "Garage", abilities=SWITCH),
    Device("cover.slats", "Slats", "cover", "Study", abilities=SWITCH | {Ability.TILT, Ability.POSITION}),
    Device("climate.ac", "AC", "climate", "Bedroom", "Upstairs", abilities=SWITCH | {Ability.MODE, Ability.TEMPERATURE}, options=("off", "cool", "fan_only"), unit="°C"),
    Device("select.wash", "Washer Program", "select", abilities=frozenset({Ability.OPTION}), options=("Cotton", "Quick 30")),
    Device("number.pause", "Pump Pause", "number", abilities=frozenset({Ability.NUMBER})),
    Device("humidifier.h", "Humidifier", "humidifier", "Nursery", abilities=SWITCH | {Ability.HUMIDITY}),
    Device("fan.desk", "Desk Fan", "fan", "Office", "Upstairs", abilities=SWITCH | {Ability.PERCENTAGE}),
)  # fmt: skip
STATES: dict[str, DeviceState] = {
    "light.kitchen": DeviceState("on", {"brightness": 60, "color_temperature": 3000}),
    "light.spots": DeviceState("off"),
    "light.bed": DeviceState("off"),
    "light.hall": DeviceState("on", {"brightness": 5}),
    "light.neon": DeviceState("on"),
    "cover.blinds": DeviceState("open", {"position": 90}),
    "cover.slats": DeviceState("open"),
    "cover.garage": DeviceState("closed"),
    "fan.ceiling": DeviceState("on", {"percentage": 50}),
    "fan.desk": DeviceState("off", {"percentage": 0}),
    "climate.thermostat": DeviceState("heat", {"temperature": 20.5}),
    "climate.ac": DeviceState("cool", {"temperature": 24.0}),
    "lock.front": DeviceState("locked"),
    "switch.desk": DeviceState("on"),
}


class Obedient(Rooms):
    """Rooms in which every device does as it is told, and fans need their speed set."""

    online = True

    def __init__(self) -> None:
        super().__init__((*DEVICES, *FURTHER))
        self.told: list[tuple[str, Mapping[str, Value]]] = []

    def state(self, device: str) -> DeviceState:
        return STATES.get(device, DeviceState())

    async def command(self, commands: Sequence[Command], deadline_s: float) -> Sequence[ActionReport]:
        self.told += [(command.device, command.change) for command in commands]
        return [
            ActionReport(command.device, command.change, Confirmation.CONFIRMED, 1, self.state(command.device))
            for command in commands
        ]

    async def tell(self, topic: str, payload: str) -> None:
        raise AssertionError("nothing to tell anybody else")


async def told(
    name: str, slots: Mapping[str, SlotValue], area: str | None = None, domain: str | None = None
) -> tuple[list[tuple[str, dict[str, Value]]], OutcomeKind, str]:
    house = Obedient()
    outcome = await Home(house, 1.0).run(Intent(name, slots, domain=domain), Origin("test", area))
    words = Wording("en", [Path(edge.act.skills.home.__file__).parent / "phrases"]).say(outcome.say)
    return [(device, dict(change)) for device, change in house.told], outcome.kind, words


@pytest.mark.parametrize(
    ("name", "slots", "device", "change"),
    [
        ("HassTurnOn", {"name": "Kitchen Light"}, "light.kitchen", {"state": "ON"}),
        ("HassTurnOff", {"area": "Garage", "domain": "cover", "device_class": "door"}, "cover.garage", {"state": "CLOSE"}),
        ("HassToggle", {"name": "Desk Plug"}, "switch.desk", {"state": "OFF"}),
        ("HassToggle", {"name": "Bed Lamp"}, "light.bed", {"state": "ON"}),
        ("HassToggle", {"name": "Left Blind"}, "cover.blinds", {"state": "CLOSE"}),
        ("HassStopMoving", {"name": "Left Blind"}, "cover.blinds", {"state": "STOP"}),
        ("HassStopMoving", {"domain": "vacuum"}, "vacuum.rover", {"state": "STOP"}),
        ("HearthPause", {"name": "Rover"}, "vacuum.rover", {"state": "PAUSE"}),
        ("HassLightSet", {"name": "Kitchen Light", "brightness": 0}, "light.kitchen", {"state": "OFF"}),
        ("HassLightSet", {"name": "Kitchen Light", "brightness_step": 20}, "light.kitchen", {"state": "ON", "brightness": 80}),
        ("HassLightSet", {"name": "Kitchen Light", "brightness_step": 60}, "light.kitchen", {"state": "ON", "brightness": 100}),
        ("HassLightSet", {"name": "Hall Lamp", "brightness_step": -20}, "light.hall", {"state": "ON", "brightness": 1}),
        ("HassLightSet", {"name": "Bed Lamp", "brightness_step": 20}, "light.bed", {"state": "ON", "brightness": 20}),
        ("HassLightSet", {"name": "Kitchen Light", "color_temperature_step": 500}, "light.kitchen", {"state": "ON", "color_temperature": 3500}),
        ("HassLightSet", {"name": "Hall Lamp", "color": "white"}, "light.hall", {"state": "ON", "color_temperature": 4000}),
        ("HassLightSet", {"name": "Neon", "temperature": 2700}, "light.neon", {"state": "ON", "color": (255, 169, 87)}),
        ("HassLightSet", {"area": "Kitchen", "domain": "light", "brightness_step": 20}, "light.kitchen", {"state": "ON", "brightness": 80}),
        ("HassSetPosition", {"name": "Left Blind", "position_step": 25}, "cover.blinds", {"position": 100}),
        ("HassSetPosition", {"name": "Slats", "tilt": 30}, "cover.slats", {"tilt": 30}),
        ("HassSetPosition", {"name": "Garage Door Opener", "position": 100}, "cover.garage", {"state": "OPEN"}),
        ("HassFanSetSpeed", {"name": "Ceiling Fan", "percentage_step": 25}, "fan.ceiling", {"percentage": 75}),
        ("HassFanSetSpeed", {"name": "Ceiling Fan", "percentage_step": -50}, "fan.ceiling", {"percentage": 20}),
        ("HassFanSetSpeed", {"name": "Desk Fan", "percentage_step": 25}, "fan.desk", {"state": "ON", "percentage": 25}),
        ("HassClimateSetTemperature", {"name": "Thermostat", "temperature_step": -2}, "climate.thermostat", {"temperature": 18.5}),
        ("HassClimateSetTemperature", {"name": "AC", "temperature": 77, "unit": "°F"}, "climate.ac", {"temperature": 25.0}),
        ("HearthSetMode", {"name": "AC", "mode": "fan_only"}, "climate.ac", {"mode": "fan_only"}),
        ("HearthSelect", {"name": "Washer Program", "option": "quick 30"}, "select.wash", {"option": "Quick 30"}),
        ("HearthSetNumber", {"name": "Pump Pause", "value": 12}, "number.pause", {"value": 12}),
        ("HassHumidifierSetpoint", {"domain": "humidifier", "humidity": 45}, "humidifier.h", {"humidity": 45}),
    ],
)  # fmt: skip
async def test_one_device_is_told(
    name: str, slots: dict[str, SlotValue], device: str, change: dict[str, Value]
) -> None:
    commands, kind, _ = await told(name, slots)
    assert (commands, kind) == ([(device, change)], OutcomeKind.DONE)


@pytest.mark.parametrize(
    ("slots", "devices"),
    [
        ({"area": "Bedroom", "everything": True}, {"light.bed", "fan.ceiling", "switch.heater_1"}),
        ({"domain": "light", "except_area": "Kitchen\nGarage"}, {"light.bed", "light.hall", "light.neon"}),
        ({"domain": "light", "area": "Kitchen", "except_name": "Spots"}, {"light.kitchen"}),
        ({"domain": "switch", "except_floor": "Upstairs"}, set()),
    ],
)
async def test_many_and_all_but_some(slots: dict[str, SlotValue], devices: set[str]) -> None:
    commands, _, _ = await told("HassTurnOff", slots)
    assert {device for device, _ in commands} == devices
    assert all(change == {"state": "OFF"} for _, change in commands)


async def test_a_fan_that_is_on_and_stands_still_is_given_a_speed() -> None:
    commands, _, _ = await told("HassTurnOn", {"name": "Desk Fan"})
    assert commands == [("fan.desk", {"state": "ON"}), ("fan.desk", {"percentage": 100.0})]


@pytest.mark.parametrize(
    ("name", "slots", "said"),
    [
        ("HassToggle", {"name": "Heater", "area": "Office"}, "I don't know how Heater is now."),
        ("HassToggle", {"name": "Front Door"}, "I know no Front Door that can do that."),
        ("HassLightSet", {"name": "Bed Lamp", "brightness_step": -20}, "Bed Lamp is off."),
        ("HassLightSet", {"name": "Spots", "brightness": 20}, "Spots can't do that."),
        ("HassLightSet", {"name": "Hall Lamp", "color": "blue"}, "Hall Lamp can't do that."),
        ("HassLightSet", {"name": "Hall Lamp", "color_temperature_step": 500}, "I don't know how Hall Lamp is now."),
        ("HassSetPosition", {"name": "Slats", "position_step": 25}, "I don't know how Slats is now."),
        ("HassFanSetSpeed", {"name": "Desk Fan", "percentage_step": -25}, "Desk Fan is off."),
        ("HearthSetMode", {"name": "AC", "mode": "heat"}, "AC can't do that."),
        ("HearthSelect", {"name": "Washer Program", "option": "unlock the door"}, "Washer Program can't do that."),
        ("HassTurnOn", {"area": "Attic", "domain": "light"}, "I know no light in the Attic."),
        ("HassTurnOff", {"everything": True, "area": "Hallway", "domain": "lock"}, "I know no lock in the Hallway."),
        ("HassClimateSetTemperature", {"temperature": 20}, "Which one: AC or Thermostat?"),
    ],
)
async def test_nothing_is_told_and_the_reason_is(name: str, slots: dict[str, SlotValue], said: str) -> None:
    commands, kind, words = await told(name, slots)
    assert not commands
    assert kind in (OutcomeKind.FAILED, OutcomeKind.NOT_UNDERSTOOD)
    assert words == said


async def test_the_verb_tells_which_of_two_devices_of_one_name_is_meant() -> None:
    commands, _, _ = await told("HassTurnOn", {"name": "Garage Door Opener"}, domain="light")
    assert commands == [("light.garage", {"state": "ON"})]


async def test_a_question_about_a_device_tells_it_nothing() -> None:
    for slots in (
        {"name": "Front Door", "state": "unlocked"},
        {"everything": True, "state": "off"},
        {"domain": "light"},
    ):
        commands, _, _ = await told("HassGetState", slots)
        assert not commands
