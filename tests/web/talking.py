"""A client of ``/v1/voice``."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from edge.chunk import Pcm

_FRAME = 1600
"""Samples in a message: 0.1 s."""


class Client:
    """One connection, and all that came by it."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.messages: list[dict[str, Any]] = []
        self.sound: dict[str, list[Pcm]] = {}
        """By turn."""
        self.frames = 0
        """But for every ``ready``."""
        self._sounding = ""

    async def send(self, type_: str, **rest: Any) -> None:
        await self.socket.send(json.dumps({"type": type_, **rest}))

    async def speak(self, pcm: Pcm) -> None:
        """As fast as it is taken."""
        for at in range(0, len(pcm), _FRAME):
            await self.socket.send(pcm[at : at + _FRAME].tobytes())

    async def receive(self) -> dict[str, Any] | None:
        """The next message, None for sound. Raises ConnectionClosed."""
        frame = await self.socket.recv()
        if isinstance(frame, bytes):
            self.frames += 1
            self.sound.setdefault(self._sounding, []).append(np.frombuffer(frame, "<i2"))
            return None
        message: dict[str, Any] = json.loads(frame)
        self.frames += message["type"] != "ready"
        self.messages.append(message)
        if message["type"] == "sound":
            self._sounding = message["turn"]
        return message

    async def until(self, type_: str) -> dict[str, Any]:
        """The next message of that type."""
        while True:
            message = await self.receive()
            if message is not None and message["type"] == type_:
                return message

    def types(self) -> Sequence[str]:
        return [message["type"] for message in self.messages]

    def heard(self, turn: str) -> Pcm:
        """The sound of that turn's answer so far."""
        return np.concatenate([np.zeros(0, np.int16), *self.sound.get(turn, [])])


@asynccontextmanager
async def talking(address: str, first: str = "hello", **rest: Any) -> AsyncIterator[Client]:
    """A client of the assistant at ``http://…``, which has said its first message and got ``ready``."""
    async with connect(address.replace("http", "ws", 1) + "/v1/voice", max_size=None) as socket:
        client = Client(socket)
        await client.send(first, **rest)
        await client.until("ready")
        yield client
