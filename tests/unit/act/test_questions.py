"""Answers about the house, from what its devices last said."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

import edge.act.skills.home
from edge.act.questions import answer
from edge.devices import ActionReport, Command, Device, DeviceState
from edge.intents import Intent, Origin, OutcomeKind, SlotValue
from edge.speak.wording import Wording
from tests.houses import DEVICES, Rooms

WINDOWS = (
    Device("binary_sensor.w1", "Kitchen Window", "binary_sensor", "Kitchen", device_class="window"),
    Device("binary_sensor.w2", "Bath Window", "binary_sensor", "Bath", device_class="window"),
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
}


WORDING = Wording("en", [Path(edge.act.skills.home.__file__).parent / "phrases"])


class Remembering(Rooms):
    """Rooms whose devices have said something; they take no commands."""

    online = True

    def state(self, device: str) -> DeviceState:
        return STATES.get(device, DeviceState())

    async def command(self, commands: Sequence[Command], deadline_s: float) -> Sequence[ActionReport]:
        raise AssertionError("a question is no command")


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
