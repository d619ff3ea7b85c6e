"""Forgetting, on the bridge: everything that an erasure is about goes, wherever it is kept; ids and a receipt stay.

The erasures themselves are also written to a file beside the store, and told again to a store that was restored from
a backup of before (:func:`replay`). What comes in later about the same is turned away by :mod:`cloud_sync.server.gate`.
"""

import fcntl
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_sync.protocol import erasure as protocol
from cloud_sync.protocol.clock import ms_of
from cloud_sync.protocol.erasure import CONTENT, About, Erase, Wanted, erase_of, subjects
from cloud_sync.protocol.errors import ProtocolError
from cloud_sync.protocol.event import decode
from cloud_sync.protocol.messages import Receipt
from cloud_sync.server import bulk
from cloud_sync.server.bulk import Present
from cloud_sync.server.database import Database
from cloud_sync.server.identity.audit import Audit
from cloud_sync.server.identity.signing import Signer
from cloud_sync.server.identity.tables import erased, erasure
from cloud_sync.server.ports import CannotApply, Forgets, Received
from cloud_sync.server.tables import change, event, register, tombstone

FILE: Final = "erasures.jsonl"
_PAGE: Final = 1_000


class EraseApplier:
    """Forgets, and signs that it has. One of :class:`cloud_sync.server.ports.Applier`."""

    def __init__(
        self,
        database: Database,
        signer: Signer,
        server: str,
        audit: Audit,
        parts: Sequence[Forgets] = (),
        file: Path | None = None,
    ) -> None:
        """``server``: the bridge's id; ``parts``: what keeps something of its own; ``file``: where erasures are kept
        apart from the store.
        """
        self._database, self._signer, self._server, self._audit = database, signer, server, audit
        self._parts, self._file = parts, file

    async def apply(self, connection: AsyncConnection, received: Received) -> None:
        """Everything is gone, and the receipt is there, when the transaction commits. Raises CannotApply."""
        try:
            wanted = wanted_by(received)
        except ProtocolError as error:
            raise CannotApply(error.code, error.message) from None
        await self.erase(connection, wanted)

    async def erase(self, connection: AsyncConnection, wanted: Wanted) -> Receipt:
        """The same for one that did not just come in. Doing it again changes nothing."""
        await _remember(connection, wanted)
        counts = {
            "events": await _forget_events(connection, wanted),
            "changes": await _forget_changes(connection, wanted),
            "fields": await _forget_fields(connection, wanted),
            "others": await self._forget_others(connection, wanted),
        }
        line = await self._audit.add(connection, wanted.house, wanted.device, "erased", {"id": wanted.id, **counts})
        said = protocol.statement(
            {
                "erasure": wanted.id,
                "server": self._server,
                "house": wanted.house,
                "device": wanted.device,
                "at_ms": line.at_ms,
                "turns": len(wanted.erase.turns),
                "questions": len(wanted.erase.questions),
                "records": len(wanted.erase.records),
                "everything": wanted.erase.everything,
                "of_time": [wanted.erase.since_ms, wanted.erase.until_ms] if wanted.erase.until_ms else None,
                "erased": counts,
                "audit": {"n": line.n, "hash": line.hash},
            }
        )
        signature = protocol.signed(self._signer.key, said)
        row = {
            "house": wanted.house,
            "id": wanted.id,
            "device": wanted.device,
            "clock": wanted.clock,
            "of_time": wanted.of_time,
            "body": msgspec.msgpack.encode(wanted.erase),
            "at_ms": line.at_ms,
            "statement": said,
            "signature": signature,
        }
        await bulk.insert_named(connection, erasure, [row], Present.STAYS)
        return Receipt(id=wanted.id, statement=said, signature=signature)

    async def _forget_others(self, connection: AsyncConnection, wanted: Wanted) -> int:
        count = 0
        for part in self._parts:
            count += await part.forget(connection, wanted)
        return count

    async def applied(self, received: Sequence[Received]) -> None:
        """Keep them apart, too; and nothing stays behind in SQLite's write-ahead log."""
        await self.keep_apart([wanted_by(one) for one in received if _is_readable(one)])
        await emptied(self._database)

    async def keep_apart(self, all_wanted: Sequence[Wanted]) -> None:
        """For a store that is restored from a backup of before. Raises OSError."""
        if self._file is not None:
            with os.fdopen(os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)  # the command line writes, too
                _end_line(file)
                file.writelines(msgspec.json.encode(wanted) + b"\n" for wanted in all_wanted)
                file.flush()
                os.fsync(file.fileno())


async def emptied(database: Database) -> None:
    """The write-ahead log of SQLite is written into the database, over what was erased, and cut off."""
    if database.is_postgres:
        return
    async with database.engine.connect() as connection:
        # Not by SQLAlchemy, which would begin a transaction, in which that can't be done.
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        await raw.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")


def wanted_by(received: Received) -> Wanted:
    """What an ``erase`` event wants. Raises ProtocolError."""
    erase = erase_of(received.event)
    return Wanted(received.house, received.device, received.event.id.hex(), received.clock, erase)


class StoredReceipts:
    """The one :class:`cloud_sync.server.ports.Receipts`."""

    def __init__(self, database: Database, now_ms: Callable[[], int]) -> None:
        """``now_ms``: milliseconds since the epoch."""
        self._database, self._now_ms = database, now_ms

    async def waiting(self, connection: AsyncConnection, houses: Sequence[str], devices: Sequence[str]) -> set[str]:
        """Those of ``devices`` that have not taken some, in a transaction of their houses."""
        theirs = bulk.any_of(connection, erasure.c.house, houses) & bulk.any_of(connection, erasure.c.device, devices)
        theirs &= erasure.c.taken_ms.is_(None)
        return {row.device for row in await connection.execute(select(erasure.c.device).where(theirs))}

    async def untaken(self, house: str, device: str) -> Sequence[Receipt]:
        """Those that the device has not taken yet, oldest first."""
        c = erasure.c
        mine = (c.house == house) & (c.device == device) & c.taken_ms.is_(None)
        async with self._database.transaction(house) as connection:
            rows = await connection.execute(select(c.id, c.statement, c.signature).where(mine).order_by(c.at_ms))
            return [Receipt(id=row.id, statement=bytes(row.statement), signature=bytes(row.signature)) for row in rows]

    async def taken(self, house: str, device: str, id_: str) -> bool:
        """The device keeps that one itself now. False: that is none of its receipts."""
        c = erasure.c
        mine = (c.house == house) & (c.device == device) & (c.id == id_)
        async with self._database.transaction(house) as connection:
            done = await connection.execute(update(erasure).where(mine).values(taken_ms=self._now_ms()))
            return bool(done.rowcount)


async def replay(database: Database, applier: EraseApplier, file: Path) -> int:
    """Tell a store that was restored from a backup what had to be forgotten since. Returns how many erasures it did not
    have. Raises OSError, and ValueError for a file that is none.
    """
    count = 0
    # By bytes: a line of text ends in more ways than JSON escapes, and what is named is named by devices.
    for line in _whole(file.read_bytes()).splitlines():
        try:
            wanted = msgspec.json.decode(line, type=Wanted)
        except msgspec.DecodeError as error:
            raise ValueError(f"{file}: {error}") from None
        async with database.transaction(wanted.house) as connection:
            c = erasure.c
            known = select(c.id).where(c.house == wanted.house, c.id == wanted.id)
            if (await connection.execute(known)).first() is None:
                await applier.erase(connection, wanted)
                count += 1
    return count


def _whole(kept: bytes) -> bytes:
    """Without a last line that a crash cut off: it was acknowledged to nobody, and is sent again."""
    return kept[: kept.rfind(b"\n") + 1]


def _end_line(file: BinaryIO) -> None:
    """So that nothing is appended to a line that a crash cut off."""
    if size := file.seek(0, os.SEEK_END):
        file.seek(size - 1)
        if file.read() != b"\n":
            file.seek(0)
            file.truncate(len(_whole(file.read())))


async def _remember(connection: AsyncConnection, wanted: Wanted) -> None:
    rows = [
        {"house": wanted.house, "kind": each.kind, "subject": each.id, "erasure": wanted.id}
        for each in sorted(subjects(wanted.erase), key=lambda each: (each.kind, each.id))
    ]
    await bulk.insert_named(connection, erased, rows, Present.STAYS)
    tombstones = [
        {
            "house": wanted.house,
            "kind": kind,
            "record": ident,
            "clock": wanted.clock,
            "device": wanted.device,
            "n": 0,
            "deleted_ms": ms_of(wanted.clock),
        }
        for kind, ident in wanted.erase.records
    ]
    await bulk.insert_named(connection, tombstone, tombstones, Present.STAYS)


async def _forget_events(connection: AsyncConnection, wanted: Wanted) -> int:
    c, about, count, last = event.c, About(wanted), 0, ("", "", -1)
    kinds = [kind.value for kind in CONTENT]
    while True:
        page = (
            await connection.execute(
                select(c.device, c.incarnation, c.seq, c.clock, c.raw)
                .where(c.house == wanted.house, c.kind.in_(kinds))
                .where(tuple_(c.device, c.incarnation, c.seq) > last)
                .order_by(c.device, c.incarnation, c.seq)
                .limit(_PAGE)
            )
        ).all()
        gone = [row for row in page if about(decode(row.raw), row.device, row.clock)]
        for row in gone:
            this = (c.house == wanted.house) & (c.device == row.device) & (c.incarnation == row.incarnation)
            await connection.execute(delete(event).where(this, c.seq == row.seq))
        count += len(gone)
        if len(page) < _PAGE:
            return count
        last = (page[-1].device, page[-1].incarnation, page[-1].seq)


async def _forget_changes(connection: AsyncConnection, wanted: Wanted) -> int:
    if not (wanted.erase.records or wanted.erase.everything):
        return 0
    c, about, last = change.c, About(wanted), 0
    gone: list[int] = []
    while page := (
        await connection.execute(
            select(c.n, c.device, c.clock, c.raw).where(c.house == wanted.house, c.n > last).order_by(c.n).limit(_PAGE)
        )
    ).all():
        gone += [row.n for row in page if about(decode(row.raw), row.device, row.clock)]
        last = page[-1].n
    for n in gone:
        await connection.execute(delete(change).where(c.house == wanted.house, c.n == n))
    return len(gone)


async def _forget_fields(connection: AsyncConnection, wanted: Wanted) -> int:
    c = register.c
    if wanted.erase.everything:
        await _bury(connection, wanted)
        gone = await connection.execute(delete(register).where(c.house == wanted.house, c.clock <= wanted.clock))
        return gone.rowcount
    count = 0
    for kind, ident in wanted.erase.records:
        this = (c.house == wanted.house) & (c.kind == kind) & (c.record == ident)
        count += (await connection.execute(delete(register).where(this))).rowcount
    return count


async def _bury(connection: AsyncConnection, wanted: Wanted) -> None:
    """A tombstone for every record that there is: no edit that is still on its way shall bring a part of it back."""
    c = register.c
    query = select(c.kind, c.record).where(c.house == wanted.house, c.clock <= wanted.clock).distinct()
    records = [(row.kind, row.record) for row in await connection.execute(query)]
    if records:
        await _remember(connection, msgspec.structs.replace(wanted, erase=Erase(records=tuple(records))))


def _is_readable(received: Received) -> bool:
    try:
        erase_of(received.event)
    except ProtocolError:
        return False
    return True
