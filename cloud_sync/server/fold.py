"""The changes of devices become the state of their house: read what they touch, merge, write what is another now."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_sync.protocol.errors import Code
from cloud_sync.protocol.record import Change, Record, Register, Stamp, Value, merge
from cloud_sync.server import bulk
from cloud_sync.server.bulk import Present
from cloud_sync.server.ports import CannotApply, Received
from cloud_sync.server.tables import house, register, tombstone

Key: TypeAlias = tuple[str, str, str]
"""House, kind of record, id of record."""
_DECODER: Final = msgspec.msgpack.Decoder(Change)
_KEY: Final = ("house", "kind", "record")
_REGISTER: Final = (*_KEY, "field", "value", "clock", "device")
_TOMBSTONE: Final = (*_KEY, "clock", "device")
_MAX_NAME: Final = 256


@dataclass(frozen=True, slots=True)
class Folding:
    """A change that is to be merged."""

    received: Received
    change: Change

    @property
    def key(self) -> Key:
        """The record that it is about."""
        return self.received.house, self.change.kind, self.change.record


@dataclass(slots=True)
class _Known:
    """One record while changes are merged into it."""

    record: Record = field(default_factory=Record)
    numbers: dict[str, int] = field(default_factory=dict)
    """Of each field that another value has now: the change that brought it."""
    deleted_by: int | None = None


def readable(received: Received) -> Change:
    """What a ``change`` event says. Raises CannotApply."""
    try:
        change = _DECODER.decode(received.event.body)
    except (msgspec.DecodeError, RecursionError):
        raise CannotApply(Code.MALFORMED, "not a change of a record") from None
    names = (change.kind, change.record, *change.fields)
    if not all(0 < len(name) <= _MAX_NAME and "\0" not in name for name in names):
        raise CannotApply(Code.MALFORMED, "a record or a field with an impossible name")
    if change.deleted and change.fields:
        raise CannotApply(Code.MALFORMED, "a deletion has no content")
    return change


async def number(connection: AsyncConnection, changes: Sequence[Folding]) -> list[int]:
    """A number for each, under the locks of their houses, which hold until the transaction ends: whoever sees a
    number has seen all that are smaller.
    """
    houses = sorted({each.received.house for each in changes})
    last = await _locked(connection, houses)
    if missing := [(name,) for name in houses if name not in last]:
        await bulk.insert(connection, house, ("house",), missing, Present.STAYS)
        last = await _locked(connection, houses)
    numbers = []
    for each in changes:
        last[each.received.house] += 1
        numbers.append(last[each.received.house])
    await bulk.insert(connection, house, ("house", "n"), list(last.items()), Present.OVERWRITTEN)
    return numbers


async def _locked(connection: AsyncConnection, houses: Sequence[str]) -> dict[str, int]:
    # In order of their names, so that no two transactions wait for each other.
    query = (
        select(house.c.house, house.c.n).where(bulk.any_of(connection, house.c.house, houses)).order_by(house.c.house)
    )
    return {row.house: row.n for row in await connection.execute(query.with_for_update(key_share=True))}


async def fold(connection: AsyncConnection, changes: Sequence[Folding], numbers: Sequence[int]) -> None:
    """Merge ``changes`` in the order of their ``numbers``, under the locks that :func:`number` took."""
    known = await _load(connection, sorted({each.key for each in changes}))
    for each, n in zip(changes, numbers, strict=True):
        one = known[each.key]
        was = one.record.tombstone
        merged = merge(one.record, each.change, Stamp(each.received.clock, each.received.device))
        one.record = merged.record
        if merged.record.tombstone is not None:
            one.numbers = {}
            if merged.record.tombstone != was:
                one.deleted_by = n
        one.numbers.update(dict.fromkeys(merged.won, n))
    await _store(connection, known, max(each.received.received_ms for each in changes))


async def _load(connection: AsyncConnection, keys: Sequence[Key]) -> dict[Key, _Known]:
    known: dict[Key, _Known] = defaultdict(_Known)
    fields: dict[Key, dict[str, Register]] = defaultdict(dict)
    for of, kind, id_, name, value, clock, name_of in await bulk.matching(connection, register, _KEY, keys, _REGISTER):
        fields[of, kind, id_][name] = Register(decoded(value), Stamp(clock, name_of))
    for each, registers in fields.items():
        known[each].record = Record(registers)
    for of, kind, id_, clock, name_of in await bulk.matching(connection, tombstone, _KEY, keys, _TOMBSTONE):
        known[of, kind, id_].record = Record({}, Stamp(clock, name_of))
    return known


async def _store(connection: AsyncConnection, known: Mapping[Key, _Known], now_ms: int) -> None:
    registers: list[bulk.Row] = []
    tombstones: list[bulk.Row] = []
    for key, one in known.items():
        for name, n in one.numbers.items():
            now = one.record.fields[name]
            registers.append((*key, name, encoded(now.value), now.stamp.clock, now.stamp.device, n))
        if one.deleted_by is not None and one.record.tombstone is not None:
            tombstones.append((*key, one.record.tombstone.clock, one.record.tombstone.device, one.deleted_by, now_ms))
    await bulk.insert(connection, register, (*_REGISTER, "n"), registers, Present.OVERWRITTEN)
    await bulk.insert(connection, tombstone, (*_TOMBSTONE, "n", "deleted_ms"), tombstones, Present.OVERWRITTEN)
    for of, kind, id_, *_ in tombstones:
        c = register.c
        await connection.execute(delete(register).where(c.house == of, c.kind == kind, c.record == id_))


def encoded(value: Value) -> bytes:
    """As ``register.value`` has it."""
    return msgspec.msgpack.encode(value)


def decoded(value: bytes) -> Value:
    """The other way."""
    return msgspec.msgpack.decode(value, type=Value)
