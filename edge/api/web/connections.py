"""What uvicorn's connections lack: an end where nothing comes, as it waits for ever for a first request and for the
rest of one's head; and whose certificate the other end has shown.
"""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

from edge.api.web.entrance import PEER
from edge.api.web.tls import peer_name

HEAD_S: Final = 10.0
"""So long a connection may be without a whole request, or twice as long between two of them."""


class Punctual(H11Protocol):
    """Closes what stays silent."""

    _watch: asyncio.TimerHandle | None = None
    _before: object = None
    """The request of the last look."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """As asyncio has it."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, PEER: peer_name(transport.get_extra_info("peercert"))}
        self._watch = self.loop.call_later(HEAD_S, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """As asyncio has it."""
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        cycle: Any = self.cycle
        if self.transport.get_protocol() is not self:
            return  # it has become a WebSocket, which has its pings
        answering = cycle is not None and not cycle.response_complete
        if not answering and cycle is self._before:
            self.transport.abort()
            return
        self._before = cycle
        self._watch = self.loop.call_later(HEAD_S, self._look)
