"""How what several assistants changed at the same time becomes one: pure, and the same whatever the order of arrival.

A record (a list, an item on it, a memory, a routine, a nickname) is known by its kind and id. Each of its fields is a
register of which the last writer wins, by (clock, device); were two values ever written at the same stamp (a copied
disk), the greater one wins, so that no replica depends on which came first. An addition is a record with an id of its
own, so none disappears beside another: add-wins. A deletion leaves a tombstone, which has no content and outranks every
edit, earlier, later or concurrent; what is wanted again is added again, under a new id.

Shapiro, Preguiça, Baquero, Zawirski: A comprehensive study of Convergent and Commutative Replicated Data Types, INRIA
RR-7506, 2011 (LWW-Register, 2P-Set, U-Set).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

import msgspec

Value: TypeAlias = bool | int | float | str | None


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of an event of kind ``change``: what one device did to one record at one moment."""

    kind: str
    record: str
    fields: dict[str, Value] = {}
    """What they are now; of a deletion: none."""
    deleted: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """When, and by whom: a total order of all that ever happens in a house."""

    clock: int
    device: str


@dataclass(frozen=True, slots=True)
class Register:
    """The value of one field."""

    value: Value
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of one record."""

    fields: Mapping[str, Register] = field(default_factory=dict)
    tombstone: Stamp | None = None
    """When it was first deleted; None while it exists."""


@dataclass(frozen=True, slots=True)
class Merged:
    """The result of taking a change in."""

    record: Record
    won: Mapping[str, Value]
    """What this change decides: the fields of which it is the last writer."""
    lost: Mapping[str, Register]
    """Values that were given up for others; they are kept for 30 days. Of what is deleted: none."""


def merge(record: Record, change: Change, stamp: Stamp) -> Merged:
    """``record`` after ``change``, which was made at ``stamp``. Taking it in again changes nothing."""
    if record.tombstone is not None or change.deleted:
        # A content-free tombstone: nothing of what the record said is kept, neither here nor among the lost.
        earliest = min(filter(None, (record.tombstone, stamp if change.deleted else None)))
        return Merged(Record({}, earliest), {}, {})
    fields, won, lost = dict(record.fields), {}, {}
    for name, value in change.fields.items():
        register, known = Register(value, stamp), fields.get(name)
        if known is None or _rank(known) < _rank(register):
            fields[name] = register
            won[name] = value
            if known is not None and not _alike(known.value, value):
                lost[name] = known
        elif not _alike(known.value, value):
            lost[name] = register
    return Merged(replace(record, fields=fields), won, lost)


def _rank(register: Register) -> tuple[Stamp, bytes]:
    return register.stamp, _bytes(register.value)


def _alike(one: Value, other: Value) -> bool:
    # By their bytes: NaN is then like itself, and True not like 1.
    return _bytes(one) == _bytes(other)


_bytes: Final = msgspec.msgpack.Encoder().encode
