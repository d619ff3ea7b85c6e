"""By which names this machine is asked for, and from which pages.

A page of somebody else's can have its own name point to this machine (DNS rebinding), and have a browser ask it
in that name: so a request whose ``Host`` is not ours is answered to nobody.
"""

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import ifaddr
from starlette.requests import HTTPConnection

from edge.api.web.places import is_loopback
from edge.api.web.problems import Refusal

OWN_HEADER: Final = "x-hearthside"
"""What a page of another origin can't send without being asked first, and we never say yes."""
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LOCAL: Final = ("local", "lan", "home", "home.arpa", "internal", "localdomain", "fritz.box")
"""Ends of names that networks at home give, and of which nobody can own one in the public DNS."""


@dataclass(frozen=True, slots=True)
class Names:
    """What this machine is called."""

    allowed: Sequence[str] = ()
    """Further names, by the settings."""

    def refuse(self, connection: HTTPConnection) -> None:
        """Raises Refusal when ``connection`` asks for somebody else."""
        server = connection.scope.get("server") or ("", None)
        near = is_loopback(server[0])
        host = hostname(connection.headers.get("host", ""))
        if not (self._ours_here(host) if near else self._ours(host)):
            raise Refusal(
                HTTPStatus.MISDIRECTED_REQUEST,
                "this assistant does not go by that name",
                code="wrong_host",
                remedy="add the name to api.allow_hosts, if it is right",
            )

    def _ours_here(self, host: str) -> bool:
        return host == "localhost" or host.endswith(".localhost") or is_loopback(host) or host in self.allowed

    def _ours(self, host: str) -> bool:
        return _is_address(host) or host in self.allowed or host in machine_names()


def machine_names() -> tuple[str, ...]:
    """Of this machine in its network, the most likely first; without those that are the same on each."""
    own = socket.gethostname().lower().rstrip(".")
    short = own.partition(".")[0]
    if not short or short == "localhost":
        return ()
    return tuple(dict.fromkeys((f"{short}.local", short, own, *(f"{short}.{end}" for end in _LOCAL))))


def addresses() -> list[str]:
    """Of this machine in its network; IPv4 first."""
    found = [ip.ip if isinstance(ip.ip, str) else ip.ip[0] for adapter in ifaddr.get_adapters() for ip in adapter.ips]
    reachable = [ipaddress.ip_address(each.partition("%")[0]) for each in found]
    ours = {each for each in reachable if not (each.is_loopback or each.is_link_local)}
    return [str(each) for each in sorted(ours, key=lambda each: (each.version, int(each)))]


def hostname(host: str) -> str:
    """The name, without port, of a header ``Host``; empty where it is malformed."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def from_elsewhere(connection: HTTPConnection) -> bool:
    """Whether a browser says that the page of another origin asks: Fetch Metadata, RFC 6454."""
    site = connection.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return True
    origin = connection.headers.get("origin")
    return origin is not None and not _same(origin, connection)


def refuse_forgery(connection: HTTPConnection) -> None:
    """What a page of another origin has a browser ask for is not what the person wants. Raises Refusal for whatever
    changes something, and for WebSockets, which no same-origin policy protects.
    """
    websocket = connection.scope["type"] == "websocket"
    if not websocket and connection.scope["method"] in _SAFE:
        return
    by_browser = any(name in connection.headers for name in ("origin", "sec-fetch-site", "cookie"))
    unmarked = by_browser and not websocket and OWN_HEADER not in connection.headers
    if from_elsewhere(connection) or unmarked:
        raise Refusal(
            HTTPStatus.FORBIDDEN,
            "another page asked for this",
            code="cross_site",
            remedy="send the header X-Hearthside: 1" if unmarked else "",
        )


def _same(origin: str, connection: HTTPConnection) -> bool:
    scheme, _, place = origin.partition("://")
    secure = connection.scope["scheme"] in ("https", "wss")
    # A proxy before us may have taken the TLS off.
    schemes = ("https",) if secure else ("https", "http")
    return scheme in schemes and place.lower() == connection.headers.get("host", "").lower()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
