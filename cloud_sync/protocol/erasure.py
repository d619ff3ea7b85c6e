"""What must be forgotten, and the bridge's word that it was.

An ``erase`` event names what it is about by ids alone. It outranks everything about those, earlier, later and at the
same time, for ever. The receipt is a statement in JSON, which people can read, and the bridge's signature of it.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cloud_sync.protocol.clock import ms_of
from cloud_sync.protocol.errors import Code, ProtocolError
from cloud_sync.protocol.event import Event, Kind

_PURPOSE: Final = b"hearthside receipt 1\0"


class Erase(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of an event of kind ``erase``. What is named is named by whoever wrote it down here first."""

    turns: tuple[str, ...] = ()
    """Ids of turns."""
    questions: tuple[str, ...] = ()
    """Ids of questions, with their answers."""
    records: tuple[tuple[str, str], ...] = ()
    """Kind and id of records that the house shares."""
    since_ms: int = 0
    until_ms: int = 0
    """All turns and questions that this device told in that time, by its clock; ``until_ms`` 0: none of it."""
    everything: bool = False
    """All that the house told up to this event: turns, questions, records, recordings, telemetry."""


class Subject(msgspec.Struct, frozen=True):
    """What an event is about, as erasures name it. It is never said what that was."""

    kind: str
    id: str


class _Said(msgspec.Struct, frozen=True):
    id: Any = ""


class _Change(msgspec.Struct, frozen=True):
    kind: str
    record: str
    deleted: bool = False


_SAID: Final = msgspec.msgpack.Decoder(_Said)
_CHANGE: Final = msgspec.msgpack.Decoder(_Change)
_ERASE: Final = msgspec.msgpack.Decoder(Erase)
CONTENT: Final = frozenset({Kind.TURN, Kind.QUESTION, Kind.CHANGE, Kind.AUDIO, Kind.TELEMETRY})
"""Kinds of events with something in them that could be forgotten."""
_OF_A_TIME: Final = frozenset({Kind.TURN, Kind.QUESTION, Kind.AUDIO})


def erase_of(one: Event) -> Erase:
    """What an ``erase`` event says. Raises ProtocolError."""
    try:
        return _ERASE.decode(one.body)
    except (msgspec.DecodeError, RecursionError):
        raise ProtocolError(Code.MALFORMED, "not an erasure") from None


def subjects(erase: Erase) -> frozenset[Subject]:
    """All that it names one by one."""
    return frozenset(
        (
            *(Subject("turn", ident) for ident in erase.turns),
            *(Subject("question", ident) for ident in erase.questions),
            *(Subject(f"record.{kind}", ident) for kind, ident in erase.records),
        )
    )


def subject_of(one: Event) -> Subject | None:
    """What ``one`` is about; None where it can't be told, or is nothing that could be forgotten."""
    try:
        match one.kind:
            case Kind.TURN | Kind.QUESTION | Kind.AUDIO:
                ident = _SAID.decode(one.body).id
                # Turns have their ids in bytes, where those are hexadecimal.
                name = ident.hex() if isinstance(ident, bytes) else ident
                if not isinstance(name, str) or not name:
                    return None
                return Subject("question" if one.kind == Kind.QUESTION else "turn", name)
            case Kind.CHANGE:
                change = _CHANGE.decode(one.body)
                return Subject(f"record.{change.kind}", change.record)
    except (msgspec.DecodeError, RecursionError):
        return None
    return None


def is_deletion(one: Event) -> bool:
    """Whether it is a change that deletes a record, which has no content."""
    try:
        return one.kind == Kind.CHANGE and _CHANGE.decode(one.body).deleted
    except (msgspec.DecodeError, RecursionError):
        return False


class Wanted(msgspec.Struct, frozen=True):
    """That something be forgotten."""

    house: str
    device: str
    id: str
    """Of the event, hexadecimal."""
    clock: int
    """The stamp that counts."""
    erase: Erase

    @property
    def of_time(self) -> bool:
        """Whether it is about what it does not name."""
        return self.erase.everything or bool(self.erase.until_ms)


class About:
    """Whether events are about what is wanted to be forgotten."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted, self._named = wanted, subjects(wanted.erase)

    def __call__(self, one: Event, device: str, clock: int) -> bool:
        """Whether ``one`` is, which ``device`` told and for which the stamp ``clock`` counts. A deletion is not: it has
        nothing to forget.
        """
        if one.kind not in CONTENT or is_deletion(one):
            return False
        subject = subject_of(one)
        return (subject is not None and subject in self._named) or self._is_of_the_time(one, device, clock)

    def _is_of_the_time(self, one: Event, device: str, clock: int) -> bool:
        erase = self._wanted.erase
        if clock > self._wanted.clock:
            return False
        if erase.everything:
            return True
        is_ours = bool(erase.until_ms) and device == self._wanted.device and one.kind in _OF_A_TIME
        return is_ours and erase.since_ms <= ms_of(one.clock) <= erase.until_ms


# -- receipts --------------------------------------------------------------------------------------------------------


def statement(fields: Mapping[str, Any]) -> bytes:
    """The same bytes for the same fields."""
    return json.dumps(fields, ensure_ascii=True, sort_keys=True, indent=None).encode("ascii")


def signed(key: Ed25519PrivateKey, said: bytes) -> bytes:
    """The bridge's signature of a statement."""
    return key.sign(_PURPOSE + said)


def verify(public: bytes, said: bytes, signature: bytes) -> dict[str, Any]:
    """What a receipt says. ``public``: the key that the bridge was enrolled with, 32 bytes. Raises ProtocolError."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, _PURPOSE + said)
        fields = json.loads(said)
    except (InvalidSignature, ValueError, RecursionError):
        raise ProtocolError(Code.BAD_SIGNATURE, "the receipt is not signed by this bridge") from None
    if not isinstance(fields, dict):
        raise ProtocolError(Code.MALFORMED, "a receipt that is no object")
    return fields
