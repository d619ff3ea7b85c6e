"""A house to speak about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge.devices import Ability, Device

DIMMER = frozenset({Ability.STATE, Ability.BRIGHTNESS, Ability.COLOR, Ability.COLOR_TEMPERATURE})
SWITCH = frozenset({Ability.STATE})

DEVICES = (
    Device("binary_sensor.back_door", "Back Door", "binary_sensor", "Kitchen", device_class="door"),
    Device("climate.thermostat", "Thermostat", "climate", "Hallway", abilities=frozenset({Ability.TEMPERATURE})),
    Device("cover.blinds", "Left Blind", "cover", "Bedroom", "Upstairs", abilities=SWITCH | {Ability.POSITION}, device_class="blind"),
    Device("fan.ceiling", "Ceiling Fan", "fan", "Bedroom", "Upstairs", abilities=SWITCH | {Ability.PERCENTAGE}),
    Device("light.bed", "Bed Lamp", "light", "Bedroom", "Upstairs", aliases=("Betty",), abilities=DIMMER),
    Device("light.kitchen", "Kitchen Light", "light", "Kitchen", "Downstairs", abilities=DIMMER),
    Device("light.spots", "Spots", "light", "Kitchen", "Downstairs", abilities=SWITCH),
    Device("lock.front", "Front Door", "lock", "Hallway", "Downstairs", abilities=SWITCH),
    Device("scene.movie", "Movie Night", "scene", abilities=SWITCH),
    Device("sensor.outside", "Outside Temperature", "sensor", device_class="temperature", unit="°C"),
    Device("switch.desk", "Desk Plug", "switch", "Office", "Upstairs", abilities=SWITCH),
    Device("switch.heater_1", "Heater", "switch", "Bedroom", "Upstairs", abilities=SWITCH),
    Device("switch.heater_2", "Heater", "switch", "Office", "Upstairs", abilities=SWITCH),
    Device("vacuum.rover", "Rover", "vacuum", abilities=SWITCH),
)  # fmt: skip


@dataclass
class Rooms:
    """An Inventory without a broker."""

    known: Sequence[Device] = DEVICES
    revision: int = 1

    def devices(self) -> Sequence[Device]:
        return self.known

    def areas(self) -> Mapping[str, Sequence[str]]:
        names = dict.fromkeys(device.area for device in self.known if device.area)
        return {name: ("Study",) if name == "Office" else () for name in names if name}

    def floors(self) -> Sequence[str]:
        return sorted({device.floor for device in self.known if device.floor})
