"""Where the assistant and the commands come with their wishes: ``hearth-sync``'s side of ``sync.sock``."""

import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import anyio
from anyio.abc import SocketStream
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from cloud_sync.client.local import (
    Enquiry,
    FromAssistant,
    Look,
    Now,
    Splitter,
    Standing,
    ToAssistant,
    daemon_codec,
    framed,
    socket_path,
)
from cloud_sync.protocol.errors import ProtocolError
from cloud_sync.protocol.messages import Answer, Ask, Call, Called, Cancel, Delta, Taken
from edge.errors import AssistantError

_log = logging.getLogger(__name__)
_OUTGOING: Final = 4096
_ROOM: Final = 256 * 1024
"""Characters of the pieces of one answer, with what it wants done."""
_EACH: Final = 16


class Counter:
    """Forwards between those who come and the link."""

    def __init__(
        self,
        *,
        say: Callable[[Ask | Called | Taken | Cancel], bool],
        look: Callable[[], None],
        now: Callable[[], None],
        standing: Callable[[], Standing],
    ) -> None:
        """``say`` passes on to the bridge, and is False where there is none; ``look``: there is something new;
        ``now``: somebody wants it sent at once; ``standing``: how the link is.
        """
        self._say, self._look, self._now, self._standing = say, look, now, standing
        self._visitors: set[MemoryObjectSendStream[ToAssistant]] = set()
        self._askers: dict[str, MemoryObjectSendStream[ToAssistant]] = {}
        self._room: dict[str, int] = {}
        """How much of their answers may still come."""

    def deliver(self, message: Delta | Call | Answer) -> bool:
        """To whoever asked; False: nobody listens."""
        if (asker := self._askers.get(message.id)) is None:
            return False
        if isinstance(message, Answer):
            del self._askers[message.id]
        else:
            self._room[message.id] = self._room.get(message.id, _ROOM) - _size(message)
            if self._room[message.id] < 0:
                # More than anybody wants to hear: it is not kept until it is heard.
                del self._askers[message.id]
                self._say(Cancel(id=message.id))
                message = Answer(id=message.id, text="", finish="cut")
        if message.id not in self._askers:
            self._room.pop(message.id, None)
        return self._tell(asker, message)

    def announce(self) -> None:
        """How the link is has changed."""
        standing = self._standing()
        if not standing.linked:
            self._askers.clear()
            self._room.clear()
        for visitor in tuple(self._visitors):
            self._tell(visitor, standing)

    @asynccontextmanager
    async def open(self, data_dir: Path) -> AsyncIterator[None]:
        """Answer on the socket until the block ends. Raises AssistantError when another one does already."""
        path = socket_path(data_dir)
        await _claim(path)
        old = os.umask(0o177)
        try:
            listener = await anyio.create_unix_listener(path)
        finally:
            os.umask(old)
        try:
            async with listener, anyio.create_task_group() as tasks:
                tasks.start_soon(listener.serve, self._attend)
                yield
                tasks.cancel_scope.cancel()
        finally:
            path.unlink(missing_ok=True)

    async def _attend(self, stream: SocketStream) -> None:
        outgoing, replies = anyio.create_memory_object_stream[ToAssistant](_OUTGOING)
        self._visitors.add(outgoing)
        try:
            async with stream, anyio.create_task_group() as tasks:
                tasks.start_soon(self._write, stream, replies)
                self._tell(outgoing, self._standing())
                await self._read(stream, outgoing)
                tasks.cancel_scope.cancel()
        finally:
            self._visitors.discard(outgoing)
            for ask in [ask for ask, asker in self._askers.items() if asker is outgoing]:
                # The answer comes all the same, and is kept: whoever asked may only have been restarted.
                del self._askers[ask]
                self._room.pop(ask, None)
            outgoing.close()
            replies.close()

    async def _write(self, stream: SocketStream, replies: MemoryObjectReceiveStream[ToAssistant]) -> None:
        codec = daemon_codec()
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            async for message in replies:
                await stream.send(framed(codec.encode(message)))

    async def _read(self, stream: SocketStream, outgoing: MemoryObjectSendStream[ToAssistant]) -> None:
        codec, splitter = daemon_codec(), Splitter()
        try:
            async for data in stream:
                for frame in splitter.feed(data):
                    self._take(codec.decode(frame), outgoing)
        except anyio.BrokenResourceError:
            _log.debug("a local client went away")
        except ProtocolError as error:
            _log.warning("a local client is of another version, or broken: %s", error.code)

    def _take(self, message: FromAssistant, outgoing: MemoryObjectSendStream[ToAssistant]) -> None:
        match message:
            case Look():
                self._look()
            case Now():
                self._now()
                self._tell(outgoing, self._standing())
            case Enquiry():
                self._tell(outgoing, self._standing())
            case Ask():
                self._askers[message.id] = outgoing
                if not self._say(message):
                    del self._askers[message.id]
                    self._tell(outgoing, self._standing())
            case _:
                self._say(message)

    def _tell(self, visitor: MemoryObjectSendStream[ToAssistant], message: ToAssistant) -> bool:
        try:
            visitor.send_nowait(message)
        except (anyio.WouldBlock, anyio.BrokenResourceError, anyio.ClosedResourceError):
            return False
        return True


def _size(message: Delta | Call) -> int:
    return _EACH + (len(message.text) if isinstance(message, Delta) else len(message.arguments))


async def _claim(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        async with await anyio.connect_unix(path):
            pass
    except OSError:
        path.unlink(missing_ok=True)
        return
    raise AssistantError(f"hearth-sync runs already in {path.parent}", "stop it first", permanent=True)
