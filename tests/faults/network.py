"""Connections between boards and the bridge: frames in order, until something happens to them."""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK

from cloud_sync.protocol.errors import Code
from tests.faults.process import Process


class Accepted(Protocol):
    """A connection as the bridge has it: :class:`cloud_sync.server.connection.Connection`."""

    def received(self, frame: bytes) -> None: ...

    def lost(self) -> None: ...


@dataclass
class Weather:
    """What happens on the way, per frame."""

    cut: float = 0.0
    """The connection breaks; what is on the way arrives, or does not."""
    silence: float = 0.0
    """Nothing arrives any more in one direction or both, and nobody is told: half-open."""
    late: float = 0.0
    """It breaks for the device; the bridge hears what was on the way only much later, and of the end still later."""
    again: float = 0.0
    """A frame comes twice."""
    reordered: float = 0.0
    """A frame comes before the one that was sent before it."""
    damaged: float = 0.0
    """A bit is another one: TLS ends the connection."""
    latency_s: float = 0.05


class Network:
    """All connections."""

    def __init__(self, chance: random.Random, trace: Callable[[str], None]) -> None:
        self.chance, self.trace = chance, trace
        self.weather = Weather()
        self.accept: Callable[[ServerEnd], Accepted] | None = None
        """None: the bridge is down."""
        self.offline: set[str] = set()
        """Boards without a way to the bridge."""
        self.wires: list[Wire] = []

    def connecting(self, board: str, process: Process) -> "_Connecting":
        """What ``websockets.connect`` gives."""
        return _Connecting(self, board, process)

    def of(self, board: str) -> list["Wire"]:
        """Its connections, also those that it has given up."""
        return [wire for wire in self.wires if wire.board == board]


class Wire:
    """One connection."""

    def __init__(self, network: Network, board: str, process: Process) -> None:
        self.network, self.board = network, board
        self.client, self.server = ClientEnd(self, process), ServerEnd(self)
        self.is_silent_up = self.is_silent_down = False
        self._due_up = self._due_down = 0.0
        network.wires.append(self)

    # -- frames --------------------------------------------------------------------------------------------------------

    def up(self, frame: bytes) -> None:
        """From the device."""
        if not self.is_silent_up:
            self._due_up = self._send(frame, self._due_up, self.server.arrived)

    def down(self, frame: bytes) -> None:
        """From the bridge."""
        if not self.is_silent_down:
            self._due_down = self._send(frame, self._due_down, self.client.arrived)

    def _send(self, frame: bytes, due: float, arrive: Callable[[bytes], None]) -> float:
        network, loop = self.network, asyncio.get_running_loop()
        weather, chance = network.weather, network.chance
        happens = chance.random()
        at = max(due, loop.time() + weather.latency_s * (0.5 + chance.random()))
        for odds, what in (
            (weather.cut, self._break),
            (weather.silence, self._fall_silent),
            (weather.late, self._linger),
        ):
            if happens < odds:
                what(at, frame, arrive)
                return at
            happens -= odds
        if happens < weather.again:
            loop.call_at(at + chance.random(), arrive, frame)
        elif happens < weather.again + weather.reordered:
            loop.call_at(at + 3 * weather.latency_s, arrive, frame)
            return due
        elif happens < weather.again + weather.reordered + weather.damaged:
            # TLS notices it, and ends the connection.
            network.trace(f"{self.board}: a frame is damaged")
            loop.call_at(at, self.cut)
            return at
        loop.call_at(at, arrive, frame)
        return at

    # -- what goes wrong -----------------------------------------------------------------------------------------------

    def _break(self, at: float, frame: bytes, arrive: Callable[[bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        if self.network.chance.random() < 0.5:
            loop.call_at(at, arrive, frame)
        loop.call_at(at, self.cut)

    def _fall_silent(self, at: float, frame: bytes, arrive: Callable[[bytes], None]) -> None:
        self.fall_silent()

    def fall_silent(self) -> None:
        """Half-open: whoever waits will wait."""
        self.network.trace(f"{self.board}: the link is half-open")
        both = self.network.chance.random() < 0.6
        first = self.network.chance.random() < 0.5
        self.is_silent_up |= both or first
        self.is_silent_down |= both or not first

    def _linger(self, at: float, frame: bytes, arrive: Callable[[bytes], None]) -> None:
        """The device gives up; the bridge hears of it late, after it has heard what was on its way."""
        loop, chance = asyncio.get_running_loop(), self.network.chance
        self.network.trace(f"{self.board}: the old connection lives on at the bridge")
        self.is_silent_down = True
        later = loop.time() + chance.uniform(0.5, 40.0)
        loop.call_at(later, arrive, frame)
        loop.call_at(later + chance.uniform(0.0, 20.0), self.server.broken)
        self.client.broken()

    def cut(self) -> None:
        """Both ends notice."""
        if not (self.client.is_closed and self.server.is_closed):
            self.network.trace(f"{self.board}: the link is cut")
        self.client.broken()
        self.server.broken()

    def vanish(self, *, board: bool) -> None:
        """One of the ends is not there any more, without a word; the other may notice, or wait for its own patience."""
        other = self.server if board else self.client
        self.is_silent_up = self.is_silent_down = True
        (self.client if board else self.server).is_closed = True
        if self.network.chance.random() < 0.7:
            asyncio.get_running_loop().call_later(self.network.weather.latency_s, other.broken)


class ClientEnd:
    """What :mod:`cloud_sync.client.link` needs of ``websockets``' ClientConnection."""

    def __init__(self, wire: Wire, process: Process) -> None:
        self._wire, self._process = wire, process
        self._frames: deque[bytes] = deque()
        self._news = asyncio.Event()
        self.is_closed = False
        self._in_peace = False
        self.transport = self

    def get_extra_info(self, what: str) -> None:
        """There is no socket."""

    def abort(self) -> None:
        """As a socket that is let go: the other end hears of it, unless nothing gets through."""
        if not self.is_closed and not self._wire.is_silent_up:
            loop = asyncio.get_running_loop()
            loop.call_later(self._wire.network.weather.latency_s, self._wire.server.broken)
        self.broken()

    async def send(self, frame: bytes) -> None:
        self._process.point("before send")
        await asyncio.sleep(0)
        if self.is_closed:
            raise self._closed()
        self._wire.up(frame)
        self._process.point("after send")

    async def close(self) -> None:
        if not self.is_closed:
            self.is_closed = self._in_peace = True
            self._news.set()
            loop = asyncio.get_running_loop()
            loop.call_later(self._wire.network.weather.latency_s, self._wire.server.broken)

    def __aiter__(self) -> "ClientEnd":
        return self

    async def __anext__(self) -> bytes:
        while not self._frames:
            if self.is_closed:
                raise self._closed() if not self._in_peace else StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        self._process.point("after receive")
        return self._frames.popleft()

    def arrived(self, frame: bytes) -> None:
        if not self.is_closed and not self._process.is_dead:
            self._frames.append(frame)
            self._news.set()

    def broken(self) -> None:
        """The connection is gone."""
        self.is_closed = True
        self._news.set()

    def closed_by_bridge(self) -> None:
        """In peace, once everything is read."""
        if not self.is_closed:
            self.is_closed = self._in_peace = True
            self._news.set()

    def _closed(self) -> ConnectionClosedError | ConnectionClosedOK:
        return ConnectionClosedOK(None, None) if self._in_peace else ConnectionClosedError(None, None)


class ServerEnd:
    """The :class:`cloud_sync.server.connection.Link` of a connection."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.connection: Accepted | None = None
        self.process: Process | None = None
        self.is_closed = False
        self._is_lost = False

    @property
    def board(self) -> str:
        """Whose it is."""
        return self._wire.board

    def send(self, frame: bytes) -> None:
        if self.process is not None:
            self.process.point("before send")
        if not self.is_closed:
            self._wire.down(frame)

    def close(self, code: Code | None) -> None:
        if not self.is_closed:
            self.is_closed = True
            loop, wire = asyncio.get_running_loop(), self._wire
            if not wire.is_silent_down:
                loop.call_at(max(loop.time(), wire._due_down) + 1e-6, wire.client.closed_by_bridge)
            loop.call_later(0.1, self.broken)

    def greeted(self) -> None:
        """Who is there."""

    def arrived(self, frame: bytes) -> None:
        if not self.is_closed and self.connection is not None:
            if self.process is not None:
                self.process.point("after receive")
            self.connection.received(frame)

    def broken(self) -> None:
        """The connection is gone."""
        self.is_closed = True
        if not self._is_lost and self.connection is not None:
            self._is_lost = True
            if self.process is None or not self.process.is_dead:
                self.connection.lost()


class _Connecting:
    def __init__(self, network: Network, board: str, process: Process) -> None:
        self._network, self._board, self._process = network, board, process
        self._wire: Wire | None = None

    async def __aenter__(self) -> ClientEnd:
        network = self._network
        await asyncio.sleep(network.weather.latency_s)
        if network.accept is None or self._board in network.offline:
            raise OSError("there is no way to the bridge")
        self._wire = wire = Wire(network, self._board, self._process)
        wire.server.connection = network.accept(wire.server)
        return wire.client

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._wire is not None and not self._process.is_dead:
            await self._wire.client.close()


Connect = Callable[..., Any]
