"""What the house consists of, whichever MQTT convention announced it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

Value: TypeAlias = str | int | float | bool | tuple[int, int, int]
"""A single property of a state or a command; a tuple is red, green, blue (0–255)."""


class Ability(StrEnum):
    """What can be asked of a device. Each but STATE and READ is also the key of a :class:`Command`'s change."""

    READ = "read"
    """It has a state to report and takes no command."""
    STATE = "state"
    """It obeys verbs: see :class:`Verb`."""
    BRIGHTNESS = "brightness"
    """Percent, 0–100."""
    COLOR = "color"
    """(red, green, blue), each 0–255."""
    COLOR_TEMPERATURE = "color_temperature"
    """Kelvin."""
    POSITION = "position"
    """Percent open, 0 closed to 100 open."""
    TILT = "tilt"
    """Percent, 0 slats closed to 100 slats open."""
    PERCENTAGE = "percentage"
    """Percent of a fan's full speed, 0–100."""
    TEMPERATURE = "temperature"
    """Target temperature in the device's own unit."""
    HUMIDITY = "humidity"
    """Target humidity, percent."""
    MODE = "mode"
    """One of the device's ``options``: off, heat, cool, auto, …"""
    OPTION = "option"
    """One of a select's ``options``."""
    NUMBER = "value"
    """A number entity's value."""


class Verb(StrEnum):
    """Words for ``change["state"]``: what MQTT devices call them by default; drivers translate."""

    ON = "ON"
    OFF = "OFF"
    OPEN = "OPEN"
    CLOSE = "CLOSE"
    STOP = "STOP"
    LOCK = "LOCK"
    UNLOCK = "UNLOCK"
    START = "START"
    PAUSE = "PAUSE"
    RETURN = "RETURN_TO_BASE"
    PRESS = "PRESS"


@dataclass(frozen=True, slots=True)
class Device:
    """One thing in the house that can be read or commanded."""

    id: str
    """``domain.object``, unique in the house: ``light.kitchen``."""
    name: str
    """What people call it: ``Kitchen Light``."""
    domain: str
    """Home Assistant's word for its kind: light, switch, cover, fan, climate, lock, sensor, …"""
    area: str | None = None
    """The room it is in, if known."""
    floor: str | None = None
    """The floor that the room is on, if known."""
    aliases: tuple[str, ...] = ()
    """Further names people use."""
    abilities: frozenset[Ability] = frozenset()
    """What can be asked of it."""
    device_class: str | None = None
    """Home Assistant's word for the sort within the domain: garage, temperature, window, …"""
    unit: str | None = None
    """Unit of a sensor's value or of a thermostat's temperature."""
    options: tuple[str, ...] = ()
    """Allowed values for MODE or OPTION."""
    source: str = "homeassistant"
    """The convention that announced it."""


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What a device itself last said, normalised."""

    value: str | None = None
    """``on``, ``off``, ``open``, ``closed``, ``locked``, ``heat``, ``21.5``, …; None while it has said nothing."""
    attributes: Mapping[str, Value] = field(default_factory=dict)
    """By :class:`Ability` value in its unit, and ``current_temperature``, ``current_humidity``."""
    available: bool = True
    """False when its availability topic says it is away."""


@dataclass(frozen=True, slots=True)
class Command:
    """A wish for one device."""

    device: str
    """``Device.id``."""
    change: Mapping[str, Value]
    """By :class:`Ability` value: ``{"state": "ON", "brightness": 40}``."""


class Confirmation(StrEnum):
    """What became of a command."""

    CONFIRMED = "confirmed"
    """The device's own state shows it."""
    ASSUMED = "assumed"
    """Delivered to the broker; this kind of device (a scene, a button) reports no state."""
    UNCONFIRMED = "unconfirmed"
    """Published, but the device did not show the wanted state within its deadline."""
    UNAVAILABLE = "unavailable"
    """The device had said that it is away; nothing was sent."""
    UNSUPPORTED = "unsupported"
    """The device cannot do that; nothing was sent."""


@dataclass(frozen=True, slots=True)
class ActionReport:
    """The truth about one command."""

    device: str
    """``Device.id``."""
    command: Mapping[str, Value]
    """The change that was asked for."""
    confirmation: Confirmation
    """What became of it."""
    ms: int
    """From publishing to the device's own word, or to giving up, in milliseconds."""
    state: DeviceState
    """The device's state afterwards."""
    before: DeviceState = field(default_factory=DeviceState)
    """What it had last said when it was told: what "turn it back" means."""


def as_row(device: Device, state: DeviceState) -> dict[str, object]:
    """The promised JSON object of a device."""
    return {
        "id": device.id,
        "name": device.name,
        "domain": device.domain,
        "area": device.area,
        "floor": device.floor,
        "aliases": list(device.aliases),
        "abilities": sorted(device.abilities),
        "device_class": device.device_class,
        "unit": device.unit,
        "options": list(device.options),
        "source": device.source,
        "state": state.value,
        "attributes": dict(state.attributes),
        "available": state.available,
    }
