"""Questions that waited on a device, taken from a queue by whichever worker is free, and answers until they are taken.

The queue is a table of ours: ``FOR UPDATE SKIP LOCKED`` in PostgreSQL; SQLite has one writer anyway. Whoever takes a
job puts it off; when the worker dies, it is due again.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Column, ColumnElement, Table, and_, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_sync.protocol.clock import ms_of
from cloud_sync.protocol.erasure import Wanted
from cloud_sync.protocol.messages import Answer, Ask
from cloud_sync.server import bulk
from cloud_sync.server.database import Database
from cloud_sync.server.heavy import tables
from cloud_sync.server.heavy.settings import HeavySettings

_ASK = msgspec.msgpack.Decoder(Ask)
_ANSWER = msgspec.msgpack.Decoder(Answer)


@dataclass(frozen=True, slots=True)
class Job:
    """A question that is worked on."""

    n: int
    house: str
    device: str
    id: str
    tries: int
    """How often it was taken before."""
    expires_ms: int


class Store:
    """All houses'."""

    def __init__(
        self,
        database: Database,
        settings: HeavySettings,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """``now_ms``: milliseconds since the epoch."""
        self._database, self._now_ms = database, now_ms
        self._answer_ms = round(settings.answer_days * 86_400_000)

    # -- questions -------------------------------------------------------------------------------------------------

    async def queue(self, connection: AsyncConnection, house: str, device: str, ask: Ask) -> None:
        """Have it answered, in the transaction that ``connection`` is in. A second time it changes nothing."""
        answered = _of(tables.answer, house, device, ask.id)
        if (await connection.execute(select(tables.answer.c.id).where(answered))).first() is not None:
            return
        dialect = postgresql if self._database.is_postgres else sqlite
        now = self._now_ms()
        row = {"house": house, "device": device, "id": ask.id, "ask": msgspec.msgpack.encode(ask), "asked_ms": now}
        await connection.execute(dialect.insert(tables.question).values(row).on_conflict_do_nothing())
        job = {"of_house": house, "device": device, "id": ask.id, "due_ms": now, "expires_ms": ask.expires_ms}
        await connection.execute(dialect.insert(tables.job).values(job).on_conflict_do_nothing())

    async def take(self, lease_s: float) -> tuple[Job, Ask] | None:
        """The job that is due for longest; nobody else gets it for ``lease_s`` seconds. None: there is none."""
        now = self._now_ms()
        async with self._database.transaction() as connection:
            due = select(tables.job).where(tables.job.c.due_ms <= now).order_by(tables.job.c.due_ms).limit(1)
            row = (await connection.execute(due.with_for_update(skip_locked=True))).first()
            if row is None:
                return None
            put_off = {"due_ms": now + round(lease_s * 1000), "tries": row.tries + 1}
            await connection.execute(update(tables.job).where(tables.job.c.n == row.n).values(put_off))
        job = Job(row.n, row.of_house, row.device, row.id, row.tries, row.expires_ms)
        async with self._database.transaction(job.house) as connection:
            query = select(tables.question.c.ask).where(_of(tables.question, job.house, job.device, job.id))
            raw = (await connection.execute(query)).scalar_one_or_none()
            if raw is None or (job.expires_ms and job.expires_ms <= now):
                # It was erased, or nobody wants to know any more: the device tells that by itself.
                await _drop(connection, job.house, job.device, job.id)
                raw = None
        return (job, _ASK.decode(raw)) if raw is not None else await self.take(lease_s)

    async def put_off(self, job: Job, seconds: float) -> None:
        """It could not be answered now."""
        later = self._now_ms() + round(seconds * 1000)
        async with self._database.transaction() as connection:
            await connection.execute(update(tables.job).where(tables.job.c.n == job.n).values(due_ms=later))

    async def drop(self, house: str, device: str, ident: str) -> None:
        """Nobody wants to know any more."""
        async with self._database.transaction(house) as connection:
            await _drop(connection, house, device, ident)

    # -- answers ---------------------------------------------------------------------------------------------------

    async def keep(self, house: str, device: str, answer: Answer) -> None:
        """Until it is taken. Its question waits no more."""
        row = {
            "house": house,
            "device": device,
            "id": answer.id,
            "answer": msgspec.msgpack.encode(answer),
            "at_ms": self._now_ms(),
            "expires_ms": self._now_ms() + self._answer_ms,
        }
        async with self._database.transaction(house) as connection:
            await connection.execute(delete(tables.answer).where(_of(tables.answer, house, device, answer.id)))
            await connection.execute(insert(tables.answer).values(row))
            await _drop(connection, house, device, answer.id)

    async def waiting(self, connection: AsyncConnection, houses: Sequence[str], devices: Sequence[str]) -> set[str]:
        """Those of ``devices`` that have not taken some, in a transaction of their houses."""
        c = tables.answer.c
        theirs = bulk.any_of(connection, c.house, houses) & bulk.any_of(connection, c.device, devices)
        return {row.device for row in await connection.execute(select(c.device).where(theirs))}

    async def kept(self, house: str, device: str) -> Sequence[Answer]:
        """What the device has not taken yet."""
        mine = and_(tables.answer.c.house == house, tables.answer.c.device == device)
        async with self._database.transaction(house) as connection:
            await connection.execute(delete(tables.answer).where(mine, tables.answer.c.expires_ms <= self._now_ms()))
            rows = await connection.execute(select(tables.answer.c.answer).where(mine).order_by(tables.answer.c.id))
            return [_ANSWER.decode(row.answer) for row in rows]

    async def find(self, house: str, device: str, ident: str) -> Answer | None:
        """An answer that is kept."""
        query = select(tables.answer.c.answer).where(_of(tables.answer, house, device, ident))
        async with self._database.transaction(house) as connection:
            raw = (await connection.execute(query)).scalar_one_or_none()
        return _ANSWER.decode(raw) if raw is not None else None

    async def taken(self, house: str, device: str, ident: str) -> None:
        """The device keeps it itself now."""
        async with self._database.transaction(house) as connection:
            await connection.execute(delete(tables.answer).where(_of(tables.answer, house, device, ident)))


class Forgetting:
    """Of what heavy questions have left: the questions, their answers, what serves again. What they cost stays; it has
    nothing of what they said. The one :class:`cloud_sync.server.ports.Forgets` of this part.
    """

    async def forget(self, connection: AsyncConnection, wanted: Wanted) -> int:
        """Erase what that is about, in the transaction that takes it in. Returns how many rows there were."""
        count = 0
        for table, at in (
            (tables.question, tables.question.c.asked_ms),
            (tables.answer, tables.answer.c.at_ms),
            (tables.cache, tables.cache.c.at_ms),
        ):
            gone = delete(table).where(table.c.house == wanted.house, _about(table, at, wanted))
            count += (await connection.execute(gone)).rowcount
        # A job without its question is dropped by whoever takes it.
        return count


def _about(table: Table, at: Column[int], wanted: Wanted) -> ColumnElement[bool]:
    erase, before = wanted.erase, at <= ms_of(wanted.clock)
    named = table.c.id.in_(erase.questions)
    if erase.everything:
        return or_(named, before)
    if erase.until_ms:
        of_the_time = at.between(erase.since_ms, erase.until_ms)
        return or_(named, and_(table.c.device == wanted.device, of_the_time, before))
    return named


def _of(table: Table, house: str, device: str, ident: str) -> ColumnElement[bool]:
    return and_(table.c.house == house, table.c.device == device, table.c.id == ident)


async def _drop(connection: AsyncConnection, house: str, device: str, ident: str) -> None:
    await connection.execute(delete(tables.question).where(_of(tables.question, house, device, ident)))
    job = tables.job.c
    mine = and_(job.of_house == house, job.device == device, job.id == ident)
    await connection.execute(delete(tables.job).where(mine))
