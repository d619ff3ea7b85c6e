"""A device with the topics behind it: how its messages become state, and a change becomes messages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from edge.devices import Device, Value, Verb
from edge.home.broker import Publication
from edge.home.color import same_color
from edge.home.templates import TemplateFault
from edge.home.texts import text_of

MAX_PAYLOAD: Final = 262_144
"""Bytes of a message that is listened to."""
VALUE: Final = "value"
"""Key of a state's main value; all others are :class:`~edge.devices.Ability` values and ``current_…``."""

Seen: TypeAlias = Mapping[str, Value | None]
"""What one message says: by key, None where the device says that it does not know."""
Decode: TypeAlias = Callable[[str], Seen]
"""Payload → what it says. Raises TemplateFault or ValueError for a payload that makes no sense."""
Encode: TypeAlias = Callable[[Mapping[str, Value]], list[Publication]]
"""Change → messages. Raises Unsupported when the device can't do that."""


class Unsupported(Exception):
    """A device was asked for something that it has no topic for."""


class AvailabilityMode(StrEnum):
    """How several availability topics make one answer."""

    ALL = "all"
    ANY = "any"
    LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Availability:
    """One topic that says whether the device is there."""

    topic: str
    read: Callable[[str], bool | None]
    """Payload → there or not; None for a payload that means neither."""
    assumed: bool = False
    """What holds while it has said nothing."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One topic that says something about the state."""

    topic: str
    keys: frozenset[str]
    """What it may speak of."""
    decode: Decode
    live_only: bool = False
    """Whether a retained message says nothing: what happened once does not happen again when somebody subscribes."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A device as some convention announced it."""

    device: Device
    readings: tuple[Reading, ...]
    encode: Encode
    availability: tuple[Availability, ...] = ()
    availability_mode: AvailabilityMode = AvailabilityMode.LATEST
    base_name: str = ""
    """Id that it would have if no other device had it."""
    identity: str = ""
    """What stays the same when it is renamed: its unique id, else its discovery topic."""
    things: frozenset[str] = frozenset()
    """The physical thing it is a part of, see :mod:`edge.home.things`; empty when unknown."""
    places: tuple[str, ...] = ()
    """Names it is filed under, which are its room where the house has a room of that name."""
    asks: tuple[Publication, ...] = ()
    """What makes it tell its state, where the broker does not keep it."""
    implied: Mapping[str, Verb] = field(default_factory=dict)
    """Changes that no topic tells of by themselves → the verb that shows when they were obeyed."""
    derive: Callable[[Seen], Seen] | None = None
    """All that was seen → what follows from several messages together."""
    expire_after_s: float | None = None
    """Older than that, its value says nothing about the present."""
    off_delay_s: float | None = None
    """So long after it was last ``on``, it is ``off`` without saying so."""

    @property
    def topics(self) -> frozenset[str]:
        """All topics to listen to."""
        return frozenset(
            [reading.topic for reading in self.readings] + [availability.topic for availability in self.availability]
        )

    @property
    def speaks_of(self) -> frozenset[str]:
        """All that its state topics may tell."""
        return frozenset().union(*(reading.keys for reading in self.readings))

    def key_of(self, change: str) -> str:
        """The state key in which a change shows."""
        return change if change in self.speaks_of else key_of(change)

    @property
    def lapses(self) -> bool:
        """Whether its value changes with time alone."""
        return self.expire_after_s is not None or self.off_delay_s is not None

    def value_after(self, value: Value | None, age_s: float) -> Value | None:
        """What ``value`` is worth ``age_s`` seconds after it was said."""
        if self.expire_after_s is not None and age_s > self.expire_after_s:
            return None
        if self.off_delay_s is not None and value == "on" and age_s > self.off_delay_s:
            return "off"
        return value


_SHOWN: Final[Mapping[Verb, frozenset[str]]] = {
    Verb.ON: frozenset({"on"}),
    Verb.OFF: frozenset({"off"}),
    # A cover takes half a minute; that it moves is its own word that it obeys.
    Verb.OPEN: frozenset({"open", "opening"}),
    Verb.CLOSE: frozenset({"closed", "closing"}),
    Verb.STOP: frozenset({"stopped", "open", "closed", "idle"}),
    Verb.LOCK: frozenset({"locked"}),
    Verb.UNLOCK: frozenset({"unlocked"}),
    # Nobody is told that the house is armed while it still counts down: its own word for that is repeated.
    Verb.ARM_HOME: frozenset({"armed_home", "arming"}),
    Verb.ARM_AWAY: frozenset({"armed_away", "arming"}),
    Verb.ARM_NIGHT: frozenset({"armed_night", "arming"}),
    Verb.ARM_VACATION: frozenset({"armed_vacation", "arming"}),
    Verb.DISARM: frozenset({"disarmed"}),
    Verb.LOCATE: frozenset(),
    Verb.INSTALL: frozenset({"installing"}),
    Verb.START: frozenset({"cleaning", "mowing"}),
    Verb.PAUSE: frozenset({"paused", "idle"}),
    Verb.RETURN: frozenset({"returning", "docked"}),
    Verb.PRESS: frozenset(),
}
_TOLERANCE: Final = {
    "brightness": 2.0,
    "position": 2.0,
    "percentage": 4.0,
    "tilt": 2.0,
    "humidity": 1.0,
    "temperature": 0.26,
    "temperature_low": 0.26,
    "temperature_high": 0.26,
    "value": 0.01,
    "volume": 1.0,
    "white": 2.0,
}
_KELVIN_TOLERANCE: Final = 0.04
_MODAL: Final = frozenset({"climate", "water_heater"})
"""Kinds whose main value is a mode, so that on is any but off."""


def shows(key: str, wanted: Value, seen: Value | None, domain: str) -> bool:
    """Whether a device that says ``seen`` of ``key`` has done what was ``wanted``.

    Lamps round: brightness to their own steps, colours to what their diodes can mix, so near is enough.
    """
    if seen is None:
        return False
    if key == "state":
        if domain in _MODAL and wanted == Verb.ON:
            return seen != "off"
        if domain == "lock" and wanted == Verb.OPEN:
            return seen in ("open", "opening", "unlocked")
        return seen in _SHOWN[Verb(str(wanted))]
    if isinstance(wanted, tuple) and isinstance(seen, tuple):
        return same_color(wanted, seen)
    if isinstance(wanted, int | float) and isinstance(seen, int | float):
        near = _KELVIN_TOLERANCE * wanted if key == "color_temperature" else _TOLERANCE.get(key, 0.0)
        return abs(wanted - seen) <= near
    if isinstance(wanted, int | float) and isinstance(seen, str):
        try:
            return shows(key, wanted, float(seen), domain)
        except ValueError:
            return False
    return str(wanted).casefold() == str(seen).casefold()


def key_of(change: str) -> str:
    """The state key in which a change shows, where no topic is for it alone: the main value."""
    return VALUE if change in ("state", "mode", "option", "value", "text") else change


def read_message(reading: Reading, payload: bytes) -> Seen:
    """What a message says. Raises ValueError when it can't be understood."""
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"{len(payload)} bytes are too many")
    try:
        return reading.decode(text_of(payload))
    except TemplateFault as fault:
        raise ValueError(str(fault)) from None
