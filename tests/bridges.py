"""A bridge for tests of the device's end: the protocol's rules over a real WebSocket, the store in memory.

What it does wrong, it does because a test says so.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import msgspec
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from cloud_sync.protocol.event import Event, check, decode
from cloud_sync.protocol.frames import server_codec
from cloud_sync.protocol.messages import (
    VERSIONS,
    Ack,
    Bye,
    Challenge,
    Changes,
    Error,
    Events,
    FromDevice,
    Hello,
    Message,
    Ping,
    Pong,
    Pull,
    Welcome,
)


@dataclass
class MemoryBridge:
    """What it has, and what it heard."""

    epoch: str = "epoch"
    stored: dict[tuple[str, str], list[Event]] = field(default_factory=dict)
    heard: list[FromDevice] = field(default_factory=list)
    connections: set[ServerConnection] = field(default_factory=set)
    url: str = ""
    splay_s: float = 0.0
    flags: dict[str, float] = field(default_factory=dict)
    watermark: bool = False
    """Whether all that is stored is in a backup at once."""
    silent: bool = False
    """It reads, and says nothing."""
    refuses: bool = False
    """It lets nobody in."""
    extra: list[Message] = field(default_factory=list)
    """What it says after each acknowledgement."""
    welcome: dict[str, Any] = field(default_factory=dict)
    """What it says in place of what it should at the greeting."""
    pages: list[Changes] = field(default_factory=list)
    """What it answers when changes are asked for, one after the other; then there are none."""
    changed: anyio.Event = field(default_factory=anyio.Event)

    def events(self) -> list[Event]:
        """All that it has, in the order of incarnations."""
        return [one for events in self.stored.values() for one in events]

    def numbers(self) -> list[int]:
        return [one.seq for one in self.events()]

    async def until(self, count: int) -> None:
        """Returns when it has so many events."""
        with anyio.fail_after(60):
            while len(self.events()) < count:
                await self.changed.wait()

    async def heard_one(self, kind: type[Message]) -> Message:
        """Returns when such a message came."""
        with anyio.fail_after(60):
            while True:
                for message in self.heard:
                    if isinstance(message, kind):
                        return message
                await self.changed.wait()

    async def say(self, message: Message) -> None:
        """To all devices."""
        for connection in tuple(self.connections):
            await connection.send(server_codec().encode(message))

    async def cut(self) -> None:
        """The links are cut, without a word."""
        for connection in tuple(self.connections):
            connection.transport.abort()

    async def heard_many(self, kind: type[Message], count: int) -> None:
        """Returns when so many such messages came."""
        with anyio.fail_after(60):
            while len([message for message in self.heard if isinstance(message, kind)]) < count:
                await self.changed.wait()

    def reached(self, moment: str) -> None:
        """For those who do something at that moment: ``greeted``, ``received``, ``stored``, ``acked``."""

    def _note(self) -> None:
        changed, self.changed = self.changed, anyio.Event()
        changed.set()

    async def attend(self, connection: ServerConnection) -> None:
        self.connections.add(connection)
        codec = server_codec()
        try:
            hello = await self._greet(connection)
            async for frame in connection:
                assert isinstance(frame, bytes)
                message = codec.decode(frame)
                self.heard.append(message)
                if not self.silent:
                    await self._answer(connection, hello, message)
                self._note()
        except ConnectionClosed:
            pass
        finally:
            self.connections.discard(connection)
            self._note()

    async def _greet(self, connection: ServerConnection) -> Hello:
        codec = server_codec()
        await connection.send(codec.encode(Challenge(server="bridge", nonce=bytes(32), versions=VERSIONS, time_ms=0)))
        hello = codec.decode(await connection.recv(decode=False))
        assert isinstance(hello, Hello)
        self.heard.append(hello)
        if self.refuses:
            await connection.send(codec.encode(Error(code="revoked", message="no", permanent=True)))
        known = self.stored.get((hello.device, hello.incarnation), [])
        last = known[-1] if known else None
        welcome = Welcome(
            version=1,
            epoch=self.epoch,
            house="house",
            acked=last.seq if last else 0,
            acked_id=last.id if last else b"",
            watermark=last.seq if last and self.watermark else 0,
            splay_s=self.splay_s,
            flags=self.flags,
        )
        await connection.send(codec.encode(msgspec.structs.replace(welcome, **self.welcome)))
        self.reached("greeted")
        self._note()
        return hello

    async def _answer(self, connection: ServerConnection, hello: Hello, message: FromDevice) -> None:
        codec = server_codec()
        match message:
            case Events():
                self.reached("received")
                answer = self._take(hello, message.items)
                self.reached("stored")
                await connection.send(codec.encode(answer))
                self.reached("acked")
                for each in self.extra:
                    await connection.send(codec.encode(each))
            case Ping():
                await connection.send(codec.encode(Pong(n=message.n)))
            case Bye():
                await connection.close()
            case Pull():
                page = self.pages.pop(0) if self.pages else Changes(items=(), cursor=message.cursor)
                await connection.send(codec.encode(page))

    def _take(self, hello: Hello, items: tuple[msgspec.Raw, ...]) -> Ack | Error:
        events = self.stored.setdefault((hello.device, hello.incarnation), [])
        for raw in items:
            one = decode(raw)
            check(hello.device, hello.incarnation, one)
            last = events[-1].seq if events else 0
            if one.first > last + 1:
                return Error(code="gap", message="events are missing", expected=last + 1)
            if one.seq > last:
                events.append(one)
        return Ack(seq=events[-1].seq, watermark=events[-1].seq if self.watermark else 0)


@asynccontextmanager
async def memory_bridge(bridge: MemoryBridge | None = None) -> AsyncIterator[MemoryBridge]:
    """Listens until the block ends."""
    bridge = bridge or MemoryBridge()
    async with serve(bridge.attend, "127.0.0.1", 0, compression=None, max_size=2**21, ping_interval=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        bridge.url = f"ws://127.0.0.1:{port}"
        yield bridge
