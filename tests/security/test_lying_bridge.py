"""A bridge that was taken over, against a running ``hearth-sync``: whatever it says, the assistant goes on writing, the
link comes back once the bridge is honest again, and nothing grows for as long as somebody likes to talk.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final

import anyio
import msgspec
import pytest

from cloud_sync.client.kept import KeptQuestions
from cloud_sync.protocol.event import Kind, encode, event
from cloud_sync.protocol.messages import (
    Ack,
    Answer,
    Ask,
    Bye,
    Cancel,
    Changes,
    Delta,
    Error,
    Message,
    Nudge,
    Numbered,
    Pull,
    Receipt,
    Refused,
    Taken,
)
from cloud_sync.protocol.record import Change
from edge.errors import StorageError
from tests.bridges import MemoryBridge, memory_bridge
from tests.sync.house import House, linked, opened

pytestmark = pytest.mark.anyio
HUGE: Final = 2**64 - 1
LAST: Final = 2**63 - 1


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """An assistant's database, with what writes into it and what sends it."""
    async with opened(tmp_path) as made:
        yield made


def change(n: int = 1, clock: int = 5, created: float = 1.0) -> Numbered:
    fields: dict[str, Any] = {"name": "chores", "created": created}
    one = event("other", "first", 1, Kind.CHANGE, 5, Change(kind="list", record="a", fields=fields))
    return Numbered(n=n, device="other", incarnation="first", event=msgspec.Raw(encode(one)), clock=clock)


UNREADABLE: Final = Numbered(n=HUGE, device="other", incarnation="first", event=msgspec.Raw(b"\xc0"), clock=5)


def page(*items: Numbered, cursor: int = 1, more: bool = False, snapshot: bool = False) -> Changes:
    return Changes(items=items, cursor=cursor, more=more, snapshot=snapshot)


@pytest.mark.parametrize(
    ("welcome", "pages", "said"),
    [
        ({"time_ms": HUGE}, [], []),
        ({"time_ms": 2**62}, [], []),
        ({"time_ms": 143 * 10**12}, [], []),  # the year 6500: stamps of that do not fit into the database
        ({"acked": -(2**63)}, [], []),
        ({"watermark": HUGE}, [], []),
        ({"epoch": "e" * 500_000}, [], []),  # told again in each hello, which no bridge takes then
        ({"flags": {"f" * 200 + str(n): float("nan") for n in range(2_000)}}, [], []),
        ({"splay_s": float("inf")}, [], []),
        ({}, [page(cursor=HUGE)], []),
        ({}, [page(cursor=2**62)], []),
        ({}, [page(change(clock=HUGE))], []),
        ({}, [page(change(clock=LAST))], []),  # after which there is no later one
        ({}, [page(change(created=HUGE))], []),
        ({}, [page(change(created=1e308))], []),
        ({}, [page(UNREADABLE)], []),
        ({}, [page(*[change(n) for n in range(1, 3_000)], cursor=3_000)], []),
        ({}, [], [Nudge(cursor=HUGE)]),
        ({}, [], [Refused(seq=HUGE, code="no", message="")]),
        ({}, [], [Ack(seq=-(2**63), watermark=-(2**63))]),
        ({}, [], [Error(code="gap", message="", expected=HUGE)]),
        ({}, [], [Error(code="other", message="", retry_after_s=float("nan"))]),
        ({}, [], [Receipt(id="i" * 500_000, statement=b"x" * 200_000, signature=b"")]),
        ({}, [], [Answer(id="i" * 500_000, text="x" * 400_000)]),
    ],
)
async def test_a_lie_ends_neither_the_link_for_good_nor_what_is_written_here(
    house: House, welcome: dict[str, Any], pages: list[Changes], said: list[Message]
) -> None:
    bridge = MemoryBridge(welcome=welcome, pages=list(pages))
    await house.write("before")
    async with memory_bridge(bridge), house.syncing(bridge.url):
        await bridge.heard_one(type_of_first(welcome))
        for message in said:
            await bridge.heard_one(Pull)
            await bridge.say(message)
        await anyio.sleep(0.3)  # what it has done by then
        await house.write("meanwhile")
        bridge.welcome, bridge.pages = {}, []
        await bridge.cut()
        with anyio.fail_after(30):
            while {1, 2} - set(bridge.numbers()):
                await anyio.sleep(0.05)
        await house.write("afterwards")
    assert all(0 < one.clock < 2**62 for one in bridge.events())


def type_of_first(welcome: dict[str, Any]) -> type[Message]:
    """What the device says last before the lie has its effect."""
    from cloud_sync.protocol.messages import Hello

    return Hello if welcome else Pull


@pytest.mark.parametrize(
    "message",
    [
        Bye(reason="a\n\x1b[31mb", retry_after_s=float("inf")),
        Error(code="\x1b[2Jbusy", message="a\nERROR root: " + "x" * 5_000, retry_after_s=float("inf")),
    ],
)
async def test_why_it_ends_is_shown_as_one_short_line_and_it_is_tried_again_within_a_day(
    house: House, message: Message, caplog: pytest.LogCaptureFixture
) -> None:
    async with memory_bridge() as bridge, house.syncing(bridge.url) as daemon:
        await bridge.heard_one(Pull)
        await bridge.say(message)
        with anyio.fail_after(20):
            while daemon._link.live or not daemon._standing().error:
                await anyio.sleep(0.02)
        standing = daemon._standing()
    assert 3_600 < standing.next_try_s <= 86_400 * 1.1
    assert standing.error.isprintable()
    assert len(standing.error) < 450
    assert all(len(each) < 500 and each.isprintable() for each in caplog.messages)


async def test_answers_that_nobody_asked_for_wait_at_the_bridge_and_not_in_memory(house: House) -> None:
    async with memory_bridge() as bridge, house.syncing(bridge.url) as daemon:
        await bridge.heard_one(Pull)
        most = 0
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_answer_without_end, bridge)
            for _ in range(100):
                session = daemon._link.session
                most = max(most, len(session._wishes) if session is not None else 0)
                await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()
    assert most < 10
    kept = await house.database.read(lambda connection: connection.execute("SELECT count(*) FROM sync_answer").get)
    assert 0 < kept <= 20


async def _answer_without_end(bridge: MemoryBridge) -> None:
    for n in range(100_000):
        await bridge.say(Answer(id=str(n), text="x" * 20_000))


async def test_of_answers_that_nobody_asked_for_few_are_written_and_the_one_that_is_waited_for_is_kept(
    house: House,
) -> None:
    async with memory_bridge() as bridge, house.syncing(bridge.url), house.local() as local:
        await linked(local)
        questions = KeptQuestions(house.outbox)
        await house.database.write(lambda connection: questions.keep(connection, Ask(id="q", question="why?")))
        await bridge.heard_one(Pull)
        for n in range(200):
            await bridge.say(Answer(id=str(n), text="because"))
        await bridge.say(Answer(id="q", text="because"))
        with anyio.fail_after(60):
            while Taken(id="q") not in bridge.heard:
                await bridge.changed.wait()
    assert [one.id for one in bridge.heard if isinstance(one, Taken)] == [str(n) for n in range(20)] + ["q"]


async def test_an_answer_without_end_is_not_kept_until_it_is_heard(house: House) -> None:
    async with memory_bridge() as bridge, house.syncing(bridge.url), house.local() as local:
        await linked(local)
        async with aclosing(local.ask(Ask(id="q", question="why?"))) as pieces:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_say_without_end, bridge)
                told = [await anext(pieces)]  # and then nobody listens for a while
                with anyio.fail_after(30):
                    await bridge.heard_one(Cancel)
                tasks.cancel_scope.cancel()
            told += [piece async for piece in pieces]
    assert isinstance(told[-1], Answer)
    assert told[-1].finish == "cut"
    assert sum(len(each.text) for each in told if isinstance(each, Delta)) <= 256 * 1024


async def _say_without_end(bridge: MemoryBridge) -> None:
    await bridge.heard_one(Ask)
    for n in range(100_000):
        await bridge.say(Delta(id="q", n=n, text="x" * 20_000))


async def test_a_whole_state_without_end_is_given_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud_sync.client.whole._MOST", 100_000)
    many = [page(*[change(n) for n in range(1, 500)], cursor=n, more=True, snapshot=True) for n in range(1, 100)]
    async with memory_bridge(MemoryBridge(pages=many)) as bridge, house.syncing(bridge.url) as daemon:
        await bridge.heard_one(Pull)
        with anyio.fail_after(20):
            while "storage" not in daemon._standing().error:
                await anyio.sleep(0.01)
    assert len(bridge.pages) > 90


async def test_a_number_that_the_database_can_not_hold_is_an_error_of_the_storage(house: House) -> None:
    with pytest.raises(StorageError, match="63 bits"):
        await house.database.write(lambda connection: connection.execute("UPDATE sync_link SET cursor = ?", (HUGE,)))
