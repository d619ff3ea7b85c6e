"""What a bridge does for the devices of a house, over its real socket; and what it does with everything else."""

import asyncio
import logging
import re
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import websockets
import zstandard
from sqlalchemy import delete, func, select, update

from cloud_sync.protocol import event as events
from cloud_sync.protocol.errors import Code
from cloud_sync.protocol.frames import MAX_FRAME
from cloud_sync.protocol.messages import (
    Ack,
    Ask,
    Bye,
    Challenge,
    Error,
    Events,
    Hello,
    Nudge,
    Ping,
    Pong,
    Pull,
    Refused,
    Welcome,
)
from cloud_sync.server import tables
from cloud_sync.server.app import reads_metrics
from cloud_sync.server.database import Database
from cloud_sync.server.half_open import HalfOpen
from cloud_sync.server.identity.audit import Audit
from cloud_sync.server.identity.revocations import Revocations
from cloud_sync.server.identity.tables import consent
from cloud_sync.server.settings import load
from cloud_sync.server.websocket import BURST
from tests.bridge import Device, Spoken, bridge, connected, enrol, spoken

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def running(folder: Path, *devices: Device, **settings: Any) -> AsyncIterator[int]:
    """A bridge that knows ``devices``."""
    async with bridge(folder, **settings) as port:
        if devices:
            async with Database(load(None, {"data_dir": folder}).url) as database:
                await enrol(database, *devices)
        yield port


async def stored(folder: Path) -> int:
    """How many events the bridge has."""
    async with Database(load(None, {"data_dir": folder}).url) as database, database.transaction() as connection:
        count: int = (await connection.execute(select(func.count()).select_from(tables.event))).scalar_one()
        return count


async def ended(link: Spoken) -> Error:
    """What is said before the connection is closed, which it is."""
    said = await link.hear(Error)
    with pytest.raises(websockets.ConnectionClosed):
        await link.next()
    return said


async def test_what_one_tells_reaches_the_other(tmp_path):
    kitchen, hall = Device("h1"), Device("h1")
    async with running(tmp_path, kitchen, hall) as port:
        async with connected(port, kitchen) as (first, welcome), connected(port, hall) as (second, _):
            assert (welcome.acked, welcome.house) == (0, "h1")
            *turns, milk = *kitchen.turns(3), kitchen.change("1", name="milk")
            assert (await first.told(*turns, milk)).seq == 4
            assert await second.hear(Nudge) == Nudge(cursor=1)
            page = await second.pulled(0)
            assert [(one.n, one.device, one.clock) for one in page.items] == [(1, kitchen.name, milk.clock)]
            assert page.cursor == 1
        async with connected(port, kitchen, cursor=1, epoch=welcome.epoch) as (link, again):
            assert (again.acked, again.acked_id) == (4, milk.id)
            await link.say(Ping(n=3))
            # It has all changes: nothing is said of them.
            assert (await link.hear(Pong)).n == 3


async def test_an_event_that_can_not_be_applied_is_named_and_acknowledged(tmp_path):
    device = Device("h1")
    async with running(tmp_path, device) as port, connected(port, device) as (link, _):
        await link.tell(device.event("change", {"kind": 5}), *device.turns(1))
        assert (await link.hear(Refused)).seq == 1
        assert (await link.hear(Ack)).seq == 2


def _forged(device: Device) -> Device:
    return Device(device.house, device.name, device.incarnation)


@pytest.mark.parametrize(
    ("change", "who", "code"),
    [
        (None, lambda one: Device("h1"), Code.UNKNOWN_DEVICE),
        ({"revoked_ms": 7}, lambda one: one, Code.REVOKED),
        (None, _forged, Code.BAD_SIGNATURE),
    ],
)
async def test_who_may_not_come_in(tmp_path, change: dict[str, Any] | None, who: Callable[[Device], Device], code):
    device = Device("h1")
    async with running(tmp_path, device) as port:
        if change:
            async with (
                Database(load(None, {"data_dir": tmp_path}).url) as database,
                database.transaction() as connection,
            ):
                await connection.execute(update(tables.device).values(change))
        async with spoken(port) as link:
            await link.say(who(device).hello(await link.hear(Challenge)))
            said = await ended(link)
            assert (said.code, said.permanent) == (code, True)


async def test_a_hello_that_was_heard_elsewhere_is_worth_nothing(tmp_path):
    device = Device("h1")
    async with running(tmp_path, device) as port:
        async with spoken(port) as first:
            hello = device.hello(await first.hear(Challenge))
            await first.say(hello)
            await first.hear(Welcome)
        async with spoken(port) as second:
            await second.hear(Challenge)
            await second.say(hello)
            assert (await ended(second)).code == Code.BAD_SIGNATURE


def _bomb(ratio: int) -> bytes:
    plain = msgspec.msgpack.encode({"type": "hello", "software": "x" * (1024 * ratio)})
    return b"\x01" + zstandard.ZstdCompressor(level=19).compress(plain)


def _unsized_bomb() -> bytes:
    packer = zstandard.ZstdCompressor(level=19, write_content_size=False)
    return b"\x01" + packer.compress(b"x" * 16_000_000)


BEFORE_HELLO = {
    "nothing": (b"", Code.MALFORMED),
    "no protocol": (b"GET / HTTP/1.1\r\n\r\n", Code.MALFORMED),
    "no message": (b"\x00\xc1", Code.MALFORMED),
    "not its turn": (b"\x00" + msgspec.msgpack.encode(Pull(cursor=0)), Code.MALFORMED),
    "nested": (b"\x00" + b"\x91" * 4_000, Code.MALFORMED),
    "more than a hello": (b"\x00" + b"x" * 5_000, Code.TOO_LARGE),
    "not packed": (b"\x01not zstandard", Code.MALFORMED),
    "a bomb of 1,000:1": (_bomb(2_000), Code.TOO_LARGE),
    "a bomb that hides its size": (_unsized_bomb(), Code.TOO_LARGE),
    "another version": (
        b"\x00" + msgspec.msgpack.encode(
            Hello(device="a", incarnation="b", versions=(7, 9), signature=b"", last_seq=0)
        ),
        Code.VERSION,
    ),
    "a name that is none": (
        b"\x00" + msgspec.msgpack.encode(
            Hello(device="a\0b", incarnation="b", versions=(1, 1), signature=b"", last_seq=0)
        ),
        Code.MALFORMED,
    ),
}  # fmt: skip


async def test_what_is_said_instead_of_a_hello(tmp_path):
    async with running(tmp_path) as port:
        for name, (frame, code) in BEFORE_HELLO.items():
            async with spoken(port) as link:
                await link.hear(Challenge)
                await link.socket.send(frame)
                assert (await ended(link)).code == code, name


def _events(*items: bytes) -> bytes:
    return b"\x00" + msgspec.msgpack.encode(Events(items=tuple(map(msgspec.Raw, items))))


def _bad_batches(device: Device) -> dict[str, tuple[bytes, Code]]:
    one, two, three = (events.encode(each) for each in device.turns(3))
    foreign = events.encode(events.event("another", device.incarnation, 1, "turn", 1, {}))
    several = events.encode(device.event("turn", {}, covers=2))
    huge = events.encode(events.event(device.name, device.incarnation, 1, "turn", 2**63, {}))
    return {
        "a gap": (_events(two), Code.GAP),
        "a gap inside": (_events(one, three), Code.MALFORMED),
        "damaged": (_events(one.replace(b"said 0", b"said 1")), Code.CHECKSUM),
        "of another device": (_events(foreign), Code.CHECKSUM),
        "one for several": (_events(several), Code.MALFORMED),
        "an impossible stamp": (_events(huge), Code.MALFORMED),
        "no event": (_events(b"\x05"), Code.MALFORMED),
        "too large": (b"\x00" + b"x" * (MAX_FRAME + 1), Code.TOO_LARGE),
        "an impossible cursor": (b"\x00" + msgspec.msgpack.encode(Pull(cursor=-1)), Code.MALFORMED),
    }


async def test_batches_that_are_refused_leave_nothing(tmp_path, caplog):
    device = Device("h1")
    bad = _bad_batches(device)
    with caplog.at_level(logging.DEBUG):
        async with running(tmp_path, device) as port:
            for name, (frame, code) in bad.items():
                async with connected(port, device) as (link, welcome):
                    assert welcome.acked == 0
                    await link.socket.send(frame)
                    if name == "too large":
                        # The framing itself refuses it, before it is whole.
                        with pytest.raises(websockets.ConnectionClosedError) as closed:
                            await link.next()
                        assert closed.value.rcvd is not None
                        assert closed.value.rcvd.code == 1009
                    else:
                        assert (await link.hear(Error)).code == code, name
    assert await stored(tmp_path) == 0
    assert "what was said" not in caplog.text


async def test_more_than_the_window_allows(tmp_path):
    device = Device("h1")
    async with running(tmp_path, device) as port, connected(port, device) as (link, welcome):
        large = [device.event("turn", {"text": "x" * 60_000}) for _ in range(welcome.window // 60_000 + 3)]
        frames = [_events(*map(events.encode, large))]
        await link.socket.send(frames[0])
        assert (await ended(link)).code == Code.TOO_LARGE


async def test_who_talks_too_fast_is_read_later_and_loses_nothing(tmp_path):
    device = Device("h1")
    async with running(tmp_path, device) as port, connected(port, device) as (link, _):
        for number in range(BURST + 20):
            await link.say(Ping(n=number))
        assert [(await link.hear(Pong)).n for _ in range(BURST + 20)] == list(range(BURST + 20))


async def test_who_is_revoked_is_cut_off(tmp_path):
    device, other = Device("h1"), Device("h1")
    async with (
        running(tmp_path, device, other) as port,
        connected(port, device) as (link, _),
        connected(port, other) as (stays, _),
    ):
        await _revoke(tmp_path, device)
        # Within seconds: for more nobody here waits.
        assert (await ended(link)).code == Code.REVOKED
        await stays.told(*other.turns(1))


async def _revoke(folder: Path, one: Device) -> None:
    async with Database(load(None, {"data_dir": folder}).url) as database:
        now_ms = time.time_ns() // 1_000_000
        await Revocations(database, Audit(lambda: now_ms), lambda: now_ms).revoke_device(one.house, one.name)


async def test_the_newer_connection_of_a_device_is_the_one(tmp_path):
    device = Device("h1")
    async with (
        running(tmp_path, device) as port,
        connected(port, device) as (old, _),
        connected(port, device) as (new, _),
    ):
        assert isinstance(await old.next(), Bye)
        await new.told(*device.turns(1))


async def test_nobody_answers_heavy_questions_where_there_is_no_model(tmp_path):
    device = Device("h1")
    async with running(tmp_path, device) as port, connected(port, device) as (link, _):
        await link.say(Ask(id="1", question="why?"))
        while (said := await link.next()) and getattr(said, "id", "") != "1":
            pass
        assert getattr(said, "finish", "refused") == "refused"


async def test_a_worker_that_is_full_says_when_to_come_again(tmp_path):
    device = Device("h1")
    async with bridge(tmp_path, connections=1) as port:
        async with Database(load(None, {"data_dir": tmp_path}).url) as database:
            await enrol(database, device)
        async with connected(port, device) as (link, _), spoken(port) as other:
            await other.hear(Challenge)
            said = await ended(other)
            assert (said.code, said.permanent) == (Code.BUSY, False)
            assert 5 <= said.retry_after_s <= 10
            await link.told(*device.turns(1))


async def test_half_open_sockets_are_bounded_in_number_and_time():
    class Transport(asyncio.Transport):
        def __init__(self) -> None:
            super().__init__()
            self.aborted = False

        def abort(self) -> None:
            self.aborted = True

    now, dropped = 0.0, 0

    def drop() -> None:
        nonlocal dropped
        dropped += 1

    half_open = HalfOpen(drop, lambda: now, limit=3)
    sockets = [Transport() for _ in range(5)]
    for one in sockets:
        half_open.add(one)
        now += 1
    assert [one.aborted for one in sockets] == [True, True, False, False, False]
    half_open.discard(sockets[2])
    now = 23.5
    half_open.sweep()
    assert [one.aborted for one in sockets] == [True, True, False, True, False]
    assert (len(half_open), dropped) == (1, 3)


async def test_sockets_that_say_nothing_hold_nobody_up(tmp_path):
    device = Device("h1")
    async with running(tmp_path, device) as port:
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(200)]
        for one in silent[:50]:
            one.sendall(b"GET /v1/sync HTTP/1.1\r\nHost: x\r\n")
        for one in silent[50:100]:
            one.sendall(b"GET /v1/s")
        async with connected(port, device) as (link, _):
            assert (await link.told(*device.turns(1))).seq == 1
        for one in silent:
            one.close()


async def test_what_is_not_there(tmp_path):
    async with running(tmp_path) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        # Without an upgrade it is no WebSocket.
        assert (await http.get("/v1/sync")).status_code == 426
        assert (await http.get("/healthz")).json()["status"] == "ok"
        assert (await http.get("/nothing")).status_code == 404
        assert (await http.get("/metrics")).status_code == 404, "a proxy may be on this machine"


async def test_metrics(tmp_path):
    device = Device("h1")
    async with (
        running(tmp_path, device, metrics_allow=("127.0.0.1",)) as port,
        connected(port, device) as (link, _),
    ):
        await link.told(*device.turns(3))
        async with spoken(port) as other, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            await other.hear(Challenge)
            await other.socket.send(b"\x07")
            await ended(other)
            text = (await http.get("/metrics")).text
            # Whoever is behind a proxy on this machine is not this machine.
            for name in ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP"):
                assert (await http.get("/metrics", headers={name: "127.0.0.1"})).status_code == 404
    found = dict(re.findall(r"^(hearth_\S+) (\S+)$", text, re.MULTILINE))
    assert found["hearth_events_total"] == "3.0"
    assert found['hearth_refused_total{code="malformed"}'] == "1.0"
    assert found["hearth_ack_seconds_count"] == "1.0"


@pytest.mark.parametrize(
    ("host", "reads"),
    [
        ("127.0.0.1", False),
        ("::1", True),
        ("::ffff:127.0.0.1", False),
        ("10.0.0.7", True),
        ("::ffff:10.0.0.7", True),
        ("10.0.1.7", False),
        ("2001:db8::1", False),
        ("unix", False),
    ],
)
def test_whom_it_tells_how_much_goes_on(host: str, reads: bool) -> None:
    settings = load(None, {"metrics_allow": ("10.0.0.0/24", "::1")})
    assert reads_metrics(host, settings.metrics_allow) is reads


async def test_a_worker_that_stops_says_when_to_come_again(tmp_path):
    devices = [Device("h1") for _ in range(20)]
    waits = []
    async with asyncio.TaskGroup() as group:

        async def one(port: int, device: Device, ready: asyncio.Semaphore) -> None:
            async with connected(port, device) as (link, _):
                ready.release()
                said = await link.hear(Bye)
                waits.append(said.retry_after_s)
                with pytest.raises(websockets.ConnectionClosed):
                    await link.next()

        async with running(tmp_path, *devices) as port:
            ready = asyncio.Semaphore(0)
            for device in devices:
                group.create_task(one(port, device, ready))
            for _ in devices:
                await ready.acquire()
            began = time.monotonic()
        assert time.monotonic() - began < 20
    assert len(waits) == 20
    assert max(waits) - min(waits) > 0.2
    assert all(0 < wait < 5 for wait in waits)


async def test_a_bridge_that_has_lost_what_was_allowed_believes_the_greeting(tmp_path):
    allowed, silent, denied = Device("h1"), Device("h1"), Device("h1")
    async with running(tmp_path, allowed, silent, denied) as port:
        async with (
            Database(load(None, {"data_dir": tmp_path}).url) as database,
            database.transaction("h1") as connection,
        ):
            await connection.execute(delete(consent).where(consent.c.device != denied.name))
            await connection.execute(update(consent).values(allowed=False))
        # What it hears as an event counts more than a greeting, in which an older card may speak.
        for one, greeting, refused in (
            (allowed, {"allowed": ("history",)}, False),
            (silent, {}, True),
            (denied, {"allowed": ("history",)}, True),
        ):
            async with connected(port, one, epoch="another", **greeting) as (link, _):
                await link.tell(*one.turns(1))
                heard = [await link.next()]
                while not isinstance(heard[-1], Ack):
                    heard.append(await link.next())
                assert any(isinstance(each, Refused) for each in heard) is refused
