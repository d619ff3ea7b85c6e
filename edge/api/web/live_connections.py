"""Connections that last: they end with the login that they were opened with."""

from collections.abc import Awaitable, Callable
from typing import Final

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.api.web.access import Person

LOGIN_ENDED: Final = 4401
"""Close code of a WebSocket."""


class _Live:
    def __init__(self, who: Person, lasts: bool) -> None:
        self.who, self.lasts = who, lasts
        self.scope = anyio.CancelScope()


class LiveConnections:
    """WebSockets, and answers that are streamed. A plain request that has begun is answered in any case."""

    def __init__(self) -> None:
        self._live: set[_Live] = set()

    def __bool__(self) -> bool:
        """Whether there are any that would last."""
        return any(live.lasts for live in self._live)

    async def look(self, still: Callable[[Person], Awaitable[Person | None]]) -> None:
        """End those of whoever is not any more who they were. ``still``: who a person is by now."""
        people = {live.who for live in self._live if live.lasts}
        gone = {who for who in people if await still(who) != who}
        for live in self._live:
            if live.lasts and live.who in gone:
                live.scope.cancel()

    async def run(self, who: Person, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """``app``, as ASGI has it, as long as ``who`` may."""
        live = _Live(who, lasts=scope["type"] == "websocket")
        state = ""

        async def sending(message: Message) -> None:
            nonlocal state
            state = message["type"]
            live.lasts |= bool(message.get("more_body"))
            await send(message)

        self._live.add(live)
        try:
            with live.scope:
                await app(scope, receive, sending)
        finally:
            self._live.discard(live)
        if live.scope.cancelled_caught and scope["type"] == "websocket" and state != "websocket.close":
            await send({"type": "websocket.close", "code": LOGIN_ENDED, "reason": "the login has ended"})
