"""Takes batches of events in: what is acknowledged is in the store, once.

Batches of several devices are committed together: while one transaction is on its way, those that come in gather for
the next. An ack comes after the commit of its own batch, as it would alone.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_sync.protocol.clock import AHEAD_MS, ms_of, stamp
from cloud_sync.protocol.errors import Code
from cloud_sync.protocol.event import Event, Kind
from cloud_sync.protocol.messages import Error, Refused
from cloud_sync.server import bulk, fold
from cloud_sync.server.bulk import Present
from cloud_sync.server.database import Database
from cloud_sync.server.effects import Batch, Kept
from cloud_sync.server.ports import Applier, CannotApply, Gate, Received
from cloud_sync.server.tables import change, dead, device, event, stream

_BUSY_RETRY_S: Final = 2.0
_SOURCE: Final = ("house", "device", "incarnation", "seq")
_EVENT: Final = (*_SOURCE, "covers", "id", "kind", "clock", "received_ms", "raw")
_CHANGE: Final = (*_SOURCE, "n", "clock", "received_ms", "raw")
_DEAD: Final = (*_SOURCE, "kind", "code", "message", "received_ms")
_STREAM: Final = ("house", "device", "incarnation", "acked", "acked_id", "clock")
_logger: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class _Stream:
    """How far an incarnation is, while its batch is taken in."""

    batch: Batch
    acked: int = 0
    acked_id: bytes = b""
    watermark: int = 0
    clock: int = 0
    is_first: bool = True
    """The device had no other incarnation before."""
    new: list[tuple[Received, bytes]] = field(default_factory=list)
    error: Error | None = None
    refused: list[Refused] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Taken:
    """What one transaction has done."""

    kept: tuple[Kept, ...]
    """For each batch, in order."""
    cursors: Mapping[str, int]
    """Of each house that has new changes: the last of them."""
    received: tuple[Received, ...] = ()
    """The new events."""


class Ingest:
    """Batches in, outcomes out."""

    def __init__(
        self,
        database: Database,
        appliers: Mapping[str, Applier],
        now_ms: Callable[[], int],
        gate: Gate | None = None,
    ) -> None:
        """``appliers``: by kind of event; ``now_ms``: milliseconds since the epoch; ``gate`` None: all may come in."""
        self._database, self._appliers, self._now_ms, self._gate = database, appliers, now_ms, gate

    async def take(self, batches: Sequence[Batch]) -> Taken:
        """Commit ``batches``, no two of one device's incarnation, and say what became of each. When this returns, what
        is acknowledged survives a power cut.
        """
        try:
            taken = await self._together(batches)
        except DBAPIError as error:
            if len(batches) == 1:
                _logger.warning("a batch of %s can't be kept: %s", batches[0].device, type(error.orig).__name__)
                return Taken((_failed(error),), {})
            return await self._one_by_one(batches)
        for kind, applier in self._appliers.items():
            if of_kind := [each for each in taken.received if each.event.kind == kind]:
                await applier.applied(of_kind)
        return taken

    async def _one_by_one(self, batches: Sequence[Batch]) -> Taken:
        # Whatever it was, it is not to hit the others.
        each = [await self.take((batch,)) for batch in batches]
        cursors: dict[str, int] = {}
        for taken in each:
            cursors |= taken.cursors
        return Taken(tuple(taken.kept[0] for taken in each), cursors, tuple(one for t in each for one in t.received))

    async def _together(self, batches: Sequence[Batch]) -> Taken:
        now_ms = self._now_ms()
        async with self._database.transaction(*sorted({batch.house for batch in batches})) as connection:
            streams = await _locked(connection, batches)
            for each in streams:
                await _sift(connection, each, now_ms)
            fresh = [each for each in streams if each.error is None and each.new]
            if self._gate is not None:
                await _turn_away(connection, self._gate, fresh)
            rows = [_row(one, raw) for each in fresh for one, raw in each.new]
            await bulk.insert(connection, event, _EVENT, rows)
            cursors = await self._apply(connection, fresh)
            standings = [_standing(each) for each in fresh]
            await bulk.insert(connection, stream, _STREAM, standings, Present.OVERWRITTEN)
        kept = tuple(Kept(each.acked, each.watermark, tuple(each.refused), each.error) for each in streams)
        return Taken(kept, cursors, tuple(one for each in fresh for one, _ in each.new))

    async def _apply(self, connection: AsyncConnection, streams: Sequence[_Stream]) -> Mapping[str, int]:
        changes, raws, put_aside = [], [], []
        others: list[tuple[_Stream, Received, Applier]] = []
        for each in streams:
            for one, raw in each.new:
                if one.event.kind == Kind.CHANGE:
                    try:
                        changes.append(fold.Folding(one, fold.readable(one)))
                        raws.append(raw)
                    except CannotApply as error:
                        put_aside.append(_put_aside(each, one, error))
                elif (applier := self._appliers.get(one.event.kind)) is not None:
                    others.append((each, one, applier))
        cursors = await _fold(connection, changes, raws)
        # After the changes: an erasure may be about some that came with it.
        for each, one, applier in others:
            try:
                await _apart(connection, applier, one)
            except CannotApply as error:
                put_aside.append(_put_aside(each, one, error))
        await bulk.insert(connection, dead, _DEAD, put_aside)
        return cursors


async def _fold(
    connection: AsyncConnection, changes: Sequence[fold.Folding], raws: Sequence[bytes]
) -> Mapping[str, int]:
    """Returns the last number of each house."""
    if not changes:
        return {}
    numbers = await fold.number(connection, changes)
    rows = [_numbered(each.received, n, raw) for each, n, raw in zip(changes, numbers, raws, strict=True)]
    await bulk.insert(connection, change, _CHANGE, rows)
    await fold.fold(connection, changes, numbers)
    return {each.received.house: n for each, n in zip(changes, numbers, strict=True)}


def _put_aside(of: _Stream, one: Received, error: CannotApply) -> bulk.Row:
    of.refused.append(Refused(seq=one.event.seq, code=error.code, message=error.message))
    return _dead(one, error)


async def _turn_away(connection: AsyncConnection, gate: Gate, streams: Sequence[_Stream]) -> None:
    """Nothing is kept of what may not come in, but that there was something."""
    refusals = iter(await gate.refusals(connection, [one for each in streams for one, _ in each.new]))
    turned_away = []
    for each in streams:
        welcome = []
        for one, raw in each.new:
            if (why := next(refusals)) is None:
                welcome.append((one, raw))
            else:
                turned_away.append(_put_aside(each, one, why))
        each.new = welcome
    await bulk.insert(connection, dead, _DEAD, turned_away)


async def _apart(connection: AsyncConnection, applier: Applier, one: Received) -> None:
    try:
        async with connection.begin_nested():
            await applier.apply(connection, one)
    except (DataError, IntegrityError):
        raise CannotApply(Code.INTERNAL, "the store does not take what it says") from None


async def _locked(connection: AsyncConnection, batches: Sequence[Batch]) -> list[_Stream]:
    """How far they are, under the locks of their devices, which hold until the transaction ends."""
    names = sorted({batch.device for batch in batches})
    # In order of their names, so that no two transactions wait for each other.
    known = {
        row.device: row
        for row in await connection.execute(
            select(device.c.device, device.c.house, device.c.revoked_ms)
            .where(bulk.any_of(connection, device.c.device, names))
            .order_by(device.c.device)
            .with_for_update(key_share=True)
        )
    }
    rows: dict[str, dict[str, Row[*tuple[Any, ...]]]] = defaultdict(dict)
    houses = sorted({batch.house for batch in batches})
    theirs = (bulk.any_of(connection, stream.c.house, houses), bulk.any_of(connection, stream.c.device, names))
    for row in await connection.execute(select(stream).where(*theirs)):
        rows[row.device][row.incarnation] = row
    streams = []
    for batch in batches:
        of_device = rows[batch.device]
        one = _Stream(batch, is_first=not of_device.keys() - {batch.incarnation})
        if (at := of_device.get(batch.incarnation)) is not None:
            one.acked, one.acked_id, one.watermark, one.clock = at.acked, at.acked_id, at.watermark, at.clock
        one.error = _not_from(known.get(batch.device), batch)
        streams.append(one)
    return streams


def _not_from(row: Row[*tuple[Any, ...]] | None, batch: Batch) -> Error | None:
    if row is None:
        return Error(code=Code.UNKNOWN_DEVICE, message="no such device is enrolled here")
    if row.house != batch.house:
        return Error(code=Code.WRONG_HOUSE, message="this device is of another house now")
    if row.revoked_ms is not None:
        return Error(code=Code.REVOKED, message="this device may not come in any more")
    return None


async def _sift(connection: AsyncConnection, one: _Stream, now_ms: int) -> None:
    """Which events of the batch are new; or what is wrong with it."""
    if one.error is not None:
        return
    start, again = one.acked, {}
    for each, raw in zip(one.batch.events, one.batch.raw, strict=True):
        if each.seq <= one.acked:
            again[each.seq] = each
        elif each.first > one.acked + 1:
            one.error = Error(code=Code.GAP, message="events are missing before these", expected=start + 1)
            break
        else:
            one.clock = _effective(each.clock, one.clock, now_ms)
            received = Received(one.batch.house, one.batch.device, one.batch.incarnation, each, one.clock, now_ms)
            one.new.append((received, raw))
            one.acked, one.acked_id = each.seq, each.id
    if one.error is None and again and await _is_fork(connection, one, again):
        one.error = Error(code=Code.FORK, message="another event has that number already")
    if one.error is not None:
        one.acked, one.new = start, []
    elif one.new and not one.is_first:
        await _drop_known(connection, one)


async def _is_fork(connection: AsyncConnection, one: _Stream, again: Mapping[int, Event]) -> bool:
    # A gap event stands for events that came in before they were given up: it is none of another history.
    known = {received.event.seq: received.event.id for received, _ in one.new}
    where = and_(_of(one), event.c.seq.between(min(again), max(again)), event.c.kind != Kind.GAP)
    known |= {row.seq: row.id for row in await connection.execute(select(event.c.seq, event.c.id).where(where))}
    return any(each.kind != Kind.GAP and known.get(seq, each.id) != each.id for seq, each in again.items())


async def _drop_known(connection: AsyncConnection, one: _Stream) -> None:
    # A device that began a new incarnation tells what was not acknowledged again, under new numbers. Some of it may
    # have come in under the old ones.
    ids = [received.event.id for received, _ in one.new]
    batch = one.batch
    query = select(event.c.id).where(
        event.c.house == batch.house, event.c.id.in_(ids), event.c.device == batch.device,
        event.c.incarnation != batch.incarnation,
    )  # fmt: skip
    known = {row.id for row in await connection.execute(query)}
    one.new = [(received, raw) for received, raw in one.new if received.event.id not in known]


def _of(one: _Stream) -> ColumnElement[bool]:
    c, batch = event.c, one.batch
    return and_(c.house == batch.house, c.device == batch.device, c.incarnation == batch.incarnation)


def _effective(clock: int, last: int, now_ms: int) -> int:
    """The stamp that counts: the event's own, or, where that is too far ahead of us, one of now; in the order of the
    device in any case.
    """
    return clock if ms_of(clock) <= now_ms + AHEAD_MS else max(stamp(now_ms), last + 1)


def _row(one: Received, raw: bytes) -> bulk.Row:
    its = one.event
    return (*_source(one), its.covers, its.id, its.kind, one.clock, one.received_ms, raw)


def _numbered(one: Received, n: int, raw: bytes) -> bulk.Row:
    return (*_source(one), n, one.clock, one.received_ms, raw)


def _dead(one: Received, error: CannotApply) -> bulk.Row:
    return (*_source(one), one.event.kind, str(error.code), error.message, one.received_ms)


def _source(one: Received) -> bulk.Row:
    return one.house, one.device, one.incarnation, one.event.seq


def _standing(one: _Stream) -> bulk.Row:
    return one.batch.house, one.batch.device, one.batch.incarnation, one.acked, one.acked_id, one.clock


def _failed(error: DBAPIError) -> Kept:
    code = Code.BUSY if error.connection_invalidated else Code.INTERNAL
    return Kept(0, error=Error(code=code, message="the store did not take it", retry_after_s=_BUSY_RETRY_S))
