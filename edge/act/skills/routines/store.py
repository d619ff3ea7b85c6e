"""Routines that were taught by voice, in SQLite. What is forgotten leaves a row without its content (a tombstone).

Made to be merged with those of the house's other assistants: what is taught is a row of its own, which takes the place
of those of its name. Where two assistants that were apart were taught the same name, the later one holds.
"""

import json
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from apsw import Connection

from edge.ports import Storage

_STEPS: Final = (
    """CREATE TABLE routine (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, sentences TEXT NOT NULL, created REAL NOT NULL, changed REAL NOT NULL,
        deleted INTEGER NOT NULL DEFAULT 0)""",
    # Ids were made from names: a routine that was once forgotten could never have come back.
    "DELETE FROM routine WHERE deleted; UPDATE routine SET id = lower(hex(randomblob(16)))",
    # Whether a person has taught it to this assistant, or agreed to it here; empty for what came from elsewhere.
    "ALTER TABLE routine ADD COLUMN here INTEGER; UPDATE routine SET here = 1",
)


class RoutineStore:
    """Names with their sentences, in the order in which they are done."""

    def __init__(self, storage: Storage, now: Callable[[], float] = time.time) -> None:
        """``now``: seconds since the epoch."""
        self._storage, self._now = storage, now

    async def load(self) -> Mapping[str, Sequence[str]]:
        """All of them. Raises StorageError."""
        await self._storage.migrate("routines", _STEPS)

        def work(db: Connection) -> dict[str, Sequence[str]]:
            latest = {name.casefold(): (name, sentences) for _, name, sentences in _taught(db)}
            known = {name: _steps(sentences) for name, sentences in sorted(latest.values())}
            return {name: steps for name, steps in known.items() if steps}

        return await self._storage.read(work)

    async def from_elsewhere(self) -> Collection[str]:
        """Names of those that nobody has taught or agreed to here. Raises StorageError."""
        query = "SELECT name FROM routine WHERE NOT deleted AND here IS NULL"
        return await self._storage.read(lambda db: {str(name) for (name,) in db.execute(query)})

    async def agree(self, name: str, sentences: Sequence[str]) -> None:
        """A person wants it done here as long as it is ``sentences``. Raises StorageError."""

        def agree(db: Connection) -> None:
            # It may have become another one since it was read out.
            query = "SELECT id, sentences FROM routine WHERE name = ? AND NOT deleted"
            for ident, kept in db.execute(query, (name,)).fetchall():
                if _steps(str(kept)) == tuple(sentences):
                    db.execute("UPDATE routine SET here = 1 WHERE id = ?", (ident,))

        await self._storage.write(agree)

    async def teach(self, name: str, sentences: Sequence[str], instead_of: str | None = None) -> None:
        """Keep a routine, in place of the one that has this name, and of ``instead_of``. Raises StorageError."""
        now, kept = self._now(), json.dumps(list(sentences), ensure_ascii=False)

        def work(db: Connection) -> None:
            for old in {name, instead_of or name}:
                _erase(db, old, now)
            db.execute(
                "INSERT INTO routine (id, name, sentences, created, changed, here) VALUES (?, ?, ?, ?, ?, 1)",
                (uuid.uuid4().hex, name, kept, now, now),
            )

        await self._storage.write(work)

    async def forget(self, name: str) -> None:
        """It is gone, and what it did with it. Raises StorageError."""
        now = self._now()
        await self._storage.write(lambda db: _erase(db, name, now))


def _steps(kept: str) -> Sequence[str]:
    """Empty for what is no list of sentences: rows come from other assistants, too, and one must not keep this one from
    starting.
    """
    try:
        steps = json.loads(kept)
    except (ValueError, RecursionError):
        return ()
    return tuple(steps) if isinstance(steps, list) and all(isinstance(each, str) for each in steps) else ()


def _taught(db: Connection) -> list[tuple[str, str, str]]:
    return list(db.execute("SELECT id, name, sentences FROM routine WHERE NOT deleted ORDER BY created, id"))


def _erase(db: Connection, name: str, now: float) -> None:
    db.executemany(
        "UPDATE routine SET deleted = 1, name = '', sentences = '[]', changed = ? WHERE id = ?",
        [(now, ident) for ident, known, _ in _taught(db) if known.casefold() == name.casefold()],
    )
