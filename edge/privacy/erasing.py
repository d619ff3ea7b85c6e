"""Erasing what is kept: overwritten in the file, not only hidden; on the bridge and the other assistants, too."""

import shutil
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread
from apsw import Connection

from edge.at_rest import DATABASE
from edge.errors import StorageError
from edge.memory.episodes import Episodes
from edge.memory.facts import Facts
from edge.memory.feedback import Traces
from edge.ports import Erasures, Storage
from edge.privacy.kept import KINDS, Kind, tables

ERASABLE: Final = ("turns", "facts", "lists", "routines", "timers", "alarms", "reminders", "later", "questions")
"""Kinds that can be erased by themselves."""
_FOREVER: Final = float("inf")
_TRIES: Final = 20
_AGAIN_S: Final = 0.05


class Erasing:
    """Erases in one database; whoever holds something of it in memory is to be told."""

    def __init__(self, storage: Storage, data_dir: Path, erasures: Erasures | None = None) -> None:
        """``data_dir``: where recordings lie, which go with their turns. ``erasures`` None: there is no bridge that
        must forget, too.
        """
        self._storage, self._erasures, self._traces = storage, erasures, Traces(data_dir)
        self._data_dir = data_dir
        self._facts = Facts(storage, erasures=erasures)
        self._episodes = Episodes(storage, 1.0, erasures=erasures, traces=self._traces)

    async def about(self, query: str) -> int:
        """Facts and turns that ``query`` may be about. Returns how many there were. Raises StorageError."""
        count = await self._facts.forget(await self._facts.about(query))
        return count + await self._episodes.erase(await self._episodes.about(query, 0.0, _FOREVER))

    async def turns(self, since: float = 0.0, until: float = _FOREVER) -> int:
        """Those of that time, seconds since the epoch. Likewise."""
        return await self._episodes.forget(since, until)

    async def conversation(self, session: str) -> int:
        """The turns of a session. Likewise."""
        return await self._episodes.erase(await self._episodes.of(session))

    async def kinds(self, names: Collection[str]) -> int:
        """All of some kinds, of :data:`ERASABLE`. Likewise."""
        count = 0
        if "turns" in names:
            count += await self.turns()
        if "facts" in names:
            count += await self._facts.forget(await self._facts.all())
        some = [kind for kind in KINDS if kind.name in names and kind.name not in ("turns", "facts")]
        return count + await self._storage.write(lambda connection: self._empty(connection, some))

    async def everything(self) -> int:
        """All rows of all tables, but what was allowed, and what the link needs to have the rest forgotten; recordings
        of whoever said a wake word; and what was set aside when it was damaged. Raises StorageError.
        """
        count = await self._storage.write(self._empty_all)
        return count + await anyio.to_thread.run_sync(_remove_files, self._data_dir)

    async def overwritten(self) -> bool:
        """Have nothing of it stay behind in the write-ahead log. Whether that could be done: not while somebody reads
        what was there before, such as an export that goes on. Raises StorageError.
        """
        for _ in range(_TRIES):
            if await self._storage.read(_truncated):
                return True
            await anyio.sleep(_AGAIN_S)
        return False

    def _empty(self, connection: Connection, kinds: Sequence[Kind]) -> int:
        there, count = tables(connection), 0
        for kind in kinds:
            for number, table in enumerate(kind.tables):
                if table not in there:
                    continue
                if kind.records and self._erasures is not None:
                    ids = connection.execute(f'SELECT id FROM "{table}"').fetchall()  # noqa: S608
                    self._erasures.forget(connection, records=[(kind.records[number], str(i)) for (i,) in ids])
                connection.execute(f'DELETE FROM "{table}"')  # noqa: S608  # the names are ours
                count += connection.changes()
        return count

    def _empty_all(self, connection: Connection) -> int:
        count = 0
        self._traces.erase(connection, None)
        for table in tables(connection):
            # What the link needs stays: what was allowed, and that the rest is to be forgotten, is not forgotten.
            if not table.startswith(("sync_", "privacy_")):
                connection.execute(f'DELETE FROM "{table}"')  # noqa: S608  # the name comes out of the schema itself
                count += connection.changes()
        if self._erasures is not None:
            self._erasures.forget_everything(connection)
        return count


def _remove_files(data_dir: Path) -> int:
    """Those beside the database. A trained wake word stays: it holds nobody's voice."""
    takes, copies = list(data_dir.glob("wake/*/*.wav")), list(data_dir.glob(f"{DATABASE}.damaged-*"))
    try:
        for folder in {take.parent for take in takes}:
            shutil.rmtree(folder)
        for copy in copies:
            copy.unlink(missing_ok=True)
    except OSError as error:
        what = f"{error.filename} can't be removed: {error.strerror}"
        raise StorageError(what, "see to the disk and its permissions") from None
    return len(takes) + len(copies)


def _truncated(connection: Connection) -> bool:
    # It does not wait for readers, for turns wait behind it.
    before = connection.execute("PRAGMA busy_timeout").get
    connection.set_busy_timeout(0)
    try:
        ((busy, _, _),) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.set_busy_timeout(before)
    return not busy
