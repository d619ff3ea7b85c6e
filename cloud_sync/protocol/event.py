"""What a device reports: numbered without gaps for ever, sealed so that damage shows.

An event's identity is (device, incarnation, seq). The bridge keeps and passes on the bytes as the device wrote them,
so that fields which it does not know yet survive.
"""

import zlib
from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Any, Final

import msgspec
import uuid_utils

from cloud_sync.protocol.errors import Code, ProtocolError

SCHEMA: Final = 1
"""Version of the bodies that are written now."""


class Kind(StrEnum):
    """What events are about. One that a bridge does not know is kept like any other."""

    CHANGE = "change"
    """A record that all assistants of the house share was changed: :class:`cloud_sync.protocol.record.Change`."""
    TURN = "turn"
    """What was said and done."""
    QUESTION = "question"
    """A question that waits for its answer: :class:`cloud_sync.protocol.messages.Ask`."""
    CONSENT = "consent"
    """What may leave the house, from now on."""
    ERASE = "erase"
    """What the bridge must forget, and prove that it did."""
    AUDIO = "audio"
    TELEMETRY = "telemetry"
    GAP = "gap"
    """Stands for events that were given up for want of room."""


class Priority(IntEnum):
    """Who goes first when there is too much: the smallest. ``KEPT`` never goes."""

    TELEMETRY = 0
    AUDIO = 1
    TURN = 2
    KEPT = 9
    """Lists, memories, timers, deletions, consent, questions."""


PRIORITIES: Final[Mapping[str, Priority]] = {
    Kind.TELEMETRY: Priority.TELEMETRY,
    Kind.AUDIO: Priority.AUDIO,
    Kind.TURN: Priority.TURN,
}
"""Of every other kind: ``KEPT``."""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened on a device."""

    seq: int
    """Its number in this incarnation, from 1."""
    id: bytes
    """UUIDv7, 16 bytes."""
    kind: str
    clock: int
    """Hybrid logical clock: see :mod:`cloud_sync.protocol.clock`."""
    body: msgspec.Raw
    """A MessagePack map; its shape belongs to ``kind`` and ``schema``."""
    schema: int = SCHEMA
    covers: int = 1
    """How many numbers it stands for, ``seq`` being the last of them: more than 1 in a ``gap`` only."""
    checksum: int = 0
    """CRC-32 of what identifies it and of all that it says."""

    @property
    def first(self) -> int:
        """The first number that it stands for."""
        return self.seq - self.covers + 1

    @property
    def priority(self) -> Priority:
        """How valuable it is."""
        return priority_of(self.kind)


def priority_of(kind: str) -> Priority:
    """Of events of that kind, also of one that is not known here."""
    return PRIORITIES.get(kind, Priority.KEPT)


def event(
    device: str, incarnation: str, seq: int, kind: str, clock: int, body: Any, covers: int = 1, ident: bytes = b""
) -> Event:
    """A new event, sealed. ``body``: anything that MessagePack can hold; ``ident``: the id of the event in whose place
    it comes, 16 bytes.
    """
    raw = msgspec.Raw(msgspec.msgpack.encode(body))
    made = Event(seq=seq, id=ident or uuid_utils.uuid7().bytes, kind=kind, clock=clock, body=raw, covers=covers)
    return msgspec.structs.replace(made, checksum=_checksum(device, incarnation, made))


def renumbered(device: str, incarnation: str, seq: int, old: Event) -> Event:
    """``old`` as a new incarnation tells it: the same event under another number."""
    made = msgspec.structs.replace(old, seq=seq)
    return msgspec.structs.replace(made, checksum=_checksum(device, incarnation, made))


def encode(one: Event) -> bytes:
    """As it is kept and sent."""
    return msgspec.msgpack.encode(one)


def decode(raw: bytes | msgspec.Raw) -> Event:
    """The other way. Raises ProtocolError."""
    try:
        return _DECODER.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ProtocolError(Code.MALFORMED, f"an event can't be read: {error}") from None


def readable(raw: bytes) -> Event | None:
    """The same; None for one that is damaged. What it says may still be wrong: see :func:`check`."""
    try:
        return decode(raw)
    except ProtocolError:
        return None


def check(device: str, incarnation: str, one: Event) -> None:
    """Raises ProtocolError when ``one`` is not what that device wrote."""
    if one.checksum != _checksum(device, incarnation, one):
        raise ProtocolError(Code.CHECKSUM, f"event {one.seq} was damaged on its way")


def _checksum(device: str, incarnation: str, one: Event) -> int:
    head = f"{device}\0{incarnation}\0{one.seq}\0{one.covers}\0{one.kind}\0{one.schema}\0{one.clock}\0".encode()
    return zlib.crc32(bytes(one.body), zlib.crc32(one.id, zlib.crc32(head)))


_DECODER: Final = msgspec.msgpack.Decoder(Event)
