"""Where somebody asks from. Imports nothing heavy: it is asked before there is anything to serve."""

from ipaddress import IPv6Address, ip_address


def is_loopback(host: str) -> bool:
    """Whether ``host``, an address, is this machine's own; False for a name."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def place(host: str) -> str:
    """Whoever can have the address ``host`` can have all others that this stands for: of IPv6, those of its /64."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{IPv6Address(int(address) >> 64 << 64)}/64"
