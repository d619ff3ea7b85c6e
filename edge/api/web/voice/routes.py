"""``/v1/voice``."""

import logging
from typing import Final

import anyio
import anyio.lowlevel
from fastapi import APIRouter, WebSocket
from pydantic import BaseModel, ValidationError
from starlette.websockets import WebSocketDisconnect

from edge.api.web.access import Guest, Person
from edge.api.web.voice.line import AWAY_S, Line
from edge.api.web.voice.lines import MOST, Lines
from edge.api.web.voice.messages import (
    FROM_CLIENT,
    Bye,
    Cancel,
    ClientMessage,
    Hello,
    Problem,
    Ready,
    Resume,
    Start,
    Stop,
    Text,
)
from edge.assistant import Assistant

_log = logging.getLogger(__name__)
_HELLO_S: Final = 10.0
_SEND_S: Final = 10.0
"""A client that takes nothing for so long is given up; it may come back."""
_MALFORMED: Final = 1007
_BUSY: Final = 1013
_REPLACED: Final = 4001
"""The same talker has come by another connection."""
_FAREWELLS: Final = (1000, 1001)
"""The client has closed the connection itself: nothing dropped."""
_SAMPLE: Final = 2
"""Bytes."""


class _Malformed(Exception):
    """The client sent what is not taken."""


def router(assistant: Assistant) -> APIRouter:
    """Its route."""
    routes = APIRouter(prefix="/v1")
    lines = Lines(assistant)

    @routes.websocket("/voice")
    async def voice(websocket: WebSocket, who: Guest) -> None:
        await websocket.accept()
        try:
            try:
                await _Connection(websocket, lines, who).serve()
            except _Malformed as error:
                await _part(websocket, _MALFORMED, Problem(detail=str(error), code="malformed"))
        except (WebSocketDisconnect, TimeoutError):
            _log.debug("a client went away")

    return routes


class _Connection:
    """From its first message on."""

    def __init__(self, websocket: WebSocket, lines: Lines, who: Person) -> None:
        self._websocket, self._lines, self._who = websocket, lines, who

    async def serve(self) -> None:
        """Until either end has enough. Raises WebSocketDisconnect, TimeoutError, _Malformed."""
        line, resume = await self._admitted()
        if line is None:
            busy = Problem(detail=f"{MOST} talk already", code="busy", remedy="try again later")
            await _part(self._websocket, _BUSY, busy)
            return
        ended: Exception | None = None
        with anyio.CancelScope() as scope:
            # Before it is greeted: from here on no other connection takes its frames, and it is not given up.
            line.attach(scope)
            try:
                await self._greet(line, resume)
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._send_all, line, scope)
                    try:
                        await self._take_all(line)
                    except (WebSocketDisconnect, _Malformed) as error:
                        ended = error
                    tasks.cancel_scope.cancel()
            finally:
                line.detach(scope)
        if isinstance(ended, WebSocketDisconnect) and ended.code in _FAREWELLS:
            line.leave()
        if ended is not None:
            raise ended
        if line.connected:
            await self._websocket.close(_REPLACED)

    async def _admitted(self) -> tuple[Line | None, Resume | None]:
        """Who talks, None where too many do; and with what it comes back, where it does."""
        with anyio.fail_after(_HELLO_S):
            first = await self._received()
        match first:
            case Resume():
                line = self._lines.find(self._who, first.connection)
                if line is not None:
                    return line, first
                first = first.hello or Hello(type="hello")
            case Hello():
                pass
            case _:
                raise _Malformed("the first message is hello or resume")
        return await self._lines.open(self._who, first), None

    async def _greet(self, line: Line, resume: Resume | None) -> None:
        # The connection before, which is cancelled by now, may be about to take a frame: here it ends.
        await anyio.lowlevel.checkpoint()
        missed = line.outbox.resume(resume.after) if resume is not None else 0
        ready = Ready(
            connection=line.id, session=line.session, kept_s=AWAY_S, resumed=resume is not None, missed=missed
        )
        await _send(self._websocket, ready)

    async def _send_all(self, line: Line, scope: anyio.CancelScope) -> None:
        """What there is for the client, as fast as it takes it."""
        try:
            while True:
                frame = await line.outbox.next()
                with anyio.fail_after(_SEND_S):
                    await (
                        self._websocket.send_text(frame)
                        if isinstance(frame, str)
                        else self._websocket.send_bytes(frame)
                    )
        except (TimeoutError, WebSocketDisconnect, RuntimeError):
            # Starlette has RuntimeError for a connection that is closed already.
            scope.cancel()

    async def _take_all(self, line: Line) -> None:
        while True:
            match await self._received():
                case bytes() as payload:
                    await line.sound(payload)
                case Start(held=held):
                    await line.start(held)
                case Stop():
                    await line.stop()
                case Cancel():
                    await line.cancel()
                case Text(text=text):
                    await line.text(text)
                case Bye():
                    line.leave()
                    return
                case other:
                    raise _Malformed(f"{other.type} is the first message, or none")

    async def _received(self) -> ClientMessage | bytes:
        """Raises WebSocketDisconnect, _Malformed."""
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1006))
        if (payload := message.get("bytes")) is not None:
            if len(payload) % _SAMPLE:
                raise _Malformed("sound comes in whole samples of 16 bits")
            return bytes(payload)
        try:
            return FROM_CLIENT.validate_json(message.get("text") or "")
        except ValidationError as error:
            first = error.errors()[0]
            raise _Malformed(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


async def _send(websocket: WebSocket, message: BaseModel) -> None:
    with anyio.fail_after(_SEND_S):
        await websocket.send_text(message.model_dump_json())


async def _part(websocket: WebSocket, code: int, why: Problem) -> None:
    await _send(websocket, why)
    await websocket.close(code)
