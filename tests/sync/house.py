"""An assistant's database with what writes into it and what sends it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.client.bridge import LocalBridge
from cloud_sync.client.compose import End
from cloud_sync.client.credentials import DeviceCredentials
from cloud_sync.client.daemon import Daemon
from cloud_sync.client.outbox import DatabaseOutbox
from cloud_sync.client.replica import Replica
from edge.database import Database

KEY = Ed25519PrivateKey.generate()


class House:
    """An assistant's database, and what it writes."""

    def __init__(self, data_dir: Path, database: Database) -> None:
        self.data_dir, self.database = data_dir, database
        self.outbox = DatabaseOutbox("device", machine="board")

    async def write(self, *texts: str) -> None:
        for text in texts:
            await self.database.write(lambda connection, text=text: self.outbox.put(connection, "turn", {"text": text}))

    def daemon(self, url: str, credentials: DeviceCredentials | None = None, **others: Any) -> Daemon:
        outbox = DatabaseOutbox("device", machine="board")
        end = End(outbox, Replica("device", outbox))
        given = {"random": lambda: 0.0005} | others
        return Daemon(self.data_dir, url, credentials or DeviceCredentials(KEY, "bridge", None), end, **given)

    @asynccontextmanager
    async def syncing(
        self, url: str, credentials: DeviceCredentials | None = None, **others: Any
    ) -> AsyncIterator[Daemon]:
        """hearth-sync runs until the block ends; it hardly waits between attempts."""
        daemon, ready = self.daemon(url, credentials, **others), anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(daemon.serve, ready.set)
            await ready.wait()
            yield daemon
            tasks.cancel_scope.cancel()

    @asynccontextmanager
    async def local(self) -> AsyncIterator[LocalBridge]:
        """The assistant's side of sync.sock."""
        bridge = LocalBridge(self.data_dir)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bridge.serve)
            yield bridge
            tasks.cancel_scope.cancel()


@asynccontextmanager
async def opened(data_dir: Path) -> AsyncIterator[House]:
    """One in that folder."""
    async with Database(data_dir / "hearthside.db") as database:
        made = House(data_dir, database)
        await End(made.outbox, Replica("device", made.outbox)).prepare(database)
        yield made


async def linked(local: LocalBridge, wanted: bool = True) -> None:
    """Returns when the assistant sees it so."""
    with anyio.fail_after(60):
        while local.linked is not wanted:
            await anyio.sleep(0.01)
