"""What the assistant's unit keeps it from reaching: it may talk to the house's own addresses alone."""

import ipaddress
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

RESOLV: Final = Path("/etc/resolv.conf")
HOUSE: Final = (
    "127.0.0.0/8", "::1/128", "169.254.0.0/16", "fe80::/64",
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7",
)  # fmt: skip
"""As ``IPAddressAllow=`` in systemd/hearthside.service has them."""
Addresses = Callable[[str], list[str]]


def hints(broker: str, resolv: Path = RESOLV, addresses: Addresses | None = None) -> Iterator[str]:
    """A sentence for each address beyond the house that it needs. ``addresses``: of a host's name, none where it is not
    known now.
    """
    if not _is_address(broker):
        servers = re.findall(r"^\s*nameserver\s+(\S+)", _read(resolv), re.MULTILINE)
        if (
            servers
            and not any(_of_the_house(server) for server in servers)
            and not broker.endswith((".local", "localhost"))
        ):
            yield f"names are asked at {servers[0]}, beyond the house, where it may not go — {_remedy(servers[0])}"
    found = [broker] if _is_address(broker) else (addresses or _addresses)(broker)
    if found and not any(_of_the_house(address) for address in found):
        yield f"the broker is at {found[0]}, beyond the house, where it may not go — {_remedy(found[0])}"


def _remedy(address: str) -> str:
    return f"sudo systemctl edit hearthside, and there: [Service] IPAddressAllow={address}"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _of_the_house(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    return any(found in ipaddress.ip_network(net) for net in HOUSE)


def _addresses(host: str) -> list[str]:
    try:
        return [str(each[4][0]) for each in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except OSError:
        return []


def _read(resolv: Path) -> str:
    try:
        return resolv.read_text("utf-8", "replace")
    except OSError:
        return ""
