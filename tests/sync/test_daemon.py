"""hearth-sync against a bridge over a real WebSocket, with the shared database on disk."""

import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream

from cloud_sync.client.bridge import LocalBridge
from cloud_sync.client.kept import KeptQuestions
from cloud_sync.protocol.messages import Answer, Ask, Cancel, Delta, Taken
from edge.errors import CloudLinkLost, CloudUnreachable
from tests.bridges import MemoryBridge, memory_bridge
from tests.sync.house import House, linked

pytestmark = pytest.mark.anyio


async def test_what_waits_is_sent_and_what_comes_is_sent_at_once(house: House) -> None:
    await house.write("one", "two")
    async with memory_bridge() as bridge, house.syncing(bridge.url), house.local() as local:
        await bridge.until(2)
        await linked(local)
        await house.write("three")
        local.look()
        await bridge.until(3)
    assert bridge.numbers() == [1, 2, 3]


async def test_what_was_written_before_anybody_could_be_told_is_sent_as_soon_as_one_can(house: House) -> None:
    await house.write("one")
    async with memory_bridge() as bridge, house.syncing(bridge.url):
        await bridge.until(1)
        await house.write("two")
        async with house.local():
            # hearth-sync looks by itself, but only once a minute.
            with anyio.fail_after(40):
                await bridge.until(2)


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
            with anyio.fail_after(60):
                while local.standing.error == "":
                    await anyio.sleep(0.01)
            with pytest.raises(CloudUnreachable, match="no link to the bridge: unreachable"):
                await anext(local.ask(Ask(id="q", question="why?")))


async def test_a_question_that_no_frame_holds_is_refused_at_once_and_the_link_stays(house: House) -> None:
    async with memory_bridge() as bridge, house.syncing(bridge.url), house.local() as local:
        await linked(local)
        with pytest.raises(CloudUnreachable, match="too much to ask"):
            await anext(local.ask(Ask(id="q", question="x" * 2**21)))
        assert local.linked
        assert len([message for message in bridge.heard if isinstance(message, Ask)]) == 0


async def test_whoever_leaves_early_cancels(house: House) -> None:
    async with memory_bridge() as bridge, house.syncing(bridge.url), house.local() as local:
        await linked(local)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(answered, local)
            await bridge.heard_one(Ask)
            tasks.cancel_scope.cancel()
        assert await bridge.heard_one(Cancel) == Cancel(id="q")


async def test_a_network_that_is_back_is_tried_at_once(house: House) -> None:
    back = anyio.Event()

    async def network() -> AsyncGenerator[None, None]:
        await back.wait()
        yield

    async with memory_bridge() as bridge:
        # The next attempt would be in hours.
        bridge.refuses = True
        async with house.syncing(bridge.url, random=lambda: 0.0, network=network), house.local() as local:
            with anyio.fail_after(60):
                while "revoked" not in local.standing.error:
                    await anyio.sleep(0.01)
            assert local.standing.next_try_s > 3_000
            bridge.refuses = False
            back.set()
            await linked(local)


WATCHER = """
import itertools
import anyio
from cloud_sync.client.network import changes
async def main():
    async for _ in changes():
        print("changed", flush=True)
async def said():
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(main)
        for change in itertools.cycle(("up", "down")):  # until it listens
            await anyio.sleep(0.2)
            await anyio.run_process(["ip", "link", "set", "lo", change])
anyio.run(said)
"""


async def test_the_system_tells_when_its_routes_change() -> None:
    command = ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-c", WATCHER]
    async with await anyio.open_process(command) as watcher:
        assert watcher.stdout is not None
        with anyio.fail_after(60):
            assert await BufferedByteReceiveStream(watcher.stdout).receive_until(b"\n", 100) == b"changed"
        watcher.kill()
