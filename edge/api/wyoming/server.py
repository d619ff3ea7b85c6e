"""Listening for those who may use the assistant's engines, and for the Home Assistant whose satellite it is.

They have a port each: from whoever calls itself a satellite Home Assistant takes no engines.
"""

import functools
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import anyio
from anyio.abc import Listener, SocketAttribute, SocketStream

from edge.api.accepting import accept_all
from edge.api.wyoming.announce import announced
from edge.api.wyoming.satellite import Satellite
from edge.api.wyoming.services import Services
from edge.api.wyoming.session import Handler, Send, converse, refuse
from edge.assistant import Assistant
from edge.errors import AssistantError
from edge.sections import WyomingSettings

_BUSY: Final = "too many connections"
_STRANGER: Final = "this address is not in wyoming.allow"


@asynccontextmanager
async def serve(assistant: Assistant) -> AsyncIterator[Satellite | None]:
    """Serve what the settings say until the block ends; gives the satellite, where it is one.

    Raises AssistantError when a port is taken.
    """
    settings = assistant.settings.wyoming
    door = _Door(settings)
    # What serves ends before what it uses: the listeners, and the engines that were loaded meanwhile.
    async with AsyncExitStack() as stack:
        satellite = Satellite(assistant) if settings.satellite else None
        doors: list[tuple[Listener[SocketStream], Callable[[Send], Handler]]] = []
        if settings.serve:
            services = Services(assistant, stack)
            doors.append((await _listener(settings, settings.port, stack), services.handler))
        if satellite is not None:
            doors.append((await _listener(settings, settings.satellite_port, stack), satellite.handler))
        async with anyio.create_task_group() as tasks, announced(assistant.settings):
            for listener, make in doors:
                tasks.start_soon(accept_all, listener, door.to(make))
            if satellite is not None:
                tasks.start_soon(satellite.announce_all)
            yield satellite
            tasks.cancel_scope.cancel()


async def _listener(settings: WyomingSettings, port: int, stack: AsyncExitStack) -> Listener[SocketStream]:
    try:
        listener = await anyio.create_tcp_listener(local_host=settings.host, local_port=port)
    except OSError as error:
        what = f"port {port} of {settings.host} cannot be listened on: {error.strerror}"
        raise AssistantError(what, "choose another in [wyoming]", permanent=True) from error
    return await stack.enter_async_context(listener)


class _Door:
    """Who may come in, and how many at a time."""

    def __init__(self, settings: WyomingSettings) -> None:
        self._allowed, self._places = settings.allow, settings.clients

    def to(self, make: Callable[[Send], Handler]) -> Callable[[SocketStream], Awaitable[None]]:
        """Leads each connection to what ``make`` gives for it."""
        return functools.partial(self._let_in, make)

    async def _let_in(self, make: Callable[[Send], Handler], stream: SocketStream) -> None:
        """Serve one connection to its end."""
        address = stream.extra(SocketAttribute.remote_address, None)  # noqa: S610  # this is no Django
        if address is None:
            await stream.aclose()  # it has hung up already
        elif not self._knows(str(address[0])):
            await refuse(stream, _STRANGER)
        elif self._places == 0:
            await refuse(stream, _BUSY)
        else:
            self._places -= 1
            try:
                await converse(stream, make)
            finally:
                self._places += 1

    def _knows(self, address: str) -> bool:
        found = ipaddress.ip_address(address.split("%", 1)[0])
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return found.is_loopback or any(found in network for network in self._allowed)
