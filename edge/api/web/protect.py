"""What every request passes before anything else: the headers of every answer, whom it asks for, who asks."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.api.web.access import Person, respond_to
from edge.api.web.entrance import Entrance, is_secure
from edge.api.web.hosts import hostname, refuse_forgery
from edge.api.web.places import is_loopback
from edge.api.web.problems import Refusal, respond
from edge.errors import AssistantError

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "media-src 'self' blob:",
        "worker-src 'self'",
        "manifest-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    )
)
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=(), payment=(), usb=(), serial=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""No Strict-Transport-Security: it would hold for all ports of the machine, on which other programs may have no TLS,
and with a self-made certificate a browser would let nobody in any more.
"""

_API: Final = ("/v1/", "/mcp", "/metrics", "/openapi.json", "/asyncapi.json")
"""What is made for each request, and is not the page's files: strangers ask for it so often and no more."""


class Protected:
    """ASGI: the application behind all of it."""

    def __init__(self, app: ASGIApp, entrance: Entrance) -> None:
        self._app, self._entrance = app, entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                # What belongs to somebody stays in no cache on the way; what the page is made of says its own.
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        connection = HTTPConnection(scope)
        try:
            self._entrance.names.refuse(connection)
            if not is_secure(connection) and not is_loopback((scope.get("server") or ("", None))[0]):
                await self._to_tls(connection)(scope, receive, sending)
                return
            who = await self._who(connection)
        except Refusal as refused:
            await respond_to(refused)(scope, receive, sending)
        except AssistantError as error:
            problem = respond(HTTPStatus.SERVICE_UNAVAILABLE, error.what, code=error.code, remedy=error.remedy)
            await problem(scope, receive, sending)
        else:
            await self._pass(who, scope, receive, sending)

    async def _pass(self, who: Person | None, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {}).update(person=who, rates=self._entrance.rates)
        if who is None:
            await self._app(scope, receive, send)
        else:
            await self._entrance.live.run(who, self._app, scope, receive, send)

    async def _who(self, connection: HTTPConnection) -> Person | None:
        """Raises Refusal and StorageError."""
        if "authorization" not in connection.headers:
            refuse_forgery(connection)
        who = await self._entrance.who(connection)
        if who is None and connection.url.path.startswith(_API):
            await self._entrance.rates.stranger(connection)
        return who

    def _to_tls(self, connection: HTTPConnection) -> ASGIApp:
        """For whoever asks over the network without TLS. What holds a secret is refused, so that its sender learns of
        it. Raises Refusal.
        """
        port = self._entrance.tls_port
        if connection.scope.get("method") not in ("GET", "HEAD") or "authorization" in connection.headers or not port:
            remedy = f"use https, port {port}" if port else ""
            raise Refusal(HTTPStatus.FORBIDDEN, "over the network this takes TLS", code="takes_tls", remedy=remedy)
        host = hostname(connection.headers["host"])
        netloc = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return RedirectResponse(str(connection.url.replace(scheme="https", netloc=netloc)))
