"""One simulated device: the protocol's messages over a WebSocket, as little of everything else as goes.

What it costs is taken from the machine that the bridge under test runs on, so it has no task, no queue and no parser
but its own (RFC 6455: frames of a server are whole, unmasked and binary here).
"""

import asyncio
import base64
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.protocol import event as events
from cloud_sync.protocol.clock import HybridClock
from cloud_sync.protocol.event import Event
from cloud_sync.protocol.frames import Codec
from cloud_sync.protocol.keys import signed
from cloud_sync.protocol.messages import VERSIONS, Challenge, Events, FromDevice, FromServer, Hello, Welcome

_BINARY: Final = 0x2
_CLOSE: Final = 0x8
_MASKED: Final = 0x80
_SMALL, _MEDIUM = 126, 127
_ADDRESSES: Final = 20_000
"""Connections from one address of the loopback: its ports are few."""


@dataclass(slots=True)
class Device:
    """Who it is, and how far it is."""

    number: int
    house: str
    name: str
    key: Ed25519PrivateKey
    incarnation: str = field(default_factory=lambda: secrets.token_hex(8))
    seq: int = 0
    acked: int = 0
    cursor: int = 0
    clock: HybridClock = field(default_factory=lambda: HybridClock(lambda: time.time_ns() // 1_000_000))

    def event(self, kind: str, body: Any) -> Event:
        """The next thing that happens on it."""
        self.seq += 1
        return events.event(self.name, self.incarnation, self.seq, kind, self.clock.tick(), body)

    @property
    def row(self) -> dict[str, Any]:
        """As the table ``device`` has it."""
        public = self.key.public_key().public_bytes_raw()
        return {"device": self.name, "house": self.house, "public_key": public, "enrolled_ms": 1}


def fleet(count: int, per_house: int, run: str) -> list[Device]:
    """``count`` devices in houses of ``per_house``, with names that no other ``run`` has."""
    # One key is as good as many for a load, and making ten thousand takes a second.
    key = Ed25519PrivateKey.generate()
    return [Device(number, f"{run}-{number // per_house}", f"{run}.{number}", key) for number in range(count)]


class Connection(asyncio.Protocol):
    """A connection of a device; ends with ``lost``."""

    __slots__ = ("_buffer", "_codec", "_heard", "_is_open", "_lost", "_transport", "device", "welcome")

    def __init__(
        self,
        device: Device,
        codec: Codec[FromServer],
        heard: Callable[["Connection", FromServer], None],
        lost: Callable[["Connection"], None],
    ) -> None:
        """``heard``: is given every message after the greeting, the welcome first."""
        self.device, self._codec, self._heard, self._lost = device, codec, heard, lost
        self._buffer = bytearray()
        self._is_open = False
        self._transport: asyncio.Transport
        self.welcome: Welcome | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks for a WebSocket."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /v1/sync HTTP/1.1\r\nHost: bridge\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """Cut, refused or closed."""
        self._lost(self)

    def data_received(self, data: bytes) -> None:
        """Of the bridge."""
        self._buffer += data
        if not self._is_open:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if not self._buffer.startswith(b"HTTP/1.1 101"):
                self._transport.abort()
                return
            del self._buffer[: end + 4]
            self._is_open = True
        while (frame := _frame(self._buffer)) is not None:
            opcode, payload = frame
            if opcode == _CLOSE:
                self._transport.close()
                return
            self._take(self._codec.decode(payload))

    def say(self, message: FromDevice) -> None:
        """Send it."""
        self.send(masked(self._codec.encode(message)))

    def send(self, frames: bytes) -> None:
        """The same, framed already."""
        self._transport.write(frames)

    def cut(self) -> None:
        """As if the link had gone."""
        self._transport.abort()

    def _take(self, message: FromServer) -> None:
        if isinstance(message, Challenge):
            one = self.device
            signature = signed(one.key, message.server, message.nonce, one.name, one.incarnation)
            self.say(
                Hello(
                    device=one.name,
                    incarnation=one.incarnation,
                    versions=VERSIONS,
                    signature=signature,
                    last_seq=one.seq,
                    cursor=one.cursor,
                )
            )
            return
        if isinstance(message, Welcome):
            self.welcome = message
        self._heard(self, message)


async def connect(port: int, connection: Connection) -> None:
    """Raises OSError. The addresses of the loopback are many, their ports are not."""
    local = f"127.0.{1 + connection.device.number // _ADDRESSES}.1"
    await asyncio.get_running_loop().create_connection(lambda: connection, "127.0.0.1", port, local_addr=(local, 0))


def batch(codec: Codec[FromServer], told: list[Event]) -> bytes:
    """The frame of a message with these events."""
    return masked(codec.encode(Events(items=tuple(msgspec.Raw(events.encode(one)) for one in told))))


def masked(payload: bytes) -> bytes:
    """As a client's frame: masked with zeros, which is the same as not at all."""
    size = len(payload)
    if size < _SMALL:
        head = bytes((0x80 | _BINARY, _MASKED | size))
    elif size < 1 << 16:
        head = bytes((0x80 | _BINARY, _MASKED | _SMALL)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | _BINARY, _MASKED | _MEDIUM)) + size.to_bytes(8, "big")
    return head + b"\0\0\0\0" + payload


def _frame(buffer: bytearray) -> tuple[int, bytes] | None:
    """Take the first frame out of ``buffer``; None while it is not whole."""
    if len(buffer) < 2:  # noqa: PLR2004
        return None
    opcode, size, start = buffer[0] & 0x0F, buffer[1], 2
    if size == _SMALL:
        size, start = int.from_bytes(buffer[2:4], "big"), 4
    elif size == _MEDIUM:
        size, start = int.from_bytes(buffer[2:10], "big"), 10
    if len(buffer) < start + size:
        return None
    payload = bytes(buffer[start : start + size])
    del buffer[: start + size]
    return opcode, payload
