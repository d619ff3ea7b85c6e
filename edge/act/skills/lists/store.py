"""Lists and what is on them, in SQLite.

Made to be merged with those of the house's other assistants. Every list and every item has an id of its own, so that no
addition disappears; nothing is erased but its content, and what is left (a tombstone) tells the others that it is gone.
An item carries the name of its list: one that was added while the list was deleted elsewhere keeps the list alive. Rows
that say the same count as one: two lists of one name, or "milk" that two people wrote down.
"""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from apsw import Connection

from edge.ports import Storage

R = TypeVar("R")

_STEPS: Final = (
    """CREATE TABLE list (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, created REAL NOT NULL, changed REAL NOT NULL,
        deleted INTEGER NOT NULL DEFAULT 0)""",
    """CREATE TABLE list_item (
        id TEXT PRIMARY KEY, list TEXT NOT NULL REFERENCES list (id), text TEXT NOT NULL, created REAL NOT NULL,
        changed REAL NOT NULL, completed INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0)""",
    "CREATE INDEX list_item_open ON list_item (list, completed, deleted)",
    # Ids were made from names, and items referred to them: a list that was once deleted could never have come back.
    """ALTER TABLE list_item RENAME TO list_item_before;
    CREATE TABLE list_item (
        id TEXT PRIMARY KEY, list TEXT NOT NULL, text TEXT NOT NULL, created REAL NOT NULL,
        changed REAL NOT NULL, completed INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0);
    INSERT INTO list_item SELECT item.id, list.name, item.text, item.created, item.changed, item.completed, 0
        FROM list_item_before AS item JOIN list ON list.id = item.list WHERE NOT item.deleted;
    DROP TABLE list_item_before;
    CREATE INDEX list_item_open ON list_item (list, completed, deleted);
    DELETE FROM list WHERE deleted;
    UPDATE list SET id = lower(hex(randomblob(16)))""",
)
_APART_S: Final = 1e-6
"""What is added at once keeps its order."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something on a list that is neither done nor removed."""

    id: str
    text: str
    twins: tuple[str, ...] = ()
    """Ids of others that say the same."""


class ListStore:
    """All lists. Names of lists are the same whatever their case."""

    def __init__(self, storage: Storage, now: Callable[[], float] = time.time) -> None:
        """``now``: seconds since the epoch."""
        self._storage, self._now = storage, now
        self._migrated = False

    async def names(self) -> list[str]:
        """Names of the lists that there are, in alphabetical order."""
        return await self._read(lambda db: sorted(spelt[0] for spelt in _spellings(db).values()))

    async def create(self, name: str) -> bool:
        """Make an empty list; False when there is one of that name."""
        return await self._write(lambda db: _create(db, name, self._now()))

    async def delete(self, name: str) -> None:
        """The list and all that is on it are gone."""
        now = self._now()

        def work(db: Connection) -> None:
            _erase(db, name, now)
            gone = [(now, ident) for ident, known in _lists(db) if known.casefold() == name.casefold()]
            db.executemany("UPDATE list SET deleted = 1, name = '', changed = ? WHERE id = ?", gone)

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
        rows = [(uuid.uuid4().hex, name, text, now + number * _APART_S, now) for number, text in enumerate(texts)]

        def work(db: Connection) -> None:
            _create(db, name, now)
            db.executemany("INSERT INTO list_item (id, list, text, created, changed) VALUES (?, ?, ?, ?, ?)", rows)

        await self._write(work)

    async def complete(self, items: Sequence[Item]) -> None:
        """``items`` are done: off the list, but known to have been on it."""
        await self._change("UPDATE list_item SET completed = 1, changed = ? WHERE id = ?", items)

    async def remove(self, items: Sequence[Item]) -> None:
        """``items`` are gone, and what they said with them."""
        await self._change("UPDATE list_item SET deleted = 1, text = '', list = '', changed = ? WHERE id = ?", items)

    async def _change(self, statement: str, items: Sequence[Item]) -> None:
        now = self._now()
        rows = [(now, ident) for item in items for ident in (item.id, *item.twins)]
        await self._write(lambda db: db.executemany(statement, rows))

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


def _lists(db: Connection) -> list[tuple[str, str]]:
    """Id and name of each that was made and not deleted, oldest first."""
    return list(db.execute("SELECT id, name FROM list WHERE NOT deleted ORDER BY created, id"))


def _spellings(db: Connection) -> dict[str, list[str]]:
    """By its name in lower case, how each list is written; the first counts."""
    on_items = db.execute("SELECT DISTINCT list FROM list_item WHERE NOT completed AND NOT deleted ORDER BY list")
    spellings: dict[str, list[str]] = {}
    for name in dict.fromkeys([*(name for _, name in _lists(db)), *(name for (name,) in on_items)]):
        spellings.setdefault(name.casefold(), []).append(name)
    return spellings


def _create(db: Connection, name: str, now: float) -> bool:
    if name.casefold() in _spellings(db):
        return False
    db.execute("INSERT INTO list (id, name, created, changed) VALUES (?, ?, ?, ?)", (uuid.uuid4().hex, name, now, now))
    return True


def _items(db: Connection, name: str) -> list[Item]:
    rows = [
        row
        for spelt in _spellings(db).get(name.casefold(), ())
        for row in db.execute(
            "SELECT created, id, text FROM list_item WHERE list = ? AND NOT completed AND NOT deleted", (spelt,)
        )
    ]
    alike: dict[str, list[tuple[str, str]]] = {}
    for _, ident, text in sorted(rows):
        alike.setdefault(text.casefold(), []).append((ident, text))
    return [Item(*same[0], tuple(ident for ident, _ in same[1:])) for same in alike.values()]


def _erase(db: Connection, name: str, now: float) -> None:
    written = [str(spelt) for (spelt,) in db.execute("SELECT DISTINCT list FROM list_item WHERE NOT deleted")]
    db.executemany(
        "UPDATE list_item SET deleted = 1, text = '', list = '', changed = ? WHERE list = ? AND NOT deleted",
        [(now, spelt) for spelt in written if spelt.casefold() == name.casefold()],
    )
