"""The changes of devices become the state of their house: read what they touch, merge, write what is another now."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import msgspec
from sqlalchemy import delete, select, tuple_
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
    if missing := [{"house": name} for name in houses if name not in last]:
        await bulk.insert(connection, house, missing, Present.STAYS)
        last = await _locked(connection, houses)
    numbers = []
    for each in changes:
        last[each.received.house] += 1
        numbers.append(last[each.received.house])
    rows = [{"house": name, "n": n} for name, n in last.items()]
    await bulk.insert(connection, house, rows, Present.OVERWRITTEN)
    return numbers


async def _locked(connection: AsyncConnection, houses: Sequence[str]) -> dict[str, int]:
    # In order of their names, so that no two transactions wait for each other.
    query = select(house.c.house, house.c.n).where(house.c.house.in_(houses)).order_by(house.c.house)
    return {row.house: row.n for row in await connection.execute(query.with_for_update(key_share=True))}


async def fold(connection: AsyncConnection, changes: Sequence[Folding], numbers: Sequence[int]) -> None:
    """Merge ``changes`` in the order of their ``numbers``, under the locks that :func:`number` took."""
    known = await _load(connection, {each.key for each in changes})
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


async def _load(connection: AsyncConnection, keys: set[Key]) -> dict[Key, _Known]:
    known: dict[Key, _Known] = defaultdict(_Known)
    fields: dict[Key, dict[str, Register]] = defaultdict(dict)
    c = register.c
    query = select(c.house, c.kind, c.record, c.field, c.value, c.clock, c.device)
    for *key, name, value, clock, device in await connection.execute(
        query.where(tuple_(c.house, c.kind, c.record).in_(sorted(keys)))
    ):
        fields[_key(key)][name] = Register(decoded(value), Stamp(clock, device))
    for each, registers in fields.items():
        known[each].record = Record(registers)
    t = tombstone.c
    for *key, clock, device in await connection.execute(
        select(t.house, t.kind, t.record, t.clock, t.device).where(tuple_(t.house, t.kind, t.record).in_(sorted(keys)))
    ):
        known[_key(key)].record = Record({}, Stamp(clock, device))
    return known


async def _store(connection: AsyncConnection, known: Mapping[Key, _Known], now_ms: int) -> None:
    registers: list[dict[str, Any]] = []
    tombstones: list[dict[str, Any]] = []
    for (of, kind, record), one in known.items():
        where = {"house": of, "kind": kind, "record": record}
        for name, n in one.numbers.items():
            now = one.record.fields[name]
            stamp = {"clock": now.stamp.clock, "device": now.stamp.device, "n": n}
            registers.append(where | {"field": name, "value": encoded(now.value)} | stamp)
        if one.deleted_by is not None and one.record.tombstone is not None:
            stamp = {"clock": one.record.tombstone.clock, "device": one.record.tombstone.device, "n": one.deleted_by}
            tombstones.append(where | stamp | {"deleted_ms": now_ms})
    await bulk.insert(connection, register, registers, Present.OVERWRITTEN)
    if tombstones:
        c = register.c
        gone = [(row["house"], row["kind"], row["record"]) for row in tombstones]
        await connection.execute(delete(register).where(tuple_(c.house, c.kind, c.record).in_(gone)))
        await bulk.insert(connection, tombstone, tombstones, Present.OVERWRITTEN)


def encoded(value: Value) -> bytes:
    """As ``register.value`` has it."""
    return msgspec.msgpack.encode(value)


def decoded(value: bytes) -> Value:
    """The other way."""
    return msgspec.msgpack.decode(value, type=Value)


def _key(row: Sequence[str]) -> Key:
    of, kind, record = row
    return of, kind, record
