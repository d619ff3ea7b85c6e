"""Lists and what is on them, in SQLite.

Made to be merged between devices one day: a list's id comes from its name, so that "camping" on two devices is one
list; every item has an id of its own, so that no addition disappears; nothing is erased but its content, and what is
left (a tombstone) tells other devices that it is gone. The last change of a row counts.
"""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from apsw import Connection

from edge.ports import Storage

R = TypeVar("R")

_LISTS: Final = uuid.UUID("6f0f6d1c-3c5b-4d0a-9a52-3f1d4f2d8c11")
"""Namespace of the ids of lists (RFC 9562, version 5)."""
_STEPS: Final = (
    """CREATE TABLE list (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, created REAL NOT NULL, changed REAL NOT NULL,
        deleted INTEGER NOT NULL DEFAULT 0)""",
    """CREATE TABLE list_item (
        id TEXT PRIMARY KEY, list TEXT NOT NULL REFERENCES list (id), text TEXT NOT NULL, created REAL NOT NULL,
        changed REAL NOT NULL, completed INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0)""",
    "CREATE INDEX list_item_open ON list_item (list, completed, deleted)",
)


@dataclass(frozen=True, slots=True)
class Item:
    """Something on a list that is neither done nor removed."""

    id: str
    text: str


class ListStore:
    """All lists. Names of lists are the same whatever their case."""

    def __init__(self, storage: Storage, now: Callable[[], float] = time.time) -> None:
        """``now``: seconds since the epoch."""
        self._storage, self._now = storage, now
        self._migrated = False

    async def names(self) -> list[str]:
        """Names of the lists that there are, in alphabetical order."""
        return await self._read(
            lambda db: [row[0] for row in db.execute("SELECT name FROM list WHERE NOT deleted ORDER BY name")]
        )

    async def create(self, name: str) -> bool:
        """Make an empty list; False when there is one of that name."""
        return await self._write(lambda db: _create(db, name, self._now()))

    async def delete(self, name: str) -> None:
        """The list and all that is on it are gone."""
        now = self._now()

        def work(db: Connection) -> None:
            _erase(db, name, now)
            db.execute("UPDATE list SET deleted = 1, changed = ? WHERE id = ?", (now, _id(name)))

        await self._write(work)

    async def clear(self, name: str) -> None:
        """Nothing is on the list any more, done or not."""
        now = self._now()
        await self._write(lambda db: _erase(db, name, now))

    async def items(self, name: str) -> list[Item]:
        """What is on the list, in the order in which it was added."""
        return await self._read(lambda db: _items(db, name))

    async def add(self, name: str, texts: Sequence[str]) -> None:
        """Put ``texts`` on the list, which is made where there is none."""
        now = self._now()

        def work(db: Connection) -> None:
            _create(db, name, now)
            db.executemany(
                "INSERT INTO list_item (id, list, text, created, changed) VALUES (?, ?, ?, ?, ?)",
                [(str(uuid.uuid4()), _id(name), text, now, now) for text in texts],
            )

        await self._write(work)

    async def complete(self, items: Sequence[Item]) -> None:
        """``items`` are done: off the list, but known to have been on it."""
        await self._change("UPDATE list_item SET completed = 1, changed = ? WHERE id = ?", items)

    async def remove(self, items: Sequence[Item]) -> None:
        """``items`` are gone, and what they said with them."""
        await self._change("UPDATE list_item SET deleted = 1, text = '', changed = ? WHERE id = ?", items)

    async def _change(self, statement: str, items: Sequence[Item]) -> None:
        now = self._now()
        await self._write(lambda db: db.executemany(statement, [(now, item.id) for item in items]))

    async def _read(self, work: Callable[[Connection], R]) -> R:
        await self._migrate()
        return await self._storage.read(work)

    async def _write(self, work: Callable[[Connection], R]) -> R:
        await self._migrate()
        return await self._storage.write(work)

    async def _migrate(self) -> None:
        if not self._migrated:
            await self._storage.migrate("lists", _STEPS)
            self._migrated = True


def _id(name: str) -> str:
    return str(uuid.uuid5(_LISTS, name.casefold()))


def _create(db: Connection, name: str, now: float) -> bool:
    known = db.execute("SELECT deleted FROM list WHERE id = ?", (_id(name),)).fetchone()
    if known is not None and not known[0]:
        return False
    db.execute(
        "INSERT INTO list (id, name, created, changed) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET deleted = 0, changed = excluded.changed",
        (_id(name), name, now, now),
    )
    return True


def _items(db: Connection, name: str) -> list[Item]:
    rows = db.execute(
        "SELECT id, text FROM list_item WHERE list = ? AND NOT completed AND NOT deleted ORDER BY created, rowid",
        (_id(name),),
    )
    return [Item(*row) for row in rows]


def _erase(db: Connection, name: str, now: float) -> None:
    db.execute(
        "UPDATE list_item SET deleted = 1, text = '', changed = ? WHERE list = ? AND NOT deleted", (now, _id(name))
    )
