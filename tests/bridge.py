"""A real bridge for tests, and a device that speaks to it message by message."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import websockets
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert
from websockets.asyncio.client import ClientConnection

from cloud_sync.protocol import event as events
from cloud_sync.protocol.clock import HybridClock
from cloud_sync.protocol.event import Event, Kind
from cloud_sync.protocol.frames import device_codec
from cloud_sync.protocol.keys import signed
from cloud_sync.protocol.messages import (
    VERSIONS,
    Ack,
    Challenge,
    Changes,
    Error,
    Events,
    FromDevice,
    FromServer,
    Hello,
    Pull,
    Welcome,
)
from cloud_sync.server.app import server
from cloud_sync.server.consents import PURPOSES
from cloud_sync.server.database import Database
from cloud_sync.server.identity.tables import consent
from cloud_sync.server.settings import Settings, load
from cloud_sync.server.tables import device
from cloud_sync.server.websocket import PATH

M = TypeVar("M")
_WAIT_S = 60.0


@dataclass
class Device:
    """Who it is, and what it has told so far."""

    house: str
    name: str = field(default_factory=lambda: secrets.token_hex(6))
    incarnation: str = field(default_factory=lambda: secrets.token_hex(8))
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    seq: int = 0
    clock: HybridClock = field(default_factory=lambda: HybridClock(lambda: time.time_ns() // 1_000_000))

    def event(self, kind: str, body: Any, covers: int = 1, clock: int | None = None) -> Event:
        """The next thing that happens on it."""
        self.seq += covers
        stamp = self.clock.tick() if clock is None else clock
        return events.event(self.name, self.incarnation, self.seq, kind, stamp, body, covers)

    def change(self, record: str, deleted: bool = False, kind: str = "item", **fields: Any) -> Event:
        """A change of a record."""
        body = {"kind": kind, "record": record} | ({"deleted": True} if deleted else {"fields": fields})
        return self.event(Kind.CHANGE, body)

    def turns(self, count: int) -> list[Event]:
        """Things that were said."""
        return [self.event(Kind.TURN, {"text": f"what was said {self.seq}"}) for _ in range(count)]

    def hello(self, challenge: Challenge, **others: Any) -> Hello:
        """Its answer to a challenge."""
        given = {"versions": VERSIONS, "last_seq": self.seq} | others
        return Hello(
            device=self.name,
            incarnation=self.incarnation,
            signature=signed(self.key, challenge.server, challenge.nonce, self.name, self.incarnation),
            **given,
        )


def enrolled(one: Device) -> dict[str, Any]:
    """Its row of ``device``."""
    public = one.key.public_key().public_bytes_raw()
    return {"device": one.name, "house": one.house, "public_key": public, "enrolled_ms": 1}


def consented(one: Device) -> list[dict[str, Any]]:
    """Its rows of ``consent``: to everything."""
    same = {"house": one.house, "device": one.name, "allowed": True, "how": "cli", "clock": 1, "at_ms": 1}
    return [same | {"purpose": purpose} for purpose in PURPOSES.values()]


async def enrol(database: Database, *devices: Device) -> None:
    """Make them known to a bridge."""
    async with database.transaction(*{one.house for one in devices}) as connection:
        await connection.execute(insert(device), [enrolled(one) for one in devices])
        await connection.execute(insert(consent), [said for one in devices for said in consented(one)])


class Spoken:
    """A connection of a device."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.codec = device_codec()

    async def say(self, message: FromDevice) -> None:
        """Send it."""
        await self.socket.send(self.codec.encode(message))

    async def hear(self, kind: type[M]) -> M:
        """The next message, which is of that kind."""
        message = await self.next()
        assert isinstance(message, kind), message
        return message

    async def next(self) -> FromServer:
        """The next message. Raises websockets.ConnectionClosed."""
        async with asyncio.timeout(_WAIT_S):
            frame = await self.socket.recv(decode=False)
        return self.codec.decode(frame)

    async def tell(self, *told: Event) -> None:
        """Send events."""
        await self.say(Events(items=tuple(msgspec.Raw(events.encode(one)) for one in told)))

    async def told(self, *told: Event) -> Ack:
        """Send events, and wait until they are kept. What else is said before that, goes by."""
        await self.tell(*told)
        while True:
            message = await self.next()
            assert not isinstance(message, Error), message
            if isinstance(message, Ack) and message.seq >= told[-1].seq:
                return message

    async def pulled(self, cursor: int, limit: int = 500) -> Changes:
        """A page of changes."""
        await self.say(Pull(cursor=cursor, limit=limit))
        while not isinstance(message := await self.next(), Changes):
            pass
        return message


@asynccontextmanager
async def spoken(port: int) -> AsyncIterator[Spoken]:
    """A connection on which nothing was said yet."""
    async with websockets.connect(f"ws://127.0.0.1:{port}{PATH}", compression=None, ping_interval=None) as socket:
        yield Spoken(socket)


@asynccontextmanager
async def connected(port: int, one: Device, **others: Any) -> AsyncIterator[tuple[Spoken, Welcome]]:
    """A connection that was welcomed."""
    async with spoken(port) as link:
        await link.say(one.hello(await link.hear(Challenge), **others))
        yield link, await link.hear(Welcome)


@asynccontextmanager
async def bridge(folder: Path, **settings: Any) -> AsyncIterator[int]:
    """One worker in this process; gives its port."""
    async with serving(load(None, {"data_dir": folder, "port": 0, "log_level": "warning"} | settings)) as port:
        yield port


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[int]:
    """The same, with these settings."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    one = server(settings)
    task = asyncio.create_task(one.serve())
    while not one.started:
        assert not task.done(), task.exception()
        await asyncio.sleep(0.005)
    try:
        yield one.servers[0].sockets[0].getsockname()[1]
    finally:
        one.should_exit = True
        await task
