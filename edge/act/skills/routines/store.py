"""Routines that were taught by voice, in SQLite. What is forgotten leaves a row without its content (a tombstone)."""

import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from apsw import Connection

from edge.ports import Storage

_ROUTINES: Final = uuid.UUID("0a3b1a53-7a0e-4f3e-8a6e-0d4e7c3f0b52")
"""Namespace of the ids of routines (RFC 9562, version 5): the same name is the same routine on every device."""
_STEPS: Final = (
    """CREATE TABLE routine (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, sentences TEXT NOT NULL, created REAL NOT NULL, changed REAL NOT NULL,
        deleted INTEGER NOT NULL DEFAULT 0)""",
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
            rows = db.execute("SELECT name, sentences FROM routine WHERE NOT deleted ORDER BY name")
            return {name: tuple(json.loads(sentences)) for name, sentences in rows}

        return await self._storage.read(work)

    async def teach(self, name: str, sentences: Sequence[str]) -> None:
        """Keep a routine, in place of the one that has this name. Raises StorageError."""
        now, kept = self._now(), json.dumps(list(sentences), ensure_ascii=False)
        await self._storage.write(
            lambda db: db.execute(
                "INSERT INTO routine (id, name, sentences, created, changed) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET"
                " name = excluded.name, sentences = excluded.sentences, changed = excluded.changed, deleted = 0",
                (_id(name), name, kept, now, now),
            )
        )

    async def forget(self, name: str) -> None:
        """It is gone, and what it did with it. Raises StorageError."""
        now = self._now()
        await self._storage.write(
            lambda db: db.execute(
                "UPDATE routine SET deleted = 1, name = '', sentences = '[]', changed = ? WHERE id = ?",
                (now, _id(name)),
            )
        )


def _id(name: str) -> str:
    return str(uuid.uuid5(_ROUTINES, name.casefold()))
