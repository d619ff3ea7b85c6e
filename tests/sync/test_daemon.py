"""hearth-sync against a bridge over a real WebSocket, with the shared database on disk."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import anyio
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.client.bridge import LocalBridge
from cloud_sync.client.compose import End
from cloud_sync.client.credentials import DeviceCredentials
from cloud_sync.client.daemon import Daemon
from cloud_sync.client.kept import KeptQuestions
from cloud_sync.client.outbox import DatabaseOutbox
from cloud_sync.client.replica import Replica
from cloud_sync.protocol.messages import Answer, Ask, Cancel, Delta, Taken
from edge.database import Database
from edge.errors import CloudLinkLost, CloudUnreachable
from tests.bridges import MemoryBridge, memory_bridge

pytestmark = pytest.mark.anyio
KEY = Ed25519PrivateKey.generate()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class House:
    """An assistant's database, and what it writes."""

    def __init__(self, data_dir: Path, database: Database) -> None:
        self.data_dir, self.database = data_dir, database
        self.outbox = DatabaseOutbox("device", machine="board")

    async def write(self, *texts: str) -> None:
        for text in texts:
            await self.database.write(lambda connection, text=text: self.outbox.put(connection, "turn", {"text": text}))

    def daemon(self, url: str) -> Daemon:
        credentials = DeviceCredentials(KEY, "bridge", None)
        outbox = DatabaseOutbox("device", machine="board")
        return Daemon(self.data_dir, url, credentials, End(outbox, Replica("device", outbox)), random=lambda: 0.0)

    @asynccontextmanager
    async def syncing(self, url: str) -> AsyncIterator[Daemon]:
        daemon, ready = self.daemon(url), anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(daemon.serve, ready.set)
            await ready.wait()
            yield daemon
            tasks.cancel_scope.cancel()

    @asynccontextmanager
    async def local(self) -> AsyncIterator[LocalBridge]:
        bridge = LocalBridge(self.data_dir)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bridge.serve)
            yield bridge
            tasks.cancel_scope.cancel()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with Database(tmp_path / "hearthside.db") as database:
        house = House(tmp_path, database)
        await End(house.outbox, Replica("device", house.outbox)).prepare(database)
        yield house


async def linked(local: LocalBridge, wanted: bool = True) -> None:
    with anyio.fail_after(30):
        while local.linked is not wanted:
            await anyio.sleep(0.01)


async def test_what_waits_is_sent_and_what_comes_is_sent_at_once(house: House) -> None:
    await house.write("one", "two")
    async with memory_bridge() as bridge, house.syncing(bridge.url), house.local() as local:
        await bridge.until(2)
        await linked(local)
        await house.write("three")
        local.look()
        await bridge.until(3)
    assert bridge.numbers() == [1, 2, 3]


async def test_a_link_that_is_cut_loses_and_doubles_nothing(house: House) -> None:
    async with memory_bridge() as bridge, house.syncing(bridge.url), house.local() as local:
        for number in range(5):
            await linked(local)
            await house.write(f"before {number}")
            local.look()
            await bridge.cut()
            await house.write(f"after {number}")
        await bridge.until(10)
    assert bridge.numbers() == list(range(1, 11))


async def answered(local: LocalBridge) -> list[str]:
    """What comes in answer to a question."""
    async with aclosing(local.ask(Ask(id="q", question="why?"))) as pieces:
        return [piece.text async for piece in pieces if isinstance(piece, Delta | Answer)]


async def test_an_answer_is_streamed_to_whoever_asked(house: House) -> None:
    async with memory_bridge() as bridge, house.syncing(bridge.url), house.local() as local:
        await linked(local)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_answer, bridge)
            assert await answered(local) == ["Be", "cause", "Because"]
        assert await bridge.heard_one(Taken) == Taken(id="q")


async def _answer(bridge: MemoryBridge) -> None:
    await bridge.heard_one(Ask)
    for n, text in enumerate(("Be", "cause")):
        await bridge.say(Delta(id="q", n=n, text=text))
    await bridge.say(Answer(id="q", text="Because"))


async def test_a_link_that_goes_in_mid_answer_is_told_and_the_answer_is_kept(house: House) -> None:
    async with memory_bridge() as bridge, house.syncing(bridge.url), house.local() as local:
        await linked(local)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_cut_after_a_word, bridge)
            with pytest.raises(CloudLinkLost):
                await answered(local)
        await linked(local)
        await bridge.say(Answer(id="q", text="Because"))
        assert await bridge.heard_one(Taken) == Taken(id="q")
    late = await house.database.read(KeptQuestions(house.outbox).late)
    assert [(each.answer.text, each.kept) for each in late] == [("Because", None)]


async def _cut_after_a_word(bridge: MemoryBridge) -> None:
    await bridge.heard_one(Ask)
    await bridge.say(Delta(id="q", n=0, text="Be"))
    await bridge.cut()


async def test_nobody_to_ask_is_said_at_once(house: House) -> None:
    async with house.local() as local:
        with pytest.raises(CloudUnreachable, match="hearth-sync is not running"):
            await anext(local.ask(Ask(id="q", question="why?")))
        async with house.syncing("ws://127.0.0.1:9"):
            with anyio.fail_after(10):
                while local.standing.error == "":
                    await anyio.sleep(0.01)
            with pytest.raises(CloudUnreachable, match="no link to the bridge: unreachable"):
                await anext(local.ask(Ask(id="q", question="why?")))


async def test_whoever_leaves_early_cancels(house: House) -> None:
    async with memory_bridge() as bridge, house.syncing(bridge.url), house.local() as local:
        await linked(local)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(answered, local)
            await bridge.heard_one(Ask)
            tasks.cancel_scope.cancel()
        assert await bridge.heard_one(Cancel) == Cancel(id="q")
