"""The web server beside the running assistant, in its event loop."""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

import anyio
import uvicorn
from fastapi import FastAPI

from edge.api.web.app import build
from edge.api.web.connections import Punctual
from edge.api.web.entrance import Entrance
from edge.api.web.feed import Feed
from edge.api.web.health import Readiness
from edge.api.web.listeners import Bound, Listener, Listeners, PortTaken
from edge.api.web.protect import Protected
from edge.api.web.tls import Certificate
from edge.assistant import Assistant
from edge.errors import AssistantError
from edge.sections import ApiSettings

__all__ = ["Console", "PortTaken", "serve"]
_log = logging.getLogger(__name__)
_GRACE_S: Final = 1
"""Requests that are going on may end, when the assistant stops."""
_HANDSHAKE_S: Final = 10.0
_HEAD_BYTES: Final = 32 * 1024
"""Of a request: its address and headers."""
_CONNECTIONS: Final = 512
"""At a time; beyond, requests are refused."""
_REFUSALS: Final = ("without completing handshake", "Invalid HTTP request", "Exceeded concurrency limit")


class _Server(uvicorn.Server):
    """Listens where it is told to, also while it runs."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.begun = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the assistant's."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Without any socket; then :meth:`listen` may be called."""
        await super().startup(sockets=[])
        self.begun.set()

    async def listen(self, bound: socket.socket, tls: ssl.SSLContext | None) -> Listener:
        """Accept connections at ``bound``, by TLS where there is a context."""
        loop, config = asyncio.get_running_loop(), self.config

        def protocol() -> asyncio.Protocol:
            built: asyncio.Protocol = config.http_protocol_class(  # type: ignore[call-arg]
                config=config, server_state=self.server_state, app_state={}, _loop=loop
            )
            return built

        handshake = _HANDSHAKE_S if tls is not None else None
        server = await loop.create_server(
            protocol, sock=bound, ssl=tls, backlog=config.backlog, ssl_handshake_timeout=handshake
        )
        self.servers.append(server)
        return server


@dataclass(frozen=True, slots=True)
class Console:
    """What is served."""

    address: str
    """Of the page, on this machine: ``http://127.0.0.1:8765/``."""
    entrance: Entrance
    listeners: Listeners
    certificate: Certificate
    app: FastAPI
    """What answers whoever has passed the entrance."""


@asynccontextmanager
async def serve(assistant: Assistant) -> AsyncIterator[str]:
    """Serve until the block ends. Gives the page's address. Raises PortTaken, StorageError."""
    async with serve_console(assistant) as console:
        yield console.address


@asynccontextmanager
async def serve_console(assistant: Assistant, bound: Bound | None = None) -> AsyncIterator[Console]:
    """As :func:`serve`; gives what is served. ``bound``: where is listened already."""
    api = assistant.settings.api
    entrance = Entrance(assistant.storage, api)
    certificate = Certificate.of(api, assistant.settings.data_dir)
    feed, readiness = Feed(assistant.bus, assistant.house), Readiness(assistant)
    app = build(assistant, entrance, feed, readiness)
    async with (
        serve_app(app, entrance, api, certificate, assistant.report, bound) as console,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(feed.serve)
        tasks.start_soon(readiness.follow)
        _log.info("the console is at %s", console.address)
        yield console
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def serve_app(
    app: FastAPI,
    entrance: Entrance,
    api: ApiSettings,
    certificate: Certificate,
    report: Callable[[AssistantError], None],
    bound: Bound | None = None,
) -> AsyncIterator[Console]:
    """``app`` behind ``entrance``, until the block ends. ``report`` is told why the network can't be let in where it
    may. Raises PortTaken, StorageError.
    """
    await entrance.accounts.prepare()
    server = _Server(_config(app, entrance))
    listeners = Listeners(api, server.listen, certificate.context, bound)

    async def reach(network: bool) -> None:
        try:
            await listeners.reach(network)
        except AssistantError as error:
            # This machine reaches it still.
            report(error)
        entrance.tls_port = listeners.tls_port

    entrance.reach = reach
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    serving = asyncio.create_task(server.serve())
    try:
        await server.begun.wait()
        await listeners.begin()
        await entrance.changed()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_watch, serving)
            tasks.start_soon(entrance.keep, certificate.context, report)
            yield Console(f"http://127.0.0.1:{listeners.port}/", entrance, listeners, certificate, app)
            tasks.cancel_scope.cancel()
    finally:
        server.should_exit = True
        with anyio.CancelScope(shield=True):
            # Not cancelled with us, so that it can say goodbye.
            await serving
        logging.getLogger("uvicorn.error").removeFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    """False for what uvicorn says of each connection that was properly refused: strangers could fill the log."""
    return not any(refusal in record.getMessage() for refusal in _REFUSALS)


def _config(app: FastAPI, entrance: Entrance) -> uvicorn.Config:
    config = uvicorn.Config(
        Protected(app, entrance),
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        # Whoever asks is the other end of the connection, whatever its headers say.
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_S,
        http=Punctual,
        h11_max_incomplete_event_size=_HEAD_BYTES,
        limit_concurrency=_CONNECTIONS,
        ws="websockets-sansio",
        ws_max_size=1 << 20,
        ws_per_message_deflate=False,
    )
    config.load()
    return config


async def _watch(serving: "asyncio.Task[None]") -> None:
    """Whatever goes wrong there is a mistake of ours, and ends the assistant."""
    await asyncio.shield(serving)
