"""A board that is enrolled with a real bridge over TLS, beside it."""

import functools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from typer.testing import CliRunner, Result

from cloud_sync.client.compose import AssistantEnd, assistant_end, daemon
from cloud_sync.protocol.enrolment import grouped
from cloud_sync.server.certificate import self_made
from cloud_sync.server.database import Database as Store
from cloud_sync.server.identity.access import access
from cloud_sync.server.identity.houses import add_house
from cloud_sync.server.identity.signing import signer
from cloud_sync.server.migrate import migrate
from cloud_sync.server.settings import load as bridge_settings
from edge.cli import app
from edge.database import Database
from edge.settings import load
from tests.bridge import serving


class Home:
    """A board, and the bridge's machine beside it."""

    def __init__(self, board: Path, bridge: Path, port: int) -> None:
        self.board, self.bridge, self.port = board, bridge, port

    async def hearth(self, *arguments: str) -> Result:
        """The command line, as a person uses it."""
        work = functools.partial(CliRunner().invoke, app, arguments)
        result = await anyio.to_thread.run_sync(work)
        assert result.exit_code == 0, (result.output, result.exception)
        return result

    async def code(self) -> str:
        """What the bridge shows."""
        async with Store(bridge_settings(None, {"data_dir": self.bridge}).url) as store:
            who = await access(store, signer(self.bridge))
            certificate = self_made(self.bridge / "tls", ["localhost"])
            return grouped(await who.enrolments.new_code("home") + certificate.fingerprint())

    @asynccontextmanager
    async def assistant(self) -> AsyncIterator[tuple[Database, AssistantEnd]]:
        """What writes to the board's database."""
        end = assistant_end(load())
        assert end is not None
        file = self.board / "hearthside.db"
        async with (
            Database(file, end.seal, after_write=end.bridge.look) as database,
            anyio.create_task_group() as tasks,
        ):
            await end.prepare(database)
            tasks.start_soon(end.bridge.serve)
            yield database, end
            tasks.cancel_scope.cancel()

    @asynccontextmanager
    async def syncing(self) -> AsyncIterator[None]:
        """hearth-sync runs."""
        ready = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(daemon(load()).serve, ready.set)
            await ready.wait()
            yield
            tasks.cancel_scope.cancel()

    def on_the_bridge(self) -> bytes:
        """Every byte that it has."""
        return b"".join(file.read_bytes() for file in self.bridge.glob("cloud.db*"))

    def on_the_board(self) -> bytes:
        """Likewise."""
        return b"".join(file.read_bytes() for file in self.board.glob("hearthside.db*"))


async def until(holds: Callable[[], bool]) -> None:
    with anyio.fail_after(90):
        while not holds():
            await anyio.sleep(0.05)


@pytest.fixture
async def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Home]:
    """Enrolled, and with nothing allowed yet."""
    board, bridge = tmp_path / "board", tmp_path / "bridge"
    settings = bridge_settings(None, {"data_dir": bridge, "port": 0, "tls_hosts": ("localhost",)})
    bridge.mkdir()
    async with serving(settings) as port:
        home = Home(board, bridge, port)
        monkeypatch.setenv("HEARTH_DATA_DIR", str(board))
        # What is on disk can be read, to see that it is not there.
        monkeypatch.setenv("HEARTH_PRIVACY__ENCRYPT", "false")
        monkeypatch.setenv("HEARTH_CLOUD__URL", f"wss://localhost:{port}")
        async with Store(settings.url) as store:
            await migrate(store)
            await add_house(store, (await access(store, signer(bridge))).audit, "home")
        await home.hearth("sync", "enrol", f"https://localhost:{port}", await home.code())
        yield home
