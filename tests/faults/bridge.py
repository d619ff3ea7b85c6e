"""The bridge of a schedule: the real worker on a real store, which may die at any statement."""

import asyncio
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
from sqlalchemy import select

from cloud_sync.protocol.event import decode
from cloud_sync.server import worker as worker_module
from cloud_sync.server.app import Parts, parts
from cloud_sync.server.connection import Connection
from cloud_sync.server.database import Database
from cloud_sync.server.heavy import service
from cloud_sync.server.metrics import Meter
from cloud_sync.server.settings import Settings, load
from cloud_sync.server.tables import store
from cloud_sync.server.worker import Worker
from tests.faults.inline import inline
from tests.faults.network import Network, ServerEnd
from tests.faults.process import Killed, Process


@contextmanager
def seldom_swept() -> Iterator[None]:
    """Within the block an idle store is looked into less often than any schedule needs."""
    with patch.object(worker_module, "_SWEEP_S", 5.0), patch.object(service, "_POLL_S", 60.0):
        yield


@dataclass(frozen=True, slots=True)
class Row:
    """An event as the store has it."""

    house: str
    device: str
    incarnation: str
    seq: int
    covers: int
    id: bytes
    kind: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Backup:
    """What was in the store at some moment."""

    folder: Path
    ids: frozenset[bytes]


class SimBridge:
    """One worker on SQLite."""

    def __init__(self, folder: Path, template: Path, network: Network, chance: random.Random) -> None:
        self._folder, self._network, self._chance = folder, network, chance
        self._lives = 0
        self._at = folder / "store0"
        self._at.mkdir()
        shutil.copy(template / "cloud.db", self.file)
        shutil.copy(template / "bridge.key", folder / "bridge.key")
        self._settings: Settings = load(None, {"data_dir": folder})
        self._parts = AsyncExitStack()
        self._restarting = asyncio.Lock()
        self.process: Process | None = None
        self._running: asyncio.Task[None] | None = None
        self._database: Database | None = None
        self._connections: list[ServerEnd] = []
        self.backups: list[Backup] = []
        self.backed_up: set[bytes] = set()
        """Ids of all events that any backup had: devices need not keep them."""
        self.died: Callable[[str], None] = lambda _what: None
        self.broke: Callable[[BaseException], None] = lambda _error: None
        """Its worker has ended by itself."""

    @property
    def file(self) -> Path:
        return self._at / "cloud.db"

    @property
    def is_up(self) -> bool:
        return self.process is not None and not self.process.is_dead

    # -- life ----------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        process = self.process = Process("bridge", self._died)
        database = self._database = Database(f"sqlite+aiosqlite:///{self.file}")
        inline(database, self.file, process, self._committing)
        try:
            async with database.transaction() as connection:
                row = (await connection.execute(select(store.c.server, store.c.epoch))).one()
            meter = Meter()
            made = await self._parts.enter_async_context(parts(self._settings, database, meter))
        except Killed:
            return
        others = made.appliers, made.heavy, made.gate, made.receipts
        worker = Worker(database, made.devices, row.server, row.epoch, meter, *others)
        self._running = asyncio.create_task(self._run(worker, made, process))
        self._connections = []

        def accept(end: ServerEnd) -> Connection:
            connection = Connection(worker, end)
            end.connection, end.process = connection, process
            self._connections.append(end)
            connection.opened()
            return connection

        self._network.accept = accept

    async def _run(self, worker: Worker, made: Parts, process: Process) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for work in (worker.run(), *(serve(worker.tell) for serve in made.services)):
                    group.create_task(work)
        except (Killed, asyncio.CancelledError, BaseExceptionGroup) as error:
            if not process.is_dead and not isinstance(error, asyncio.CancelledError):
                self.broke(error)

    async def stop(self) -> None:
        """At the end of a schedule."""
        if self.process is not None:
            self.process.is_dead = True
        await self._bury()

    def kill(self) -> None:
        """Now."""
        if self.process is not None:
            self.process.die("now")

    async def _bury(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = None
        await self._parts.aclose()
        if self._database is not None:
            await self._database.engine.dispose()
            self._database = None

    def _died(self, what: str) -> None:
        self._network.accept = None
        self._leave_files()
        for end in self._connections:
            if not end.is_closed:
                end._wire.vanish(board=False)
        self.died(what)

    def _leave_files(self) -> None:
        """What the dead process left, apart from what its objects here may still do."""
        self._lives += 1
        old, new = self._at, self._folder / f"store{self._lives}"
        new.mkdir()
        for name in ("cloud.db", "cloud.db-wal"):
            if (old / name).exists():
                shutil.copy(old / name, new / name)
        self._at = new

    def _committing(self, commit: Callable[[], None]) -> None:
        process = self.process
        assert process is not None
        if process.fuse != 0:
            commit()
            return
        # It dies in the middle of it.
        wal = self._at / "cloud.db-wal"
        before = wal.read_bytes() if wal.exists() else b""
        was = self.file.read_bytes()
        commit()
        after = wal.read_bytes()
        if self.file.read_bytes() == was:
            torn = self._chance.randint(0, len(after))
            wal.write_bytes(after[:torn] + before[torn:])
        process.point("in the middle of a commit")

    async def restart(self) -> None:
        """After it has died."""
        async with self._restarting:
            if not self.is_up:
                await self._bury()
                await self.start()

    # -- backups -------------------------------------------------------------------------------------------------------

    def back_up(self) -> None:
        """All of it, as it is now; then devices need not keep what is in it."""
        folder = self._folder / f"backup{len(self.backups)}"
        folder.mkdir()
        with closing(sqlite3.connect(self.file)) as live, closing(sqlite3.connect(folder / "cloud.db")) as copy:
            live.backup(copy)
        ids = frozenset(row.id for row in rows(folder / "cloud.db"))
        self.backups.append(Backup(folder, ids))
        self.backed_up |= ids
        with closing(sqlite3.connect(folder / "cloud.db")) as copy, closing(sqlite3.connect(self.file)) as live:
            for key in copy.execute("SELECT acked, device, incarnation FROM stream"):
                live.execute("UPDATE stream SET watermark = ? WHERE device = ? AND incarnation = ?", key)
            live.commit()

    def revoke(self, device: str, at_ms: int | None) -> None:
        """It may not come in any more; or, ``at_ms`` None, again."""
        with closing(sqlite3.connect(self.file)) as live:
            live.execute("UPDATE device SET revoked_ms = ? WHERE device = ?", (at_ms, device))
            live.commit()

    def restore(self, backup: Backup) -> None:
        """While it is down."""
        assert not self.is_up
        for name in ("cloud.db-wal", "cloud.db-shm"):
            (self._at / name).unlink(missing_ok=True)
        shutil.copy(backup.folder / "cloud.db", self.file)
        with closing(sqlite3.connect(self.file)) as live:
            live.execute("UPDATE store SET epoch = ?", (self._chance.randbytes(8).hex(),))
            live.commit()

    def sabotage(self, sql: str) -> None:
        """For tests of what finds it."""
        with closing(sqlite3.connect(self.file)) as live:
            live.execute(sql)
            live.commit()

    # -- what is in it -------------------------------------------------------------------------------------------------

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.file)) as connection:
            return connection.execute(sql, values).fetchall()

    def rows(self) -> list[Row]:
        """All events."""
        return rows(self.file)


def rows(file: Path) -> list[Row]:
    """All events of a store."""
    query = "SELECT house, device, incarnation, seq, covers, id, kind, raw FROM event"
    with closing(sqlite3.connect(file)) as connection:
        return [Row(*row) for row in connection.execute(query)]


def lost_of(row: Row) -> dict[str, int]:
    """What a gap says."""
    found: dict[str, int] = msgspec.msgpack.decode(decode(row.raw).body)["lost"]
    return found
