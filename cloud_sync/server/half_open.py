"""Sockets at which nobody has said yet who is there: bounded in number and in time."""

from asyncio import Transport
from collections.abc import Callable
from typing import Final

LIMIT: Final = 16_384
"""So many; when one more comes, the oldest goes."""
AGE_S: Final = 20.0
"""For the request and the hello together."""


class HalfOpen:
    """In the order in which they came."""

    def __init__(self, dropped: Callable[[], None], now: Callable[[], float], limit: int = LIMIT) -> None:
        """``dropped``: one was given up; ``now``: seconds."""
        self._dropped, self._now, self._limit = dropped, now, limit
        self._since: dict[Transport, float] = {}

    def __len__(self) -> int:
        return len(self._since)

    def add(self, transport: Transport) -> None:
        """A socket was accepted."""
        self._since[transport] = self._now()
        if len(self._since) > self._limit:
            self._drop(next(iter(self._since)))

    def discard(self, transport: Transport) -> None:
        """It has said who it is, or it is gone."""
        self._since.pop(transport, None)

    def sweep(self) -> None:
        """Give up those that take too long."""
        limit = self._now() - AGE_S
        for transport in [transport for transport, since in self._since.items() if since <= limit]:
            self._drop(transport)

    def _drop(self, transport: Transport) -> None:
        del self._since[transport]
        self._dropped()
        transport.abort()
