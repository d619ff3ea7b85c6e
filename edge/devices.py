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
    WHITE = "white"
    """Percent of a lamp's white diodes, 0–100; its colours are off then."""
    EFFECT = "effect"
    """One of a lamp's effects: rainbow, party, …"""
    PRESET = "preset"
    """One of a fan's or a thermostat's presets: turbo, eco, away, …"""
    OSCILLATION = "oscillation"
    """``on`` or ``off``: whether a fan swings."""
    DIRECTION = "direction"
    """``forward`` or ``reverse``."""
    FAN_MODE = "fan_mode"
    """How fast the fan of an air conditioner blows: one of its words."""
    SWING = "swing"
    """How the flaps of an air conditioner move: one of its words, often ``on`` and ``off``."""
    TEMPERATURE_LOW = "temperature_low"
    """Temperature that it heats up to, in the device's own unit."""
    TEMPERATURE_HIGH = "temperature_high"
    """Temperature that it cools down to, in the device's own unit."""
    FAN_SPEED = "fan_speed"
    """How strongly a vacuum sucks: one of its words."""
    SEGMENT = "segment"
    """Id of the room that a vacuum is sent to; the attribute ``segments`` tells which there are."""
    TONE = "tone"
    """One of a siren's tones."""
    DURATION = "duration"
    """How long a siren sounds, whole seconds."""
    VOLUME = "volume"
    """Percent of a siren's full volume."""
    TEXT = "text"
    """What a display or a text field is to hold."""


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
    LOCATE = "LOCATE"
    ARM_HOME = "ARM_HOME"
    ARM_AWAY = "ARM_AWAY"
    ARM_NIGHT = "ARM_NIGHT"
    ARM_VACATION = "ARM_VACATION"
    DISARM = "DISARM"
    INSTALL = "INSTALL"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a number may be, in the device's own unit."""

    low: float
    high: float
    step: float = 0.0
    """0 where anything between goes."""

    def near(self, value: float) -> float:
        """``value`` on the device's own steps; it must lie within the limits."""
        return value if not self.step else round(self.low + round((value - self.low) / self.step) * self.step, 6)


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
    choices: Mapping[Ability, tuple[str, ...]] = field(default_factory=dict, hash=False)
    """By :class:`Ability` value, the words that it takes: effects, presets, tones, …"""
    limits: Mapping[Ability, Limits] = field(default_factory=dict, hash=False)
    """By :class:`Ability` value, how far it goes."""
    category: str | None = None
    """``config`` or ``diagnostic`` for what is beside the point of the device it belongs to: reached by name alone."""
    coded: frozenset[Verb] = frozenset()
    """Verbs that it only obeys together with a code of its own."""

    @property
    def names(self) -> tuple[str, ...]:
        """All that people call it, its own name first."""
        return (self.name, *self.aliases)

    def is_called(self, said: object) -> bool:
        """Whether ``said`` is one of its names."""
        return any(same_name(known, said) for known in self.names)


def same_name(known: str | None, said: object) -> bool:
    """Whether ``said`` is the name ``known`` of a thing or a room, in whatever case; no name at all is no other's."""
    return known is not None and known.casefold().strip() == str(said).casefold().strip()


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What a device itself last said, normalised."""

    value: str | None = None
    """``on``, ``off``, ``open``, ``closed``, ``locked``, ``heat``, ``21.5``, …; None while it has said nothing."""
    attributes: Mapping[str, Value] = field(default_factory=dict)
    """By :class:`Ability` value in its unit, and ``current_temperature``, ``current_humidity``, ``action``,
    ``installed_version``, ``latest_version``, ``segments`` and what else the device adds."""
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
    FAILED = "failed"
    """The device has answered, and its own state shows that it did not do it, or that it did not last."""
    UNCONFIRMED = "unconfirmed"
    """Published, but the device did not answer within its deadline."""
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
        "choices": {ability: list(words) for ability, words in device.choices.items()},
        "source": device.source,
        "state": state.value,
        "attributes": dict(state.attributes),
        "available": state.available,
    }
