"""Whether a broker answers, and whether it wants to know who is there: asked while somebody sits in front of it."""

import socket
from enum import Enum
from typing import Final

PORT: Final = 1883
TLS_PORT: Final = 8883
_PROBE_S: Final = 2.0
_CONNACK: Final = 0x20
_CONNACK_BYTES: Final = 4
_NOT_WHO_MAY: Final = (4, 5)
"""Its last byte, where the name, or the lack of one, is wrong."""


class Welcome(Enum):
    """How a broker takes somebody."""

    LETS_IN = "lets in"
    WANTS_A_NAME = "wants a name and its password"
    AWAY = "does not answer"


def greeted(host: str, port: int, name: str = "", password: str = "") -> Welcome:
    """How the broker at ``host`` takes one of that name: CONNECT and CONNACK of MQTT 3.1.1,
    https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html#_Toc398718028
    """
    try:
        with socket.create_connection((host, port), _PROBE_S) as connection:
            if port == TLS_PORT:
                return Welcome.LETS_IN  # whether it does is seen by who knows its certificate
            connection.sendall(_connect(name, password))
            answer = connection.recv(_CONNACK_BYTES, socket.MSG_WAITALL)
            connection.sendall(b"\xe0\x00")  # DISCONNECT
    except (OSError, UnicodeError):  # a name that can be no host's is a UnicodeError
        return Welcome.AWAY
    if len(answer) < _CONNACK_BYTES or answer[0] != _CONNACK:
        return Welcome.AWAY
    return Welcome.WANTS_A_NAME if answer[3] in _NOT_WHO_MAY else Welcome.LETS_IN


def _connect(name: str, password: str) -> bytes:
    flags = 0x02 | (0xC0 if name else 0)  # a clean session; a name and a password
    payload = _string("") + (_string(name) + _string(password) if name else b"")
    body = _string("MQTT") + bytes((4, flags)) + (10).to_bytes(2) + payload
    return b"\x10" + _length(len(body)) + body


def _string(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2) + data


def _length(count: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    found = bytearray()
    while True:
        count, low = divmod(count, 128)
        found.append(low | (128 if count else 0))
        if not count:
            return bytes(found)
