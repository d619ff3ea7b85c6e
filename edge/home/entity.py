"""A device with the topics behind it: how its messages become state, and a change becomes messages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from edge.devices import Device, Value, Verb
from edge.home.broker import Publication
from edge.home.color import same_color
from edge.home.templates import TemplateFault

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


_SHOWN: Final[Mapping[Verb, frozenset[str]]] = {
    Verb.ON: frozenset({"on"}),
    Verb.OFF: frozenset({"off"}),
    # A cover takes half a minute; that it moves is its own word that it obeys.
    Verb.OPEN: frozenset({"open", "opening"}),
    Verb.CLOSE: frozenset({"closed", "closing"}),
    Verb.STOP: frozenset({"stopped", "open", "closed", "idle"}),
    Verb.LOCK: frozenset({"locked"}),
    Verb.UNLOCK: frozenset({"unlocked"}),
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
    "value": 0.01,
}
_KELVIN_TOLERANCE: Final = 0.04


def shows(key: str, wanted: Value, seen: Value | None, domain: str) -> bool:
    """Whether a device that says ``seen`` of ``key`` has done what was ``wanted``.

    Lamps round: brightness to their own steps, colours to what their diodes can mix, so near is enough.
    """
    if seen is None:
        return False
    if key == "state":
        if domain == "climate" and wanted == Verb.ON:
            return seen != "off"
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
    """The state key in which a change shows: the verb, a select's option and a mode in the main value."""
    return VALUE if change in ("state", "mode", "option", "value") else change


def read_message(reading: Reading, payload: bytes) -> Seen:
    """What a message says. Raises ValueError when it can't be understood."""
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"{len(payload)} bytes are too many")
    try:
        return reading.decode(payload.decode())
    except TemplateFault as fault:
        raise ValueError(str(fault)) from None
