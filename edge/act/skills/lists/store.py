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

from edge.act.timekeeping import Alert
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
_STEP_S: Final = 1e-3
"""Between two that were moved, where there is room."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something on a list that is not removed."""

    id: str
    text: str
    twins: tuple[str, ...] = ()
    """Ids of others that say the same."""
    done: bool = False
    changed: float = 0.0
    """Seconds since the epoch."""


class ListStore:
    """All lists. Names of lists are the same whatever their case."""

    def __init__(self, storage: Storage, now: Callable[[], float] = time.time) -> None:
        """``now``: seconds since the epoch."""
        self._storage, self._now = storage, now
        self._migrated = False
        self.changed = Alert()
        """Set by every change that is made here."""

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

    async def everything(self, name: str) -> list[Item]:
        """Likewise, and behind it what is done, the latest first."""
        return await self._read(lambda db: [*_items(db, name), *_done(db, name)])

    async def sizes(self, further: Sequence[str] = ()) -> dict[str, tuple[int, int]]:
        """By name, in alphabetical order, how many items of each list wait and are done; also of ``further`` lists."""

        def work(db: Connection) -> dict[str, tuple[int, int]]:
            names = sorted({*further, *(spelt[0] for spelt in _spellings(db).values())})
            return {name: (len(_items(db, name)), len(_done(db, name))) for name in names}

        return await self._read(work)

    async def content(self) -> int:
        """Another number for other content."""
        query = "SELECT id, list, text, created, completed FROM list_item WHERE NOT deleted ORDER BY id"
        return await self._read(lambda db: hash((tuple(_lists(db)), tuple(db.execute(query)))))

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

    async def reopen(self, items: Sequence[Item]) -> None:
        """``items`` are on the list again."""
        await self._change("UPDATE list_item SET completed = 0, changed = ? WHERE id = ?", items)

    async def reword(self, item: Item, text: str) -> None:
        """``item`` says something else."""
        now = self._now()
        rows = [(text, now, ident) for ident in (item.id, *item.twins)]
        await self._write(lambda db: db.executemany("UPDATE list_item SET text = ?, changed = ? WHERE id = ?", rows))

    async def rename(self, name: str, new: str) -> None:
        """The list is called ``new``, on every item, too."""
        now = self._now()

        def work(db: Connection) -> None:
            for spelt in {*_spellings(db).get(name.casefold(), ()), *_written(db, name)}:
                statement = "UPDATE list_item SET list = ?, changed = ? WHERE list = ? AND NOT deleted"
                db.execute(statement, (new, now, spelt))
                db.execute("UPDATE list SET name = ?, changed = ? WHERE name = ? AND NOT deleted", (new, now, spelt))

        await self._write(work)

    async def move(self, name: str, item: Item, before: Item | None) -> None:
        """Put ``item`` ahead of another one, or at the end. Its place is the moment at which it counts as added: so
        the house's other assistants have the same order.
        """
        now = self._now()

        def work(db: Connection) -> None:
            others = [each for each in _items(db, name) if each.id != item.id]
            place = next((number for number, each in enumerate(others) if before and each.id == before.id), len(others))
            known = [_created(db, each) for each in others]
            for each, moment in _moved(known, place):
                moving = item if each is None else others[each]
                rows = [(moment, now, ident) for ident in (moving.id, *moving.twins)]
                db.executemany("UPDATE list_item SET created = ?, changed = ? WHERE id = ?", rows)

        await self._write(work)

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
        result = await self._storage.write(work)
        self.changed.set()
        return result

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
            "SELECT created, id, text, changed FROM list_item WHERE list = ? AND NOT completed AND NOT deleted",
            (spelt,),
        )
    ]
    alike: dict[str, list[tuple[str, str, float]]] = {}
    for _, ident, text, changed in sorted(rows):
        alike.setdefault(text.casefold(), []).append((ident, text, changed))
    return [
        Item(ident, text, tuple(other for other, _, _ in same[1:]), changed=changed)
        for same in alike.values()
        for ident, text, changed in same[:1]
    ]


def _done(db: Connection, name: str) -> list[Item]:
    """What is done and not on the list again, the latest first."""
    query = (
        "SELECT changed, id, text FROM list_item WHERE list = ? AND completed AND NOT deleted ORDER BY changed DESC, id"
    )
    waiting = {item.text.casefold() for item in _items(db, name)}
    alike: dict[str, list[tuple[float, str, str]]] = {}
    for spelt in _written(db, name):
        for changed, ident, text in db.execute(query, (spelt,)):
            if text.casefold() not in waiting:
                alike.setdefault(text.casefold(), []).append((changed, ident, text))
    items = [
        Item(ident, text, tuple(other for _, other, _ in same[1:]), done=True, changed=changed)
        for same in alike.values()
        for changed, ident, text in same[:1]
    ]
    return sorted(items, key=lambda item: -item.changed)


def _created(db: Connection, item: Item) -> float:
    return float(db.execute("SELECT created FROM list_item WHERE id = ?", (item.id,)).get)


def _moved(known: Sequence[float], place: int) -> list[tuple[int | None, float]]:
    """New moments for what is put at ``place`` among others, whose moments are ``known``, and for as few of these as
    must make room: by index, None for what is put there.
    """
    if not known:
        return []
    if place == 0:
        return [(None, known[0] - _STEP_S)]
    last = known[place - 1]
    if place == len(known) or known[place] - last >= _APART_S:
        behind = known[place] if place < len(known) else last + 2 * _STEP_S
        return [(None, (last + behind) / 2)]
    moved: list[tuple[int | None, float]] = []
    for number in (None, *range(place, len(known))):
        if number is not None and known[number] > last:
            break
        last += _STEP_S
        moved.append((number, last))
    return moved


def _written(db: Connection, name: str) -> list[str]:
    """How the list's name is written on what is on it, done or not."""
    known = db.execute("SELECT DISTINCT list FROM list_item WHERE NOT deleted")
    return [spelt for (spelt,) in known if spelt.casefold() == name.casefold()]


def _erase(db: Connection, name: str, now: float) -> None:
    db.executemany(
        "UPDATE list_item SET deleted = 1, text = '', list = '', changed = ? WHERE list = ? AND NOT deleted",
        [(now, spelt) for spelt in _written(db, name)],
    )
