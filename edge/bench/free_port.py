"""Ports for servers that are measured or tested."""

import random
import socket
from collections.abc import Iterable
from typing import Final

_PORTS: Final = range(30_000, 32_768)
"""Below those that the kernel gives to connections: ``net.ipv4.ip_local_port_range`` begins at 32768."""


def free_port(among: Iterable[int] | None = None) -> int:
    """The first of ``among`` that nobody holds on any address; None: one by chance that the kernel gives to no
    connection. Raises OSError where there is none.
    """
    for port in among if among is not None else random.sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
            return port
    raise OSError("no port is free")
