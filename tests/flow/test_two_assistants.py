"""Two whole assistants, two links, one bridge: what is said to one is known to the other."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest
from sqlalchemy import insert

from cloud_sync.client import capture
from cloud_sync.client.compose import assistant_end, daemon
from cloud_sync.client.keys import device_key
from cloud_sync.server import tables
from cloud_sync.server.database import Database
from edge.app import assistant
from edge.assistant import Assistant
from edge.database import Database as Storage
from edge.events import TurnEnded
from edge.home.demo import SimulatedHome
from edge.home.house_file import read_house_file
from edge.identity import identity
from edge.privacy.consent import Consents, How, Purpose
from edge.sections import CloudSettings, MqttSettings, UnderstandSettings
from edge.settings import Settings
from tests.bridge import bridge
from tests.brokers import Mosquitto

pytestmark = pytest.mark.anyio
HOUSE = "h1"
TWO = "There are 2 things on the shopping list."
FACT = "You told me: the key is under the mat."
BEDTIME = "Another assistant was taught the routine bedtime: add candles to my shopping list. Shall I do that?"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class One:
    running: Assistant
    settings: Settings

    async def said(self, text: str) -> str:
        turn = (await self.running.ask(text, session="s"))[-1]
        assert isinstance(turn, TurnEnded)
        return turn.reply.text


def settings(folder: Path, site: str, broker: Mosquitto, url: str | None) -> Settings:
    return Settings(
        data_dir=folder / site,
        mqtt=MqttSettings(host=broker.address.host, port=broker.address.port, site=site, confirm_s=20.0),
        understand=UnderstandSettings(semantic=False, llm="none"),
        cloud=CloudSettings(url=url),
    )


@asynccontextmanager
async def living(settings: Settings) -> AsyncIterator[One]:
    async with assistant(settings, hears=False, sink=None) as running:
        await running.house.settled(30)
        yield One(running, settings)


@asynccontextmanager
async def linked(settings: Settings) -> AsyncIterator[None]:
    """Its ``hearth-sync``."""
    async with anyio.create_task_group() as tasks:
        ready = anyio.Event()
        tasks.start_soon(daemon(settings).serve, ready.set)
        await ready.wait()
        yield
        tasks.cancel_scope.cancel()


async def enrol(folder: Path, *houses: Settings) -> None:
    url = f"sqlite+aiosqlite:///{folder / 'bridge' / 'cloud.db'}"
    async with Database(url) as database, database.transaction(HOUSE) as connection:
        for one in houses:
            public = device_key(one.data_dir).public_key().public_bytes_raw()
            row = {"device": identity(one.data_dir), "house": HOUSE, "public_key": public, "enrolled_ms": 1}
            await connection.execute(insert(tables.device), [row])


async def becomes(what: Callable[[], Awaitable[object]], wanted: object) -> None:
    """Returns once ``what`` gives that; raises what it gave instead."""
    given: object = None
    with anyio.move_on_after(90):
        while (given := await what()) != wanted:
            await anyio.sleep(0.05)
        return
    assert given == wanted


async def agree(settings: Settings) -> None:
    """The house shares what it remembers, from now on."""
    end = assistant_end(settings)
    assert end is not None
    async with Storage(settings.data_dir / "hearthside.db", end.seal) as storage:
        await end.prepare(storage)
        await Consents(storage, end.outbox).say(Purpose.MEMORY, How.CLI, yes=True)


async def test_what_is_said_in_the_bedroom_is_known_in_the_kitchen(
    tmp_path: Path, broker: Mosquitto, home: SimulatedHome
) -> None:
    async with bridge(tmp_path / "bridge") as port, AsyncExitStack() as stack:
        houses = [settings(tmp_path, site, broker, f"ws://127.0.0.1:{port}") for site in ("kitchen", "bedroom")]
        await enrol(tmp_path, *houses)
        (tmp_path / "kitchen").mkdir(exist_ok=True)
        (tmp_path / "kitchen" / "house.toml").write_text("# ours\n")
        for one in houses:
            await agree(one)
        kitchen, bedroom = [await stack.enter_async_context(living(one)) for one in houses]
        for one in houses:
            await stack.enter_async_context(linked(one))

        await bedroom.said("add milk to my shopping list")
        await bedroom.said("remember that the key is under the mat")
        await bedroom.said("when I say bedtime, add candles to my shopping list")
        await bedroom.said("call the bedroom light Betty")
        await kitchen.said("add eggs to my shopping list")
        for one in (kitchen, bedroom):
            await becomes(lambda one=one: one.said("how many things are on my shopping list"), TWO)
            await becomes(lambda one=one: one.said("what do you know about me"), FACT)
            await becomes(lambda one=one: one.said("turn on Betty"), "Bedroom Light is on.")
        # A name that only the bedroom was taught is understood here, too, and done once somebody has agreed.
        await becomes(lambda: kitchen.said("bedtime"), BEDTIME)
        assert await kitchen.said("yes") == "I added candles to the shopping list."
        await becomes(lambda: bedroom.said("is candles on my shopping list"), "Yes, candles is on the shopping list.")
        assert (tmp_path / "kitchen" / "house.toml").read_text().startswith("# ours\n")
        assert read_house_file(tmp_path / "kitchen" / "house.toml") == read_house_file(
            tmp_path / "bedroom" / "house.toml"
        )

    # Without a bridge nothing is noticed for it.
    alone = settings(tmp_path, "kitchen", broker, None)
    async with living(alone) as kitchen:
        await kitchen.said("add tea to my shopping list")
    async with Storage(alone.data_dir / "hearthside.db") as storage:
        assert await storage.read(capture.watching) == []
        assert await storage.read(lambda db: db.execute("SELECT count(*) FROM sync_pending").get) == 0
