"""When the network of this machine changes: a cable, a wireless net that is back, another address. rtnetlink(7)."""

import logging
import socket
from collections.abc import AsyncGenerator
from typing import Final

import anyio

_log = logging.getLogger(__name__)
_GROUPS: Final = 0x40 | 0x400
"""RTMGRP_IPV4_ROUTE and RTMGRP_IPV6_ROUTE: routes come and go with links and addresses."""
_MESSAGE: Final = 64 * 1024


async def changes() -> AsyncGenerator[None, None]:
    """One for each time that routes have changed; it ends at once where the system does not tell."""
    try:
        listener = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
    except OSError as error:
        _log.debug("changes of the network are not told: %s", error)
        return
    with listener:
        listener.bind((0, _GROUPS))
        while True:
            await anyio.wait_readable(listener)
            try:
                listener.recv(_MESSAGE)
            except OSError:
                # More than the buffer holds: that is a change, too.
                _log.debug("changes of the network were missed")
            yield
