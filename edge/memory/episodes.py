"""What was said and done before: one row for each turn, kept as long as the person allows."""

import functools
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from apsw import Connection

from edge.events import TurnEnded, as_json
from edge.memory.feedback import Traces
from edge.memory.meaning import found
from edge.memory.report import report
from edge.ports import Erasures, Meaning, Outbox, Storage

_STEPS: Final = (
    """CREATE TABLE memory_turn (
        id TEXT PRIMARY KEY, at REAL NOT NULL, session TEXT NOT NULL, text TEXT NOT NULL, reply TEXT NOT NULL,
        outcome TEXT NOT NULL, turn TEXT NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX memory_turn_at ON memory_turn (at)",
    "ALTER TABLE memory_turn ADD COLUMN vector BLOB",
    # In order of time, so that a turn goes to the end of one page: with a random key it wrote three, of 4 KiB each.
    """ALTER TABLE memory_turn RENAME TO memory_turn_before;
    CREATE TABLE memory_turn (
        n INTEGER PRIMARY KEY, id TEXT NOT NULL, at REAL NOT NULL, session TEXT NOT NULL, text TEXT NOT NULL,
        reply TEXT NOT NULL, outcome TEXT NOT NULL, turn TEXT NOT NULL, vector BLOB);
    INSERT OR IGNORE INTO memory_turn SELECT
        CAST(at * 1000000 AS INTEGER) + row_number() OVER (PARTITION BY CAST(at * 1000000 AS INTEGER) ORDER BY id) - 1,
        id, at, session, text, reply, outcome, turn, vector FROM memory_turn_before;
    DROP TABLE memory_turn_before""",
)
_INSERT: Final = (
    "INSERT INTO memory_turn (n, id, at, session, text, reply, outcome, turn) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_MICROSECONDS: Final = 1_000_000
_FOREVER_S: Final = 1e12
_AGAIN_S: Final = 60.0
"""Nobody writes a turn again after so long."""
_BESIDE: Final = 1_000
"""Of turns that ended in the same microsecond, all but one moved up a little."""
_DELETE: Final = "DELETE FROM memory_turn WHERE n BETWEEN ? AND ? AND id = ?"
_REMEMBER: Final = "UPDATE memory_turn SET vector = ? WHERE n BETWEEN ? AND ? AND id = ?"
_LATEST: Final = """SELECT n, at, turn FROM memory_turn WHERE n < ?1 AND (?2 = '' OR session = ?2)
    AND (?3 = '' OR outcome = ?3) AND (?4 = '' OR instr(lower(text || ' ' || reply), lower(?4)))
    ORDER BY n DESC LIMIT ?5"""
_ONE: Final = "SELECT n, at, turn FROM memory_turn WHERE id = ?"
_SESSIONS: Final = """SELECT one.session, began, ended, turns, first.text FROM (
        SELECT session, min(at) AS began, max(at) AS ended, count(*) AS turns, min(n) AS n FROM memory_turn
        GROUP BY session HAVING max(at) < ? ORDER BY max(at) DESC LIMIT ?
    ) AS one JOIN memory_turn AS first ON first.n = one.n ORDER BY ended DESC"""
_ALWAYS: Final = 2**62
_DAY_S: Final = 86_400.0
SECRETS: Final = frozenset({"pin", "code"})
"""Slots that are secrets."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One turn as it is remembered."""

    id: str
    at: float
    """When it ended, seconds since the epoch."""
    text: str
    reply: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Kept:
    """One turn, with all that is kept of it."""

    n: int
    """Where it stands in the order of time."""
    at: float
    """When it ended, seconds since the epoch."""
    turn: Mapping[str, Any]
    """The JSON object of its ``turn_ended``."""


@dataclass(frozen=True, slots=True)
class Session:
    """One conversation."""

    id: str
    began: float
    """When its first turn ended, seconds since the epoch."""
    ended: float
    """When its last one did."""
    turns: int
    text: str
    """What was said first."""


class Episodes:
    """The turns of the last days."""

    def __init__(
        self,
        storage: Storage,
        days: float,
        now: Callable[[], float] = time.time,
        meaning: Meaning | None = None,
        outbox: Outbox | None = None,
        erasures: Erasures | None = None,
        traces: Traces | None = None,
    ) -> None:
        """``days``: how long a turn is kept; 0: none is written. ``now``: seconds since the epoch. ``meaning`` None:
        what is asked for is found by its words. ``outbox`` None: the bridge is not told;
        ``erasures`` None: nor does it forget. ``traces``: what else is kept of turns, which goes with them.
        """
        self._erasures, self._traces = erasures, traces
        self._storage, self._days, self._now, self._meaning, self._outbox = storage, days, now, meaning, outbox
        self._ready = False

    def keep_for(self, days: float) -> None:
        """How long turns are kept from now on; 0: no further one is."""
        self._days = days

    async def write(self, ended: TurnEnded) -> bool:
        """Keep a turn in which something was said, without secrets; those that are too old go. Returns whether it is
        kept. Raises StorageError.
        """
        if not self._days or not ended.text or any(SECRETS & intent.slots.keys() for intent in _intents(ended)):
            return False
        await self._prepare()
        now = self._now()
        row = (ended.turn, now, ended.session, ended.text, ended.reply.text, ended.outcome.value, _plain(ended))

        def work(connection: Connection) -> None:
            # Neither is ever there without the other.
            if _insert(connection, row, now - self._days * _DAY_S) and self._outbox is not None:
                self._outbox.put(connection, "turn", report(ended))

        await self._storage.write(work)
        return True

    async def between(self, since: float, until: float) -> list[Episode]:
        """The turns of that time (seconds since the epoch), oldest first. Raises StorageError."""
        await self._prepare()
        return await self._storage.read(lambda connection: _select(connection, since, until))

    async def about(self, query: str, since: float, until: float) -> list[Episode]:
        """Turns of that time that ``query`` may be about, best first. Raises StorageError."""
        known = {turn.id: turn for turn in await self.between(since, until)}
        texts = {ident: f"{turn.text} {turn.reply}" for ident, turn in known.items()}
        vectors = await self._storage.read(lambda connection: _vectors(connection, since, until))
        keep = functools.partial(self._keep, known)
        return [known[ident] for ident in await found(query, texts, vectors, self._meaning, keep)]

    async def forget(self, since: float = 0.0, until: float = float("inf")) -> int:
        """Erase the turns of that time. Returns how many there were. Raises StorageError."""
        await self._prepare()
        return await self._storage.write(lambda connection: self._delete(connection, since, until))

    async def whole(self) -> list[dict[str, Any]]:
        """Every turn as its JSON object, oldest first. Raises StorageError."""
        await self._prepare()
        query = "SELECT at, turn FROM memory_turn ORDER BY n"
        return await self._storage.read(
            lambda connection: [{**json.loads(turn), "at": at} for at, turn in connection.execute(query)]
        )

    async def latest(
        self, limit: int, before: int | None = None, *, session: str = "", outcome: str = "", text: str = ""
    ) -> list[Kept]:
        """At most ``limit`` turns of before the place ``before``, newest first; only those of that session, with that
        outcome, that have ``text`` in what was said or answered. Raises StorageError.
        """
        await self._prepare()
        of = (_ALWAYS if before is None else before, session, outcome, text, limit)
        return await self._storage.read(lambda connection: _kept(connection, _LATEST, of))

    async def one(self, ident: str) -> Kept | None:
        """The turn with that id, if it is kept. Raises StorageError."""
        await self._prepare()
        found = await self._storage.read(lambda connection: _kept(connection, _ONE, (ident,)))
        return found[0] if found else None

    async def kept(self, ids: Sequence[str]) -> set[str]:
        """Which of these turns there are. Raises StorageError."""
        await self._prepare()
        query = f"SELECT id FROM memory_turn WHERE id IN ({', '.join('?' * len(ids))})"  # noqa: S608  # only marks
        return await self._storage.read(lambda connection: {str(ident) for (ident,) in connection.execute(query, ids)})

    async def sessions(self, limit: int, before: float | None = None) -> list[Session]:
        """At most ``limit`` conversations, the latest first; ``before``: that ended before then, seconds since the
        epoch. Raises StorageError.
        """
        await self._prepare()
        of = (_FOREVER_S if before is None else before, limit)
        return await self._storage.read(lambda connection: [Session(*row) for row in connection.execute(_SESSIONS, of)])

    async def of(self, session: str) -> list[Episode]:
        """The turns of that session, oldest first. Raises StorageError."""
        await self._prepare()
        query = "SELECT id, at, text, reply, outcome FROM memory_turn WHERE session = ? ORDER BY n"
        return await self._storage.read(
            lambda connection: [Episode(*row) for row in connection.execute(query, (session,))]
        )

    async def erase(self, turns: Sequence[Episode]) -> int:
        """Erase these. Returns how many there were. Raises StorageError."""
        await self._prepare()
        ids = [turn.id for turn in turns]

        def work(connection: Connection) -> int:
            count = 0
            for turn in turns:
                connection.execute(_DELETE, _place(turn))
                count += connection.changes()
            if self._traces is not None:
                self._traces.erase(connection, ids)
            if self._erasures is not None and ids:
                self._erasures.forget(connection, turns=ids)
            return count

        return await self._storage.write(work)

    def _delete(self, connection: Connection, since: float, until: float) -> int:
        where = "FROM memory_turn WHERE n >= ? AND n < ?"
        ids = [ident for (ident,) in connection.execute(f"SELECT id {where}", (_n(since), _n(until)))]
        connection.execute(f"DELETE {where}", (_n(since), _n(until)))
        if self._traces is not None:
            # Of everything, also what is left of turns that are too old.
            self._traces.erase(connection, None if since <= 0.0 and until > self._now() else ids)
        if self._erasures is not None:
            # Also what the bridge has and we do not any more.
            self._erasures.forget(connection, turns=ids, time=(max(0.0, since), min(self._now(), until)))
        return len(ids)

    async def _keep(self, known: Mapping[str, Episode], vectors: Mapping[str, bytes]) -> None:
        rows = [(vector, *_place(known[ident])) for ident, vector in vectors.items()]
        await self._storage.write(lambda connection: connection.executemany(_REMEMBER, rows))

    async def _prepare(self) -> None:
        if not self._ready:
            await self._storage.migrate("memory.turns", _STEPS)
            self._ready = True


def _intents(ended: TurnEnded) -> Iterable[Any]:
    return (intent for intent in (ended.intent, *ended.further) if intent is not None)


def _plain(ended: TurnEnded) -> str:
    return json.dumps(as_json(ended), ensure_ascii=False)


def _insert(connection: Connection, row: tuple[Any, ...], oldest: float) -> bool:
    """Whether it was not there yet."""
    connection.execute("DELETE FROM memory_turn WHERE n < ?", (_n(oldest),))
    ident, at = row[:2]
    n = _n(at)
    if connection.execute("SELECT 1 FROM memory_turn WHERE n > ? AND id = ?", (_n(at - _AGAIN_S), ident)).fetchall():
        return False
    while connection.execute("SELECT 1 FROM memory_turn WHERE n = ?", (n,)).fetchall():
        n += 1
    connection.execute(_INSERT, (n, *row))
    return True


def _n(at: float) -> int:
    """The first key that a turn of that moment (seconds since the epoch) may have."""
    return round(min(max(at, 0.0), _FOREVER_S) * _MICROSECONDS)


def _place(turn: Episode) -> tuple[int, int, str]:
    """Where it is in the table. There is no index of the ids: it would be a page more to write for each turn."""
    return _n(turn.at), _n(turn.at) + _BESIDE, turn.id


def _select(connection: Connection, since: float, until: float) -> list[Episode]:
    query = "SELECT id, at, text, reply, outcome FROM memory_turn WHERE n >= ? AND n < ? ORDER BY n"
    return [Episode(*row) for row in connection.execute(query, (_n(since), _n(until)))]


def _kept(connection: Connection, query: str, of: Sequence[Any]) -> list[Kept]:
    return [Kept(n, at, json.loads(turn)) for n, at, turn in connection.execute(query, of)]


def _vectors(connection: Connection, since: float, until: float) -> dict[str, bytes]:
    query = "SELECT id, vector FROM memory_turn WHERE n >= ? AND n < ? AND vector IS NOT NULL"
    return dict(connection.execute(query, (_n(since), _n(until))))
