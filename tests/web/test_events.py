"""``/v1/events``: what happens, told to whoever looks on."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary

import anyio
import anyio.lowlevel
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from edge.api.web.feed import Feed
from edge.app import open_house
from edge.bus import Bus
from edge.events import AnyEvent, Event, ReplyPart, as_json
from edge.settings import Settings
from tests.web.conftest import Served

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def connected(served: Served, query: str = "", **options: Any) -> AsyncIterator[ClientConnection]:
    address = served.address.replace("http", "ws")
    async with connect(f"{address}/v1/events{query}", **options) as socket:
        yield socket


_waiting: WeakKeyDictionary[ClientConnection, list[str]] = WeakKeyDictionary()
"""Of each connection, the lines of its last frame that were not looked at yet."""


async def next_message(socket: ClientConnection) -> dict[str, Any]:
    lines = _waiting.setdefault(socket, [])
    if not lines:
        with anyio.fail_after(30):
            lines.extend(str(await socket.recv()).split("\n"))
    message: dict[str, Any] = json.loads(lines.pop(0))
    return message


async def until(socket: ClientConnection, wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """All that came, up to what is ``wanted``."""
    messages = [await next_message(socket)]
    while not wanted(messages[-1]):
        messages.append(await next_message(socket))
    return messages


def _ended(message: dict[str, Any]) -> bool:
    return bool(message["type"] == "turn_ended")


async def _ask(served: Served, text: str) -> dict[str, Any]:
    turn: dict[str, Any] = (await served.client.post("/v1/ask", json={"text": text})).json()
    return turn


async def test_what_happens_is_told_as_it_happens(served: Served) -> None:
    async with connected(served) as socket:
        hello = await next_message(socket)
        turn = await _ask(served, "turn on the kitchen light")
        messages = await until(socket, _ended)
    assert (hello["type"], hello["n"], hello["resumed"]) == ("hello", 0, False)
    assert [message["type"] for message in messages] == ["understood", "acted", "reply_ready", "turn_ended"]
    assert [message["n"] for message in messages] == [1, 2, 3, 4]
    assert {**messages[-1], "n": None} == {**turn, "n": None}


async def test_a_lost_connection_goes_on_from_where_it_was(served: Served) -> None:
    async with connected(served) as socket:
        start = (await next_message(socket))["start"]
        await _ask(served, "turn on the kitchen light")
        seen = await until(socket, lambda message: message["type"] == "acted")
    await _ask(served, "turn off the kitchen light")
    async with connected(served, f"?after={seen[-1]['n']}&start={start}") as socket:
        hello = await next_message(socket)
        messages = [*await until(socket, _ended), *await until(socket, _ended)]
    assert hello["resumed"] is True
    assert [message["n"] for message in messages] == list(range(seen[-1]["n"] + 1, 9))


async def test_a_number_of_another_start_is_not_taken_for_one_of_this(served: Served) -> None:
    await _ask(served, "turn on the kitchen light")
    async with connected(served) as socket:
        hello = await next_message(socket)
    for query in ("?after=1&start=another", "?after=1", f"?after=999999&start={hello['start']}"):
        async with connected(served, query) as socket:
            again = await next_message(socket)
        assert (again["resumed"], again["n"], again["start"]) == (False, 4, hello["start"]), query


async def test_a_device_that_changes_is_told_once_and_only_where_that_is_wanted(served: Served) -> None:
    async with connected(served, "?devices=true") as watcher, connected(served) as other:
        await next_message(watcher)
        await next_message(other)
        await _ask(served, "turn on the bedroom light")
        seen = await until(watcher, _ended)
        changes = [m for m in seen if m["type"] == "device"] or [await next_message(watcher)]
        heard = await until(other, _ended)
    assert [(change["id"], change["state"], change["available"]) for change in changes] == [
        ("light.bedroom_light", "on", True)
    ]
    assert "device" not in {message["type"] for message in heard}


async def test_whether_devices_are_told_of_can_be_changed(served: Served) -> None:
    async with connected(served) as socket:
        await next_message(socket)
        await socket.send('{"devices": true}')
        assert await next_message(socket) == {"type": "watching", "devices": True}
        await served.home.leave("bedroom_fan")
        change = await next_message(socket)
        assert (change["id"], change["available"]) == ("fan.bedroom_fan", False)
        await socket.send('{"devices": false}')
        assert await next_message(socket) == {"type": "watching", "devices": False}


async def test_a_client_that_makes_no_sense_is_sent_away(served: Served) -> None:
    for nonsense in ("", "devices", '{"devices": 3}', "{}", '{"devices": true, "all": 1}', b"\x00"):
        async with connected(served) as socket:
            await next_message(socket)
            await socket.send(nonsense)
            with pytest.raises(ConnectionClosed) as closed:
                await next_message(socket)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1003
    # The other end notices a moment later that it is over.
    with anyio.fail_after(30):
        while served.assistant.clients["events"]:
            await anyio.sleep(0.01)


async def test_a_malformed_question_is_answered_as_a_problem(served: Served) -> None:
    for query in ("?after=-1", "?after=many", "?devices=perhaps"):
        with pytest.raises(InvalidStatus) as refused:
            async with connected(served, query):
                pass
        body = json.loads(refused.value.response.body)
        assert (refused.value.response.status_code, body["code"]) == (422, "malformed")


async def test_there_are_only_so_many_clients(served: Served) -> None:
    served.assistant.clients["events"] = served.assistant.settings.api.event_clients - 1
    async with connected(served) as socket:
        await next_message(socket)
        with pytest.raises(InvalidStatus) as refused:
            async with connected(served):
                pass
    assert refused.value.response.status_code == 503
    assert json.loads(refused.value.response.body)["code"] == "too_many"


async def test_who_is_silent_hears_that_the_line_is_alive(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.api.web.events.ALIVE_S", 0.01)
    async with connected(served) as socket:
        await next_message(socket)
        assert await next_message(socket) == {"type": "alive"}


async def test_fifty_clients_hear_all_of_it(served: Served) -> None:
    heard: list[list[int]] = []

    async def listen(until_n: int) -> None:
        async with connected(served) as socket:
            await next_message(socket)
            numbers: list[int] = []
            while not numbers or numbers[-1] < until_n:
                numbers.append((await next_message(socket))["n"])
            heard.append(numbers)

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(listen, 12)
        with anyio.fail_after(30):
            while served.assistant.clients["events"] < 50:
                await anyio.sleep(0.01)
        for number in range(1, 13):
            served.assistant.bus.emit(_part(number))
            await anyio.lowlevel.checkpoint()
    assert heard == [list(range(1, 13))] * 50


async def test_one_that_takes_nothing_holds_up_nobody(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.api.web.events._SLOW_S", 300.0)  # on a busy machine it takes nothing for longer
    bus, whole = served.assistant.bus, 4000
    long = "word " * 1000
    async with connected(served) as socket, connected(served, max_queue=1) as stuck:
        await next_message(socket)
        await next_message(stuck)
        # One reads all as it comes; the other nothing, until all of it is over: megabytes more than any buffer holds.
        last = 0
        for number in range(whole):
            bus.emit(ReplyPart(turn="t", at=0.0, text=long))
            if number % 100 == 0:
                while last < number:
                    last = (await next_message(socket))["n"]
        while last < whole:
            message = await next_message(socket)
            assert message["type"] == "reply_part"
            last = message["n"]
        seen, dropped = 0, 0
        while seen + dropped < whole:
            message = await next_message(stuck)
            seen += message["type"] == "reply_part"
            dropped += message.get("count", 0)
    assert dropped > 0
    assert seen + dropped == whole


# -- the queue itself -------------------------------------------------------------------------------------------------


def _part(number: int) -> AnyEvent:
    return ReplyPart(turn="t", at=0.0, text=str(number))


@asynccontextmanager
async def _feed(kept: int) -> AsyncIterator[tuple[Bus, Feed]]:
    bus = Bus()
    feed = Feed(bus, open_house(Settings()), kept)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(feed.serve)
        await anyio.wait_all_tasks_blocked()
        yield bus, feed
        tasks.cancel_scope.cancel()


async def _emit(bus: Bus, numbers: range) -> None:
    for number in numbers:
        bus.emit(_part(number))
        if number % 100 == 0:
            await anyio.wait_all_tasks_blocked()
    await anyio.wait_all_tasks_blocked()


async def test_who_is_too_slow_is_told_what_is_gone_and_goes_on() -> None:
    async with _feed(kept=10) as (bus, feed):
        follower = feed.follow(None)
        await _emit(bus, range(1, 26))
        messages = [json.loads(text) for text in await follower.next(1)]
    assert messages[0] == {"type": "dropped", "count": 15}
    assert [int(message["text"]) for message in messages[1:]] == list(range(16, 26))


async def test_nothing_is_lost_that_is_still_there() -> None:
    async with _feed(kept=1000) as (bus, feed):
        follower, behind = feed.follow(None), []
        await _emit(bus, range(1, 901))
        while texts := await follower.next(0):
            behind += texts
    assert [json.loads(text)["n"] for text in behind] == list(range(1, 901))


async def test_what_the_bus_itself_loses_is_told_too() -> None:
    async with _feed(kept=1000) as (bus, feed):
        follower = feed.follow(None)
        for number in range(300):
            bus.emit(_part(number))
        await _emit(bus, range(300, 301))
        messages = []
        while texts := await follower.next(0):
            messages += [json.loads(text) for text in texts]
    lost = [message["count"] for message in messages if message["type"] == "dropped"]
    assert sum(lost) == 301 - sum(message["type"] == "reply_part" for message in messages) > 0


async def test_an_event_is_encoded_once_and_only_for_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = []

    def counted(event: Event) -> dict[str, Any]:
        encoded.append(event)
        return as_json(event)

    monkeypatch.setattr("edge.api.web.feed.as_json", counted)
    async with _feed(kept=10) as (bus, feed):
        await _emit(bus, range(1, 4))
        assert encoded == []
        followers = [feed.follow(None) for _ in range(20)]
        await _emit(bus, range(4, 5))
        texts = [await follower.next(1) for follower in followers]
    assert len(encoded) == 1
    assert all(text is texts[0][0] for (text,) in texts)
