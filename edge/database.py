"""What is kept on disk: one SQLite file, written by one thread, each change durable before it is confirmed.

``apsw-sqlite3mc`` brings a SQLite of its own: the one of the operating system may have the WAL-reset race
(3.7.0 to 3.51.2), which two processes that write and checkpoint the same file can run into.
"""

import functools
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, TypeVar

import apsw

from edge.at_rest import data_key, is_plain, unlock
from edge.engine_thread import EngineThread
from edge.errors import StorageError

_BUSY_MS: Final = 5_000
"""How long to wait for another process that writes."""

_log = logging.getLogger(__name__)

R = TypeVar("R")
_NO_ROOM: Final = (apsw.FullError, apsw.ReadOnlyError, apsw.CantOpenError, apsw.IOError)


class Database:
    """One connection in a thread of its own. Use as an async context manager.

    Where the disk takes no writes when it is opened, it stands on a copy in memory: all can be read, nothing is
    written, and each attempt to write looks first whether the disk takes it by now.
    """

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
        self._checkpoints = checkpoints
        self._build = functools.partial(_open, file, checkpoints)
        self._thread = EngineThread[apsw.Connection]("database", self._build)

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
        # A start that has nothing to bring up to date writes nothing: for the card's sake, and where nothing can be.
        if await self.read(lambda connection: _version(connection, part)) != len(steps):
            await self.write(lambda connection: _migrate(connection, part, steps))

    async def read(self, work: Callable[[apsw.Connection], R]) -> R:
        """The result of ``work``, which only reads. Raises StorageError."""
        return await self._call(work)

    async def write(self, work: Callable[[apsw.Connection], R]) -> R:
        """Run ``work`` in one transaction. When this returns, what it wrote survives a power cut; when it raises,
        nothing of it was written. Raises StorageError.
        """
        result = await self._call(
            lambda connection: _transaction(self._writable(connection), work, self._before_commit)
        )
        if self._after_write is not None:
            self._after_write()
        return result

    def _writable(self, connection: apsw.Connection) -> apsw.Connection:
        """In the thread: the file's own connection again, where one stands in for it and the disk takes writes by now.
        Raises apsw.Error.
        """
        if not isinstance(connection, _StandIn):
            return connection
        own = _connected(self._file, self._checkpoints, None)
        try:
            _try_to_write(own)
        except apsw.Error:
            own.close()
            raise
        _log.warning("%s can be written again", self._file)
        self._thread.exchange(own, self._build)
        return own

    async def _call(self, work: Callable[[apsw.Connection], R]) -> R:
        try:
            return await self._thread.call(work)
        except apsw.Error as error:
            raise StorageError(f"{self._file}: {error}", "check the disk: is it full or read-only?") from error
        except OverflowError as error:
            raise StorageError(f"{self._file}: {error}", "it holds no numbers of more than 63 bits") from error


def _open(file: Path, checkpoints: bool, vfs: str | None = None) -> apsw.Connection:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # What was said, and the hashes of passwords: SQLite gives the files beside it the same mode.
        if not file.exists():
            file.touch(mode=0o600)
        plain = is_plain(file)
        try:
            return _connected(file, checkpoints, vfs)
        except _NO_ROOM as error:
            if vfs is not None or not file.stat().st_size:
                raise
            return _stand_in(file, error)
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


class _StandIn(apsw.Connection):
    """To a copy in memory, which is only read."""

    folder: "tempfile.TemporaryDirectory[str]"

    def close(self, force: bool = False) -> None:
        """The copy goes with it."""
        super().close(force)
        self.folder.cleanup()


def _stand_in(file: Path, error: apsw.Error) -> _StandIn:
    """What was kept can be told, and all that keeps nothing goes on. Raises apsw.Error, OSError where there is no room
    in memory either.
    """
    with ExitStack() as failed:
        folder = tempfile.TemporaryDirectory(prefix="hearthside-", dir=_memory())
        failed.callback(folder.cleanup)
        copy = Path(folder.name) / file.name
        for name in (file.name, f"{file.name}-wal"):
            with suppress(FileNotFoundError):
                shutil.copyfile(file.with_name(name), copy.with_name(name))
        made = _StandIn(str(copy))
        made.folder = folder
        if not is_plain(copy) and (key := data_key(file.parent)) is not None:
            made.execute(f"PRAGMA key = '{key.pragma}'").fetchall()
        _check(made)
        made.execute("PRAGMA query_only = ON")
        failed.pop_all()
    _log.error("%s can't be written (%s): what is in it is only read, and nothing further is kept", file, error)
    return made


def _memory() -> str | None:
    """A folder that is no disk, where there is one."""
    given = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return next((name for name in (given, "/dev/shm") if name and os.access(name, os.W_OK)), None)  # noqa: S108


def _try_to_write(connection: apsw.Connection) -> None:
    """Raises apsw.Error where it can't be."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = connection.execute("PRAGMA user_version").get
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


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


def _version(connection: apsw.Connection, part: str) -> int:
    """How many steps of ``part`` the file has seen."""
    if not connection.table_exists(None, "schema_part"):
        return 0
    row = connection.execute("SELECT version FROM schema_part WHERE part = ?", (part,)).fetchone()
    return int(row[0]) if row else 0


def _migrate(connection: apsw.Connection, part: str, steps: Sequence[str]) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS schema_part (part TEXT PRIMARY KEY, version INTEGER NOT NULL)")
    version = _version(connection, part)
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
