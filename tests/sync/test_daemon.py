"""hearth-sync against a bridge over a real WebSocket, with the shared database on disk."""

from contextlib import aclosing

import anyio
import pytest

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
