"""A socket that is listened on, and that lets so many in at a time: also of those who never say anything, with or
without TLS. Each connection is an open file, of which a program has a thousand, or as many as its unit says: with none
left it could not work.
"""

import socket
from collections.abc import Sequence
from typing import Any, Final
from weakref import WeakSet

from edge.api.web.places import is_loopback, place

EACH: Final = 60
"""Connections from one address: a browser has six, and a stream or two."""
MOST_SOCKETS: Final = 4
"""That are listened on at a time."""
ELSEWHERE: Final = 120
"""From all other machines together, at each of these sockets."""
NEAR: Final = 256
"""From this machine, where people's own programs run."""


def has_room(newcomer: str, inside: Sequence[str]) -> bool:
    """Whether the address ``newcomer`` may come in, where those of ``inside`` are."""
    near = is_loopback(newcomer)
    alike = [address for address in inside if is_loopback(address) == near]
    if near:
        return len(alike) < NEAR
    return len(alike) < ELSEWHERE and sum(place(address) == place(newcomer) for address in alike) < EACH


class BoundedSocket(socket.socket):
    """Hangs up on whoever is one too many; those that are in stay."""

    def __init__(self, family: int) -> None:
        """For streams."""
        super().__init__(family, socket.SOCK_STREAM)
        self._inside: WeakSet[_Connection] = WeakSet()

    def accept(self) -> tuple[socket.socket, Any]:
        """As :meth:`socket.socket.accept`; for one too many it raises BlockingIOError, as if nobody had come."""
        accepted, address = super().accept()
        connection = _Connection(fileno=accepted.detach())
        connection.address = str(address[0])
        if not has_room(connection.address, [each.address for each in self._inside if each.fileno() >= 0]):
            connection.close()
            raise BlockingIOError
        self._inside.add(connection)
        return connection, address


class _Connection(socket.socket):
    address: str
    """Of the other end."""
