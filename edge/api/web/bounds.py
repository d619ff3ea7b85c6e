"""How much may be sent, and how long that may take: ASGI, before anything reads it."""

import zlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import anyio
from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.api.web.problems import Refusal, respond

USUAL: Final = 256 * 1024
"""Bytes of a request's body."""
STRANGERS: Final = 16 * 1024
"""Of whoever is not known: enough to log in."""
LARGE: Final[Mapping[str, int]] = {
    "/mcp": 4 << 20,
    "/v1/audio/": 25 << 20,
    "/v1/chat/": 4 << 20,
    "/v1/wake": 2 << 20,
}
"""By how a path begins: those that may be sent more. Recordings; of a wake word ten seconds at any usual rate."""
_DIGITS: Final = 20
"""Of a length: more are no number of bytes, and Python refuses to read thousands of them."""
BODY_S: Final = 30.0
"""How long a body may take to come."""
_READ: Final = ("/v1/devices", "/v1/turns", "/openapi.json", "/asyncapi.json", "/metrics")
"""By how a path begins: answers that may be long, and are compressed."""


class Bounded:
    """Refuses what is too large before it is read, or while; and what never comes to its end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = next((size for start, size in LARGE.items() if scope["path"].startswith(start)), USUAL)
        if scope.get("state", {}).get("person") is None:
            most = STRANGERS
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or len(length) > _DIGITS or int(length) > most:
            problem = respond(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _most(most), code="too_large", Connection="close")
            await problem(scope, receive, send)
            return
        await self._app(scope, _bounded(receive, most), send)


def _bounded(receive: Receive, most: int) -> Receive:
    """Raises Refusal as soon as more has come, or the rest does not come."""
    came, whole, latest = 0, False, anyio.current_time() + BODY_S

    async def receiving() -> Message:
        nonlocal came, whole
        if whole:
            # What is waited for now is that the client goes.
            return await receive()
        with anyio.move_on_after(latest - anyio.current_time()):
            message = await receive()
            came += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if came > most:
                raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _most(most), code="too_large")
            return message
        raise Refusal(HTTPStatus.REQUEST_TIMEOUT, "the rest of the request didn't come", code="too_slow")

    return receiving


def _most(size: int) -> str:
    return f"more than {size // 1024} KiB are too much here"


class Packed:
    """Compresses answers that may be long, for clients that take that; nothing that comes in pieces, and no sound."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._packing = GZipMiddleware(app, minimum_size=2048, compresslevel=zlib.Z_BEST_SPEED)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        packs = scope["type"] == "http" and scope["path"].startswith(_READ)
        await (self._packing if packs else self._app)(scope, receive, send)
