"""One connection, whatever it is for: its frames, and the end of it."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import anyio
from anyio.abc import SocketStream
from wyoming.error import Error
from wyoming.event import Event

from edge.errors import AssistantError
from edge.wyoming.frames import Frames, Malformed, encoded

_log = logging.getLogger(__name__)
_PIECE: Final = 64 * 1024
_IDLE_S: Final = 60.0
"""Nobody is silent for so long: Home Assistant asks a satellite every two seconds whether it is there."""
_PARTING_S: Final = 1.0
_SEND_S: Final = 10.0
"""A client that takes nothing for so long is given up."""

Send = Callable[[Event], Awaitable[None]]


class Gone(Exception):
    """The other end hung up, or takes nothing any more."""


class Handler(Protocol):
    """What a connection is for."""

    async def handle(self, event: Event) -> None:
        """Raises Malformed, AssistantError, Gone; each of them ends the connection."""

    async def close(self) -> None: ...


async def converse(stream: SocketStream, make: Callable[[Send], Handler]) -> None:
    """Hand the events of ``stream`` to what ``make`` gives, one after another, until either end has enough."""
    sending = anyio.Lock()

    async def send(event: Event) -> None:
        try:
            with anyio.fail_after(_SEND_S):
                async with sending:
                    await stream.send(encoded(event))
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, TimeoutError) as error:
            raise Gone from error

    async with stream:
        handler = make(send)
        try:
            await _serve(stream, handler, send)
            await _part(stream)
        except Gone:
            _log.debug("a client went away")
        finally:
            with anyio.CancelScope(shield=True):
                await handler.close()


async def refuse(stream: SocketStream, why: str) -> None:
    """Tell the other end ``why`` it is not served, and hang up."""
    async with stream:
        try:
            with anyio.move_on_after(_PARTING_S):
                await stream.send(encoded(Error(text=why, code="refused").event()))
            await _part(stream)
        except (Gone, anyio.BrokenResourceError, anyio.ClosedResourceError):
            _log.debug("a client that was refused went away")


async def _serve(stream: SocketStream, handler: Handler, send: Send) -> None:
    frames = Frames()
    try:
        while True:
            while (event := frames.next()) is not None:
                await handler.handle(event)
            frames.feed(await _received(stream))
    except Malformed as error:
        _log.info("a client sent what is not taken: %s", error)
        await send(Error(text=str(error), code="malformed").event())
    except AssistantError as error:
        _log.warning("%s: %s", error.stage, error)
        await send(Error(text=error.what, code=error.code).event())


async def _part(stream: SocketStream) -> None:
    """Take leave so that the last word arrives: closed with sound unread, a socket throws away what it has sent."""
    with anyio.move_on_after(_PARTING_S):
        try:
            await stream.send_eof()
        except (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise Gone from error
        while True:
            await _received(stream)


async def _received(stream: SocketStream) -> bytes:
    try:
        with anyio.fail_after(_IDLE_S):
            return await stream.receive(_PIECE)
    except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, TimeoutError) as error:
        raise Gone from error
