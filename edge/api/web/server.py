"""The web server beside the running assistant, in its event loop."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import anyio
import uvicorn

from edge.api.web.app import build
from edge.api.web.feed import Feed
from edge.assistant import Assistant
from edge.errors import AssistantError

_log = logging.getLogger(__name__)
_GRACE_S: Final = 1
"""Requests that are going on may end, when the assistant stops."""


class PortTaken(AssistantError):
    """Another program listens where the page was to be."""

    code = "port_taken"


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the assistant's."""
        yield


@asynccontextmanager
async def serve(assistant: Assistant) -> AsyncIterator[str]:
    """Serve until the block ends. Gives the page's address. Raises PortTaken."""
    api = assistant.settings.api
    listener = _bound(api.host, api.port)
    feed = Feed(assistant.bus, assistant.house)
    config = uvicorn.Config(
        build(assistant, feed),
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
        ws="websockets-sansio",
        ws_max_size=1 << 20,
        ws_per_message_deflate=False,
    )
    server = _Server(config)
    async with anyio.create_task_group() as tasks:
        # Not cancelled with us, so that it can say goodbye.
        serving = asyncio.create_task(server.serve([listener]))
        tasks.start_soon(_watch, serving)
        tasks.start_soon(feed.serve)
        address = f"http://{api.host}:{listener.getsockname()[1]}/"
        _log.info("the console is at %s", address)
        try:
            yield address
        finally:
            server.should_exit = True
            with anyio.CancelScope(shield=True):
                await serving
            tasks.cancel_scope.cancel()


async def _watch(serving: "asyncio.Task[None]") -> None:
    """Whatever goes wrong there is a mistake of ours, and ends the assistant."""
    await asyncio.shield(serving)


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(where)
    except OSError as error:
        listener.close()
        what = f"the console can't be at {host}:{port}: {error.strerror}"
        raise PortTaken(what, "set api.port to another one") from None
    return listener
