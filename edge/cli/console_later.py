"""The console where memory is short: its sockets listen from the start, and what serves it is loaded when somebody
connects. Who connects first waits for that, and notices nothing else.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack, ExitStack
from importlib import import_module
from typing import Any, Final

import anyio
from anyio.to_thread import run_sync

from edge.api.web.claims import claimed
from edge.api.web.listeners import Bound, PortTaken, bind
from edge.assistant import Assistant
from edge.heap import return_memory

_log = logging.getLogger(__name__)
_REQUESTS: Final = ("console_changed", "console_link")
"""Of ``hearth console``, as :func:`edge.cli.console_served.requests_of` answers them."""
_SERVER: Final = "edge.cli.console_served"

Requests = MutableMapping[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]]


async def begin(running: Assistant, further: Requests) -> "ConsoleLater | None":
    """Listen; then :meth:`ConsoleLater.serve`. None where another program has the port, as it reports. Raises
    StorageError.
    """
    try:
        bound = bind(running.settings.api, network=await claimed(running.storage))
    except PortTaken as error:
        running.report(error)
        return None
    return ConsoleLater(running, further, bound)


class ConsoleLater:
    """Waits for the first who wants it."""

    def __init__(self, running: Assistant, further: Requests, bound: Bound) -> None:
        self._running, self._further, self._bound = running, further, bound
        self._wanted, self._there = anyio.Event(), anyio.Event()
        for name in _REQUESTS:
            further[name] = self._asked(name)
        self.port = bound.port
        """Of this machine."""
        self.secure_port = bound.secure[0].getsockname()[1] if bound.secure else 0
        """Where the network reaches it; 0: nowhere, as long as nobody has connected."""
        _log.info("the console is at http://127.0.0.1:%d/, and loaded when it is asked for", bound.port)

    async def serve(self) -> None:
        """Runs until it is cancelled. Raises StorageError."""
        with ExitStack() as listening:
            for each in self._bound.sockets:
                listening.callback(each.close)
            await self._connected()
            listening.pop_all()
        server = await run_sync(import_module, _SERVER)
        async with AsyncExitStack() as stack:
            await server.serve_console(self._running, stack, self._further, self._bound)
            self._there.set()
            await run_sync(return_memory)
            await anyio.sleep_forever()

    async def _connected(self) -> None:
        """Returns when somebody has connected, or asks by the assistant's own socket. Nobody is accepted yet."""
        loop = asyncio.get_running_loop()
        for each in self._bound.sockets:
            loop.add_reader(each, self._wanted.set)
        try:
            await self._wanted.wait()
        finally:
            for each in self._bound.sockets:
                loop.remove_reader(each)

    def _asked(self, name: str) -> Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]:
        async def answer(request: dict[str, Any]) -> dict[str, Any]:
            self._wanted.set()
            await self._there.wait()
            return await self._further[name](request)

        return answer
