"""What a person told us to remember: facts, preferences, names."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from apsw import Connection

from edge.memory.meaning import found
from edge.ports import Erasures, Meaning, Storage

_STEPS: Final = (
    # An item that was forgotten stays as a tombstone without content, so that no replica brings it back.
    """CREATE TABLE memory_fact (
        id TEXT PRIMARY KEY, topic TEXT, text TEXT, created REAL NOT NULL, changed REAL NOT NULL, forgotten REAL
    ) WITHOUT ROWID""",
    "CREATE UNIQUE INDEX memory_fact_topic ON memory_fact (topic) WHERE topic IS NOT NULL AND forgotten IS NULL",
    "ALTER TABLE memory_fact ADD COLUMN vector BLOB",
    # Two assistants that were apart may each have been told one: which of them holds is decided when they are read.
    "DROP INDEX memory_fact_topic",
)
_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was told."""

    id: str
    text: str
    """In the person's words."""
    topic: str | None
    """Of which there is only one fact, such as ``name``; None: any number."""
    created: float
    """Seconds since the epoch."""


class Facts:
    """All that was told and not forgotten."""

    def __init__(
        self,
        storage: Storage,
        now: Callable[[], float] = time.time,
        meaning: Meaning | None = None,
        erasures: Erasures | None = None,
    ) -> None:
        """``now``: seconds since the epoch. ``meaning`` None: what is asked for is found by its words. ``erasures``
        None: there is no bridge that must forget, too.
        """
        self._storage, self._now, self._meaning, self._erasures = storage, now, meaning, erasures
        self._ready = False

    async def remember(self, text: str, topic: str | None = None) -> Fact:
        """Keep ``text``; it replaces what was known of its ``topic``, and a fact in the same words.

        Raises StorageError.
        """
        await self._prepare()
        fact = Fact(uuid.uuid4().hex, text, topic, self._now())
        return await self._storage.write(lambda connection: _insert(connection, fact))

    async def reword(self, fact: Fact, text: str) -> None:
        """It says something else from now on. Raises StorageError."""
        await self._prepare()
        row = (text, self._now(), fact.id)
        sql = "UPDATE memory_fact SET text = ?, vector = NULL, changed = ? WHERE id = ? AND forgotten IS NULL"
        await self._storage.write(lambda connection: connection.execute(sql, row).fetchall())

    async def all(self) -> list[Fact]:
        """Everything, oldest first. Raises StorageError."""
        await self._prepare()
        return await self._storage.read(_known)

    async def about(self, query: str) -> list[Fact]:
        """What ``query`` may be about, best first. Raises StorageError."""
        known = {fact.id: fact for fact in await self.all()}
        texts = {ident: f"{fact.topic or ''} {fact.text}".strip() for ident, fact in known.items()}
        vectors = await self._storage.read(_vectors)
        return [known[ident] for ident in await found(query, texts, vectors, self._meaning, self._keep)]

    async def of(self, topic: str) -> Fact | None:
        """The fact of that ``topic``. Raises StorageError."""
        return next((fact for fact in await self.all() if fact.topic == topic), None)

    async def forget(self, facts: Sequence[Fact]) -> int:
        """Erase them. Returns how many there were. Raises StorageError."""
        await self._prepare()

        def work(connection: Connection) -> int:
            at = self._now()
            count = _forget(connection, facts, at)
            if self._erasures is not None:
                gone = connection.execute("SELECT id FROM memory_fact WHERE forgotten = ?", (at,)).fetchall()
                self._erasures.forget(connection, records=[("fact", str(ident)) for (ident,) in gone])
            return count

        return await self._storage.write(work)

    async def _keep(self, vectors: Mapping[str, bytes]) -> None:
        sql = "UPDATE memory_fact SET vector = ? WHERE id = ? AND forgotten IS NULL"
        rows = [(vector, ident) for ident, vector in vectors.items()]
        await self._storage.write(lambda connection: connection.executemany(sql, rows))

    async def _prepare(self) -> None:
        if not self._ready:
            await self._storage.migrate("memory.facts", _STEPS)
            self._ready = True


def _insert(connection: Connection, fact: Fact) -> Fact:
    known = _select(connection)
    same = [old for old in known if _replaces(fact, old)]
    # Far more than anybody tells: the oldest goes.
    surplus = known[: max(0, len(known) - _MOST + 1)]
    for old in (*same, *surplus):
        _erase(connection, old.id, fact.created)
    connection.execute(
        "INSERT INTO memory_fact (id, topic, text, created, changed) VALUES (?, ?, ?, ?, ?)",
        (fact.id, fact.topic, fact.text, fact.created, fact.created),
    )
    return fact


def _replaces(new: Fact, old: Fact) -> bool:
    if new.topic is not None:
        return new.topic == old.topic
    return old.topic is None and new.text.casefold() == old.text.casefold()


def _forget(connection: Connection, facts: Sequence[Fact], at: float) -> int:
    """Also those that they hide: what another assistant was told earlier must not come up in their place."""
    hidden = {fact.id: fact for fact in _select(connection)}
    count = 0
    for fact in facts:
        count += _erase(connection, fact.id, at)
        for old in [old for old in hidden.values() if _replaces(fact, old)]:
            _erase(connection, old.id, at)
    return count


def _erase(connection: Connection, identity: str, at: float) -> int:
    connection.execute(
        "UPDATE memory_fact SET text = NULL, topic = NULL, vector = NULL, forgotten = ?, changed = ? "
        "WHERE id = ? AND forgotten IS NULL",
        (at, at, identity),
    )
    return connection.changes()


def _known(connection: Connection) -> list[Fact]:
    """Of facts of one topic, and of the same words, the latest; the same on all assistants that know the same."""
    latest = {(fact.topic, None if fact.topic else fact.text.casefold()): fact for fact in _select(connection)}
    return sorted(latest.values(), key=lambda fact: (fact.created, fact.id))


def _select(connection: Connection) -> list[Fact]:
    query = "SELECT id, text, topic, created FROM memory_fact WHERE forgotten IS NULL ORDER BY created, id"
    return [Fact(*row) for row in connection.execute(query)]


def _vectors(connection: Connection) -> dict[str, bytes]:
    query = "SELECT id, vector FROM memory_fact WHERE vector IS NOT NULL AND forgotten IS NULL"
    return dict(connection.execute(query))
