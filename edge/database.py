"""What is kept on disk: one SQLite file, written by one thread, each change durable before it is confirmed.

``apsw-sqlite3mc`` brings a SQLite of its own: the one of the operating system may have the WAL-reset race
(3.7.0 to 3.51.2), which two processes that write and checkpoint the same file can run into.
"""

import functools
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, TypeVar

import apsw

from edge.at_rest import is_plain, unlock
from edge.engine_thread import EngineThread
from edge.errors import StorageError

_BUSY_MS: Final = 5_000
"""How long to wait for another process that writes."""

_log = logging.getLogger(__name__)

R = TypeVar("R")


class Database:
    """One connection in a thread of its own. Use as an async context manager."""

    def __init__(
        self,
        file: Path,
        before_commit: Callable[[apsw.Connection], None] | None = None,
        *,
        after_write: Callable[[], None] | None = None,
        checkpoints: bool = True,
    ) -> None:
        """``file`` is made, with its folder, where it is not there. ``before_commit`` has the last word in each
        transaction that writes; ``after_write`` is called when one has been written. ``checkpoints`` False: another
        process takes what was written from the write-ahead log into the file, and begins a new one where it is damaged.
        """
        self._file, self._before_commit, self._after_write = file, before_commit, after_write
        self._thread = EngineThread[apsw.Connection]("database", functools.partial(_open, file, checkpoints))

    async def __aenter__(self) -> "Database":
        await self._thread.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._thread.__aexit__(kind, error, trace)

    @property
    def waiting(self) -> int:
        """How many calls wait for those before them."""
        return self._thread.waiting

    async def migrate(self, part: str, steps: Sequence[str]) -> None:
        """Bring the tables of ``part`` up to date: runs the ``steps`` (SQL) that this file has not seen yet, all or
        none. Steps are only ever added at the end. Raises StorageError.
        """
        await self.write(lambda connection: _migrate(connection, part, steps))

    async def read(self, work: Callable[[apsw.Connection], R]) -> R:
        """The result of ``work``, which only reads. Raises StorageError."""
        return await self._call(work)

    async def write(self, work: Callable[[apsw.Connection], R]) -> R:
        """Run ``work`` in one transaction. When this returns, what it wrote survives a power cut; when it raises,
        nothing of it was written. Raises StorageError.
        """
        result = await self._call(lambda connection: _transaction(connection, work, self._before_commit))
        if self._after_write is not None:
            self._after_write()
        return result

    async def _call(self, work: Callable[[apsw.Connection], R]) -> R:
        try:
            return await self._thread.call(work)
        except apsw.Error as error:
            raise StorageError(f"{self._file}: {error}", "check the disk: is it full or read-only?") from error


def _open(file: Path, checkpoints: bool, vfs: str | None = None) -> apsw.Connection:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # What was said, and the hashes of passwords: SQLite gives the files beside it the same mode.
        file.touch(mode=0o600)
        plain = is_plain(file)
        try:
            return _connected(file, checkpoints, vfs)
        except (apsw.NotADBError, apsw.CorruptError) as error:
            if plain and not is_plain(file):
                # Another program has just encrypted it.
                return _connected(file, checkpoints, vfs)
            if not checkpoints:
                raise
            _set_aside(file, error)
            return _connected(file, checkpoints, vfs)
    except (OSError, apsw.Error) as error:
        raise StorageError(f"{file} can't be opened: {error}", "check the data directory and the disk") from error


def _connected(file: Path, checkpoints: bool, vfs: str | None) -> apsw.Connection:
    connection = apsw.Connection(str(file), vfs=vfs)
    if vfs is None:
        unlock(connection, file)
    connection.set_busy_timeout(_BUSY_MS)
    # FULL: in WAL mode NORMAL may lose the last commits at a power cut, and those were confirmed aloud.
    # One by one: of several in one string, those after the first that says something wait for somebody to ask on.
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.execute("PRAGMA synchronous = FULL").fetchall()
    if not checkpoints:
        connection.wal_autocheckpoint(0)
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    # What a person wants forgotten is overwritten, not only unlinked.
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    if checkpoints:
        _check(connection)
    return connection


def _check(connection: apsw.Connection) -> None:
    """Raises CorruptError where any page is not what it should be: see https://sqlite.org/pragma.html#pragma_quick_check.
    Found later, in the middle of a turn, it would be an error at each start, and nothing would ever mend it.
    """
    found = connection.execute("PRAGMA quick_check(1)").fetchall()
    if found != [("ok",)]:
        connection.close()
        raise apsw.CorruptError(str(found[0][0]))


def _set_aside(file: Path, error: apsw.Error) -> None:
    """A file that is no database any more would keep the assistant from starting, again and again. What the house
    shares comes back from the bridge, where there is one.
    """
    aside = file.with_name(f"{file.name}.damaged-{time.time():.0f}")
    _log.error("%s is damaged (%s): it is kept as %s, and a new one begun", file, error, aside.name)
    file.rename(aside)
    for beside in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            file.with_name(file.name + beside).rename(aside.with_name(aside.name + beside))


def _transaction(
    connection: apsw.Connection,
    work: Callable[[apsw.Connection], R],
    before_commit: Callable[[apsw.Connection], None] | None,
) -> R:
    # Statements, not apsw's `with connection`: that one keeps Python's lock while it waits for another process, or for
    # the disk, and stops every other thread meanwhile. IMMEDIATE, because two processes that both begin by reading
    # could wait for each other.
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
        if before_commit is not None:
            before_commit(connection)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    return result


def _migrate(connection: apsw.Connection, part: str, steps: Sequence[str]) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS schema_part (part TEXT PRIMARY KEY, version INTEGER NOT NULL)")
    row = connection.execute("SELECT version FROM schema_part WHERE part = ?", (part,)).fetchone()
    version = row[0] if row else 0
    if version > len(steps):
        raise StorageError(
            f"the database has {part} in version {version}, newer than this program's {len(steps)}",
            "update Hearthside, or restore an older backup",
            permanent=True,
        )
    for step in steps[version:]:
        connection.execute(step)
    connection.execute(
        "INSERT INTO schema_part VALUES (?, ?) ON CONFLICT (part) DO UPDATE SET version = excluded.version",
        (part, len(steps)),
    )
