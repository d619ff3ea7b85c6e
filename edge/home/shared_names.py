"""Names and rooms of ``house.toml`` in the database as well, where those of the house's other assistants are."""

import functools
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Final

from apsw import Connection

from edge.home.house_names import HouseNames
from edge.home.house_words import Plan, Told, Word, plan
from edge.ports import Storage

PART: Final = "house.names"
STEPS: Final = (
    "CREATE TABLE house_name (id TEXT PRIMARY KEY, part TEXT NOT NULL, thing TEXT NOT NULL, name TEXT NOT NULL,"
    " created REAL NOT NULL)",
    # What the file said when it was last looked at, by the same ids.
    "CREATE TABLE house_name_written (id TEXT PRIMARY KEY, part TEXT NOT NULL, thing TEXT NOT NULL,"
    " name TEXT NOT NULL)",
)
_APART_S: Final = 1e-6
"""What is told at once keeps its order."""
_ROUNDS: Final = 3
"""What was written into the file is found there in the second round; a third finds nothing to do."""


class SharedNames:
    """Keeps file and database the same."""

    def __init__(
        self,
        names: HouseNames,
        storage: Storage,
        settled: Callable[[], Awaitable[None]],
        now: Callable[[], float] = time.time,
    ) -> None:
        """``settled`` returns when it is known which devices there are, and by which keys the file may know them; it
        raises BrokerOffline as long as it is not. ``now``: seconds since the epoch.
        """
        self._names, self._storage, self._settled, self._now = names, storage, settled, now
        self._ready = False

    async def merge(self) -> None:
        """Tell what a person wrote, write what others told. Raises SettingsError, StorageError, BrokerOffline."""
        if not self._ready:
            await self._settled()
            await self._storage.migrate(PART, STEPS)
            self._ready = True
        for _ in range(_ROUNDS):
            told, written = await self._storage.read(lambda db: (_told(db), _written(db)))
            made = plan(self._names.words(), written, told, self._names.keys, lambda: uuid.uuid4().hex)
            if made.tell or made.take_back or made.written != written:
                await self._storage.write(functools.partial(_keep, made, self._now()))
            if not (made.put_in or made.strike_out):
                break
            await self._names.rewrite(made.put_in, made.strike_out)


def _keep(made: Plan, now: float, connection: Connection) -> None:
    connection.executemany("DELETE FROM house_name WHERE id = ?", [(ident,) for ident in made.take_back])
    connection.executemany(
        "INSERT INTO house_name VALUES (?, ?, ?, ?, ?)",
        [(ident, *word, now + number * _APART_S) for number, (ident, word) in enumerate(made.tell.items())],
    )
    connection.execute("DELETE FROM house_name_written")
    connection.executemany(
        "INSERT INTO house_name_written VALUES (?, ?, ?, ?)", [(ident, *word) for ident, word in made.written.items()]
    )


def _told(connection: Connection) -> dict[str, Told]:
    rows = connection.execute("SELECT id, part, thing, name, created FROM house_name")
    return {ident: Told(Word(part, thing, name), created) for ident, part, thing, name, created in rows}


def _written(connection: Connection) -> dict[str, Word]:
    rows = connection.execute("SELECT id, part, thing, name FROM house_name_written")
    return {ident: Word(part, thing, name) for ident, part, thing, name in rows}
