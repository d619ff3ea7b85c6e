"""A bridge's HTTPS for tests: uvicorn on a free port, with a certificate of the test's choice."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from cloud_sync.protocol.enrolment import grouped
from cloud_sync.server.certificate import Certificate, self_made
from cloud_sync.server.database import Database
from cloud_sync.server.identity.access import Access, access
from cloud_sync.server.identity.houses import USUAL, add_house
from cloud_sync.server.identity.http import enrolment_routes
from cloud_sync.server.identity.signing import Signer, signer
from cloud_sync.server.migrate import migrate
from tests.brokers import free_port


class Clock:
    """Milliseconds since the epoch, as the test wants them."""

    def __init__(self) -> None:
        self.ms = 1_790_000_000_000

    def __call__(self) -> int:
        return self.ms


@dataclass
class Bridge:
    """What the test sees of it."""

    folder: Path
    database: Database
    access: Access
    signer: Signer
    clock: Clock
    certificate: Certificate
    url: str = ""

    async def code(self, house: str = USUAL) -> str:
        """As a person would type it."""
        return grouped(await self.access.enrolments.new_code(house) + self.certificate.fingerprint())


@asynccontextmanager
async def store(folder: Path, url: str | None = None) -> AsyncIterator[Bridge]:
    """One with a house, that nobody can reach yet."""
    clock = Clock()
    async with Database(url or f"sqlite+aiosqlite:///{folder / 'bridge.db'}") as database:
        await migrate(database)
        key = signer(folder / "keys")
        made = await access(database, key, clock)
        await add_house(database, made.audit, USUAL)
        certificate = self_made(folder / "tls", ["localhost", "127.0.0.1"])
        yield Bridge(folder, database, made, key, clock, certificate)


@asynccontextmanager
async def serving(bridge: Bridge, *routes: BaseRoute, certificate: Certificate | None = None) -> AsyncIterator[Bridge]:
    """It answers until the block ends. ``certificate``: another one than its own."""
    port = free_port()
    enrolment = enrolment_routes(bridge.access.enrolments, bridge.certificate.authority)
    app = Starlette(routes=[*enrolment, *routes])
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off")
    config.load()
    config.ssl = (certificate or bridge.certificate).context()
    server = uvicorn.Server(config)
    bridge.url = f"https://localhost:{port}"
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve)
        while not server.started:
            await anyio.sleep(0.01)
        try:
            yield bridge
        finally:
            server.should_exit = True
