"""The sockets that are listened on: those of this machine alone, and those of the network once it may reach us."""

import errno
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from edge.api.web.bounded_socket import BoundedSocket
from edge.errors import AssistantError
from edge.sections import ApiSettings

_log = logging.getLogger(__name__)
_NEAR: Final = (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6))
_EVERYWHERE: Final = (("0.0.0.0", socket.AF_INET), ("::", socket.AF_INET6))  # noqa: S104  # with TLS, and a login
_NEVER: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_ATTEMPTS: Final = 8
_NO_SUCH_FAMILY: Final = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


class PortTaken(AssistantError):
    """Another program listens where the page was to be."""

    code = "port_taken"


class Listener(Protocol):
    """What accepts connections."""

    def close(self) -> None:
        """Accept no more; those that there are go on."""


Listen = Callable[[socket.socket, ssl.SSLContext | None], Awaitable[Listener]]


@dataclass(frozen=True, slots=True)
class Bound:
    """Sockets that are listened on already, at which nobody was accepted yet."""

    plain: Sequence[socket.socket]
    secure: Sequence[socket.socket] = ()
    """Where the network reaches us by TLS; empty: nowhere."""

    @property
    def sockets(self) -> Sequence[socket.socket]:
        """All of them."""
        return (*self.plain, *self.secure)

    @property
    def port(self) -> int:
        """Of this machine."""
        return int(self.plain[0].getsockname()[1])


def bind(api: ApiSettings, *, network: bool) -> Bound:
    """Listen where :class:`Listeners` would, before there is anything to serve. ``network``: whether the network may
    reach us. Raises PortTaken.
    """
    if not network or api.host in _NEVER:
        return Bound(_bound_all(_NEAR, api.port))
    secure = _bound_all(_wanted(api), api.tls_port)
    try:
        return Bound(_bound_all(_plain(api), api.port), secure)
    except PortTaken as error:
        _log.warning("%s", error)
        return Bound(_bound_all(_NEAR, api.port), secure)


class Listeners:
    """All of them. What the network reaches is opened and closed while we run."""

    def __init__(
        self,
        api: ApiSettings,
        listen: Listen,
        tls: Callable[[], Awaitable[ssl.SSLContext]],
        bound: Bound | None = None,
    ) -> None:
        """``listen`` accepts at a socket, by TLS where there is a context; ``tls`` gives the context. It raises
        AssistantError. ``bound``: what is listened on already; None: nothing.
        """
        self._api, self._listen, self._tls, self._bound = api, listen, tls, bound
        self._plain: list[tuple[socket.socket, Listener]] = []
        self._secure: list[tuple[socket.socket, Listener]] = []
        self.port = self.tls_port = 0
        """Those that were had; 0: none."""

    @property
    def bound(self) -> frozenset[tuple[str, int]]:
        """Addresses and ports that are listened on now."""
        return frozenset(bound.getsockname()[:2] for bound, _ in (*self._plain, *self._secure))

    async def begin(self) -> None:
        """Listen on this machine alone; and for the network, where that is listened on already. Raises PortTaken."""
        if self._bound is None:
            await self._plainly(_NEAR, self._api.port)
        else:
            await self._take(self._bound)
        self.port = self._plain[0][0].getsockname()[1]

    async def _take(self, bound: Bound) -> None:
        self._plain = [(each, await self._listen(each, None)) for each in bound.plain]
        if not bound.secure:
            return
        try:
            context = await self._tls()
        except AssistantError:
            # Whoever calls :meth:`reach` is told the same.
            for each in bound.secure:
                each.close()
        else:
            self._secure = [(each, await self._listen(each, context)) for each in bound.secure]
            self.tls_port = bound.secure[0].getsockname()[1]

    async def reach(self, network: bool) -> None:
        """From now on the network reaches us, or it does not. Raises PortTaken, and what ``tls`` raises."""
        if network == bool(self._secure) or self._api.host in _NEVER:
            return
        if network:
            await self._open()
        else:
            await self._shut()

    async def _open(self) -> None:
        context = await self._tls()
        sockets = _bound_all(_wanted(self._api), self._api.tls_port)
        self._secure = [(each, await self._listen(each, context)) for each in sockets]
        self.tls_port = sockets[0].getsockname()[1]
        try:
            await self._plainly(_plain(self._api), self.port)
        except PortTaken as error:
            # Only who asks without TLS isn't told where it is.
            _log.warning("%s", error)
            await self._plainly(_NEAR, self.port)
        _log.info("the network reaches the console by HTTPS at port %d", self.tls_port)

    async def _shut(self) -> None:
        _close(self._secure)
        self.tls_port = 0
        await self._plainly(_NEAR, self.port)
        _log.info("the network does not reach the console any more")

    async def _plainly(self, wanted: Sequence[tuple[str, int]], port: int) -> None:
        # One address of a port excludes all addresses of it, so the old ones go first. Nobody is turned away between:
        # nothing is awaited until the new ones are bound.
        _close(self._plain)
        sockets = _bound_all(wanted, port)
        self._plain = [(each, await self._listen(each, None)) for each in sockets]


def _wanted(api: ApiSettings) -> Sequence[tuple[str, int]]:
    """Where the network reaches us, once it may."""
    if api.host == "auto":
        return _EVERYWHERE
    return [(api.host, socket.AF_INET6 if ":" in api.host else socket.AF_INET)]


def _plain(api: ApiSettings) -> Sequence[tuple[str, int]]:
    """Where we are without TLS then."""
    return [*_wanted(api), *(_NEAR if api.host != "auto" else ())]


def _close(listeners: list[tuple[socket.socket, Listener]]) -> None:
    for bound, listener in listeners:
        listener.close()
        bound.close()
    listeners.clear()


def _bound_all(wanted: Sequence[tuple[str, int]], port: int) -> list[socket.socket]:
    """One socket for each of ``wanted`` that the machine has, all at the same port; 0: at any. Raises PortTaken."""
    for _ in range(_ATTEMPTS if port == 0 else 0):
        # What is free at the first address may be taken at the next.
        with suppress(PortTaken):
            return _all_at(wanted, 0)
    return _all_at(wanted, port)


def _all_at(wanted: Sequence[tuple[str, int]], port: int) -> list[socket.socket]:
    bound: list[socket.socket] = []
    for host, family in wanted:
        try:
            bound.append(_bound(host, family, bound[0].getsockname()[1] if bound else port))
        except OSError as error:
            if error.errno in _NO_SUCH_FAMILY and bound:
                continue
            for each in bound:
                each.close()
            what = f"the console can't be at {host}:{port}: {error.strerror}"
            raise PortTaken(what, "set api.port and api.tls_port to other ones") from None
    return bound


def _bound(host: str, family: int, port: int) -> socket.socket:
    listener = BoundedSocket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
        # Another program could have bound it as well; only one of the two can listen.
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener
