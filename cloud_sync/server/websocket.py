"""The WebSocket end of a connection, as uvicorn hosts it (its ``http`` setting), without a task for each of them.

uvicorn's own gives every connection a task, a queue and a scope: 24 KiB each for ten thousand that say nothing (see
docs/sync-scale.md). Here the bytes go straight to the session and back. The framing is that of ``websockets``.
"""

import asyncio
import contextlib
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState
from websockets.exceptions import InvalidState
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from cloud_sync.protocol.errors import Code
from cloud_sync.protocol.frames import MAX_FRAME
from cloud_sync.server.connection import Connection
from cloud_sync.server.worker import Worker

PATH: Final = "/v1/sync"
_REQUEST: Final = f"GET {PATH} ".encode()
BURST: Final = 400
"""Frames that a device may send at once."""
RATE: Final = 100
"""Frames in a second, from then on: what comes faster is read later."""
_LINGER_S: Final = 2.0
"""How long the device may take to close its side."""
_CLOSE_CODES: Final = {
    Code.TOO_LARGE: CloseCode.MESSAGE_TOO_BIG,
    Code.MALFORMED: CloseCode.PROTOCOL_ERROR,
    Code.INTERNAL: CloseCode.INTERNAL_ERROR,
    Code.BUSY: CloseCode.TRY_AGAIN_LATER,
    Code.TIMEOUT: CloseCode.GOING_AWAY,
}


class Opening(asyncio.Protocol):
    """Of a socket that has said nothing yet: its first bytes tell whether it is for the session or for uvicorn's HTTP,
    which would take three times as long to find out. It is not waited for them for ever.
    """

    __slots__ = ("_begun", "_made_of", "_transport", "_worker")

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._made_of = config, server_state, app_state
        self._begun = b""
        self._worker = _worker(app_state)
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A socket was accepted."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._worker.half_open.add(transport)

    def data_received(self, data: bytes) -> None:
        """Some of a request."""
        self._begun += data
        if len(self._begun) < len(_REQUEST) and _REQUEST.startswith(self._begun):
            return
        config, state, app_state = self._made_of
        protocol: WebSocket | Http
        protocol = WebSocket(state, app_state) if self._begun.startswith(_REQUEST) else Http(config, state, app_state)
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(self._begun)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        self._worker.half_open.discard(self._transport)


class Http(H11Protocol):
    """uvicorn's, whose first request may not take for ever, either."""

    def data_received(self, data: bytes) -> None:
        """Some of a request."""
        super().data_received(data)
        if self.scope is not None:
            _worker(self.app_state).half_open.discard(self.transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        _worker(self.app_state).half_open.discard(self.transport)
        super().connection_lost(exc)


class WebSocket(asyncio.Protocol):
    """One WebSocket; the :class:`cloud_sync.server.connection.Link` of its connection."""

    __slots__ = (
        "_budget",
        "_closing",
        "_connection",
        "_flushes",
        "_pieces",
        "_state",
        "_transport",
        "_wire",
        "_worker",
    )

    def __init__(self, server_state: ServerState, app_state: dict[str, Any]) -> None:
        self._state = server_state
        self._worker = _worker(app_state)
        # A byte more, for the protocol's own mark: see cloud_sync.protocol.frames.
        self._wire = ServerProtocol(max_size=MAX_FRAME + 1, logger=_worker(app_state).wire_logger)
        self._transport: asyncio.Transport
        self._connection: Connection | None = None
        self._pieces: list[bytes] | None = None
        self._budget = BURST
        self._closing = False
        self._flushes = False

    # -- what uvicorn and asyncio call -----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket, after the request was read."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._state.connections.add(self)  # type: ignore[arg-type]

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        self._state.connections.discard(self)
        self._worker.half_open.discard(self._transport)
        self._worker.throttled.discard(self)
        self._closing = True
        if self._connection is not None:
            self._connection.lost()
            self._connection = None

    def data_received(self, data: bytes) -> None:
        """Bytes of the device."""
        self._wire.receive_data(data)
        self._handle()

    def eof_received(self) -> None:
        """The device sends no more."""
        self._wire.receive_eof()
        self._handle()

    def pause_writing(self) -> None:
        """The device reads slower than we write: it is not listened to, either."""
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """It has caught up."""
        if not self._transport.is_closing() and self._budget > 0:
            self._transport.resume_reading()

    def shutdown(self) -> None:
        """The worker stops."""
        if self._connection is not None:
            self._worker.dismiss(self._connection)
        else:
            self._transport.close()

    # -- Link ------------------------------------------------------------------------------------------------------

    def send(self, frame: bytes) -> None:
        """Send it, unless the link is down."""
        if self._closing:
            return
        self._wire.send_binary(frame)
        if not self._flushes:
            # What is said at the same moment goes out together: each write is a call of the kernel.
            self._flushes = True
            asyncio.get_running_loop().call_soon(self._flush)

    def greeted(self) -> None:
        """The other end has said who it is; from now on it waits for us."""
        self._worker.half_open.discard(self._transport)

    def close(self, code: Code | None) -> None:
        """Once everything is sent."""
        if self._closing:
            return
        self._closing = True
        closing = CloseCode.NORMAL_CLOSURE if code is None else _CLOSE_CODES.get(code, CloseCode.POLICY_VIOLATION)
        # The device may have closed it at the same moment.
        with contextlib.suppress(InvalidState):
            self._wire.send_close(closing, code.value if code is not None else "")
        self._flush()
        asyncio.get_running_loop().call_later(_LINGER_S, self._transport.abort)

    # -- inside ----------------------------------------------------------------------------------------------------

    def refill(self) -> bool:
        """A second went by. False: there is no need to come again."""
        self._budget = min(BURST, self._budget + RATE)
        if not self._transport.is_closing():
            self._transport.resume_reading()
        return self._budget < BURST

    def _handle(self) -> None:
        self._flushes = True
        for event in self._wire.events_received():
            if isinstance(event, Request):
                self._accept(event)
            elif isinstance(event, Frame):
                self._frame(event)
        self._flush()
        if self._wire.close_expected():
            asyncio.get_running_loop().call_later(_LINGER_S, self._transport.abort)

    def _accept(self, request: Request) -> None:
        is_ours = request.path == PATH
        response = self._wire.accept(request) if is_ours else self._wire.reject(404, "nothing is there\n")
        self._wire.send_response(response)
        if response.status_code == 101:  # noqa: PLR2004
            self._connection = Connection(self._worker, self)
            self._connection.opened()

    def _frame(self, frame: Frame) -> None:
        if self._closing or self._connection is None:
            return
        if frame.opcode is Opcode.TEXT:
            self.close(Code.MALFORMED)
        elif frame.opcode is Opcode.BINARY and frame.fin:
            self._received(bytes(frame.data))
        elif frame.opcode is Opcode.BINARY:
            self._pieces = [bytes(frame.data)]
        elif frame.opcode is Opcode.CONT and self._pieces is not None:
            if frame.data:
                # Empty ones may come without end, and the wire counts bytes.
                self._pieces.append(bytes(frame.data))
            if frame.fin:
                whole, self._pieces = b"".join(self._pieces), None
                self._received(whole)

    def _received(self, frame: bytes) -> None:
        assert self._connection is not None
        self._budget -= 1
        if self._budget <= 0 and not self._transport.is_closing():
            self._transport.pause_reading()
            self._worker.throttled.add(self)
        elif self._budget < RATE:
            self._worker.throttled.add(self)
        self._connection.received(frame)

    def _flush(self) -> None:
        self._flushes = False
        pieces = self._wire.data_to_send()
        if whole := b"".join(pieces):
            self._transport.write(whole)
        if b"" in pieces:
            # The end, once all that was written is sent.
            self._transport.close()


def _worker(app_state: dict[str, Any]) -> Worker:
    worker = app_state["worker"]
    assert isinstance(worker, Worker)
    return worker
