"""Answers about the house, from what its devices last said."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

import edge.act.skills.home
from edge.act.questions import answer
from edge.devices import ActionReport, Command, Device, DeviceState
from edge.errors import BrokerOffline
from edge.intents import Intent, Origin, OutcomeKind, SlotValue
from edge.speak.wording import Wording
from tests.houses import DEVICES, Rooms

WINDOWS = (
    Device("binary_sensor.w1", "Kitchen Window", "binary_sensor", "Kitchen", device_class="window"),
    Device("binary_sensor.w2", "Bath Window", "binary_sensor", "Bath", device_class="window"),
    Device("sensor.rover", "Rover Battery", "sensor", device_class="battery", unit="%"),
    Device("sensor.bath", "Bath Humidity", "sensor", "Bath", device_class="humidity", unit="%"),
)
STATES = {
    "light.kitchen": DeviceState("on"),
    "light.spots": DeviceState("off"),
    "light.bed": DeviceState("on", available=False),
    "binary_sensor.w1": DeviceState("on"),
    "binary_sensor.w2": DeviceState("off"),
    "binary_sensor.back_door": DeviceState("off"),
    "sensor.outside": DeviceState("12.5"),
    "climate.thermostat": DeviceState("heat", {"current_temperature": 20.5}),
    "cover.blinds": DeviceState("closed"),
    "lock.front": DeviceState("unlocked"),
    "vacuum.rover": DeviceState("docked"),
    "sensor.rover": DeviceState("80"),
    "fan.ceiling": DeviceState("off", {"percentage": 50}),
    "sensor.bath": DeviceState("61"),
}


WORDING = Wording("en", [Path(edge.act.skills.home.__file__).parent / "phrases"])


class Remembering(Rooms):
    """Rooms whose devices have said something; they take no commands."""

    online = True

    def state(self, device: str) -> DeviceState:
        return STATES.get(device, DeviceState())

    async def command(self, commands: Sequence[Command], deadline_s: float) -> Sequence[ActionReport]:
        raise AssertionError("a question is no command")


class CutOff(Remembering):
    """What it remembers may be long past."""

    online = False


@pytest.mark.parametrize(
    ("name", "form", "slots"),
    [
        ("HassGetState", "one_yesno", {"name": "Front Door", "state": "locked"}),
        ("HassGetState", "which", {"domain": "light", "state": "on"}),
        ("HassGetState", "one", {"name": "Unicorn"}),
        ("HassClimateGetTemperature", "one", {}),
    ],
)
def test_while_the_broker_is_away_nothing_is_claimed_of_the_house(
    name: str, form: str, slots: Mapping[str, SlotValue]
) -> None:
    with pytest.raises(BrokerOffline):
        answer(Intent(name, slots, form), Origin("test"), CutOff((*DEVICES, *WINDOWS)))


def ask(
    form: str, slots: Mapping[str, SlotValue], name: str = "HassGetState", area: str | None = None
) -> tuple[str, str]:
    outcome = answer(Intent(name, slots, form), Origin("test", area), Remembering((*DEVICES, *WINDOWS)))
    return outcome.kind, WORDING.say(outcome.say)


@pytest.mark.parametrize(
    ("form", "slots", "kind", "said"),
    [
        ("one_yesno", {"name": "Kitchen Light", "state": "on"}, "done", "Yes, Kitchen Light is on."),
        ("one_yesno", {"name": "Back Door", "state": "on"}, "done", "No, Back Door is closed."),
        ("one", {"name": "Outside Temperature"}, "done", "Outside Temperature is 12.5 degrees."),
        ("one", {"name": "Bed Lamp"}, "failed", "Bed Lamp is not reachable."),
        ("one", {"name": "Desk Plug"}, "failed", "I don't know how Desk Plug is now."),
        ("one", {"name": "Unicorn"}, "failed", "I know no Unicorn that can do that."),
        ("one", {"name": "Heater"}, "not_understood", "There is more than one Heater: Bedroom or Office?"),
        ("which", {"domain": "light", "state": "on"}, "done", "Kitchen Light is on. I know nothing of Bed Lamp."),
        ("any", {"domain": "light", "area": "Kitchen", "state": "off"}, "done", "Yes, Spots are off."),
        ("which", {"domain": "cover", "device_class": "window", "state": "open"}, "done", "Kitchen Window is open."),
        (
            "how_many",
            {"domain": "cover", "device_class": "window", "state": "closed"},
            "done",
            "One window is closed: Bath Window.",
        ),
        ("one_yesno", {"name": "Rover", "state": "charging"}, "done", "Rover is docked."),
        ("one_yesno", {"name": "Front Door", "state": "open"}, "done", "Front Door is unlocked."),
        ("one_yesno", {"name": "Front Door", "state": "locked"}, "done", "No, Front Door is unlocked."),
        ("one", {"name": "Rover", "attribute": "battery"}, "done", "Rover Battery is 80 percent."),
        ("one", {"name": "Left Blind", "attribute": "battery"}, "failed", "Left Blind does not tell its battery."),
        ("one", {"name": "Ceiling Fan", "attribute": "percentage"}, "done", "Ceiling Fan is off."),
        ("one", {"name": "Left Blind", "attribute": "position"}, "done", "Left Blind is closed."),
        (
            "one",
            {"name": "Thermostat", "attribute": "temperature"},
            "failed",
            "Thermostat does not tell its temperature.",
        ),
        ("one", {"measure": "humidity", "area": "Bath"}, "done", "The humidity in the Bath is 61 percent."),
        ("one", {"measure": "humidity", "area": "Office"}, "failed", "Nothing measures the humidity in the Office."),
        ("all", {"everything": True, "state": "locked"}, "done", "No, Front Door is not locked."),
        ("any", {"everything": True, "state": "open"}, "done", "Yes, Kitchen Window is open."),
        ("which", {"everything": True, "state": "on", "area": "Kitchen"}, "done", "Kitchen Light is on."),
        (
            "are",
            {"domain": "light", "area": "Kitchen", "state": "on"},
            "done",
            "One of two lights is on: Kitchen Light.",
        ),
        ("how_many", {"domain": "light", "area": "Kitchen"}, "done", "There are two lights."),
        ("all", {"domain": "cover", "device_class": "blind", "state": "closed"}, "done", "Yes, Left Blind is closed."),
    ],
)
def test_only_what_is_known_is_said(form: str, slots: dict[str, SlotValue], kind: OutcomeKind, said: str) -> None:
    assert ask(form, slots) == (kind, said)


def test_the_temperature_of_a_room_and_of_one_without_a_thermometer() -> None:
    assert ask("default", {"area": "Hallway"}, "HassClimateGetTemperature") == (
        "done",
        "It is 20.5 degrees in the Hallway.",
    )
    assert ask("default", {"area": "Office"}, "HassClimateGetTemperature") == (
        "failed",
        "Nothing measures the temperature in the Office.",
    )
