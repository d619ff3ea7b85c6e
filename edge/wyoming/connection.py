"""A blocking connection to a Wyoming server, all of which is over by a deadline. For threads of their own."""

import socket
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Final, TypeAlias

from wyoming.event import Event

from edge.wyoming.frames import Frames, Limits, Malformed, encoded

_LARGE: Final = Limits(line=1 << 20, data=4 << 20, payload=1 << 20)
"""Servers with many voices describe themselves at length."""
_PIECE: Final = 64 * 1024
_MOST: Final = 64 << 20
"""Bytes of one answer: two minutes of sound of the largest format that is taken."""

Place: TypeAlias = tuple[socket.AddressFamily, Any]
"""An address that needs no looking up any more."""


def places(host: str, port: int) -> list[Place]:
    """Where ``host`` is. Blocks for as long as the resolver likes. Raises OSError."""
    return [(family, address) for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Connection:
    """One exchange. A context manager."""

    def __init__(self, place: Place, deadline_s: float) -> None:
        """Raises OSError, of which TimeoutError is one, here and everywhere else."""
        self._ends = time.monotonic() + deadline_s
        family, address = place
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.settimeout(self._left())
            self._socket.connect(address)
        except OSError:
            self._socket.close()
            raise

    def __enter__(self) -> "Connection":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, events: Iterable[Event]) -> None:
        """All of ``events``, in as few packets as they need."""
        self._socket.settimeout(self._left())
        self._socket.sendall(b"".join(encoded(event) for event in events))

    def events(self) -> Iterator[Event]:
        """What the other end says, without end: it raises ConnectionError when that hangs up, and Malformed."""
        frames = Frames(_LARGE)
        came = 0
        while True:
            while (event := frames.next()) is not None:
                yield event
            self._socket.settimeout(self._left())
            received = self._socket.recv(_PIECE)
            if not received:
                raise ConnectionError("it hung up before it had answered")
            came += len(received)
            if came > _MOST:
                raise Malformed(f"it says more than {_MOST} bytes")
            frames.feed(received)

    def _left(self) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("it did not answer in time")
        return left
