"""How large a message from the broker may be.

MQTT 5 lets a client tell its broker to send nothing larger (3.1.2.11.4). In 3.1.1 a message may have 268 MB (2.2.3),
and whoever keeps one on the broker would have the assistant out of memory at each start.
"""

from typing import Final

from paho.mqtt.client import Client

MAX_PACKET: Final = 16 * 1024 * 1024
"""Bytes; zigbee2mqtt names a thousand devices in 8 MB."""
_HEAD: Final = 2 + 65_535 + 2
"""Bytes before the payload at most: the topic with its length, the packet's identifier (MQTT 3.1.1, 3.3.2)."""
_PIECE: Final = 256 * 1024


def bound(client: Client) -> None:
    """From now on ``client`` reads past what is too large, which leaves the connection whole, and keeps no more than
    the head of it. That is handed on as a message whose payload is not to be used: see :func:`excess`.
    """
    receive = client._sock_recv

    def received(bufsize: int) -> bytes:
        packet = client._in_packet
        if packet["remaining_length"] <= MAX_PACKET:
            return receive(bufsize)
        del packet["packet"][_HEAD:]
        return receive(min(bufsize, _PIECE))

    client._sock_recv = received  # type: ignore[method-assign]


def excess(client: Client) -> int:
    """While a message is handed on: its size in bytes where that is too large, else 0."""
    size = client._in_packet["remaining_length"]
    return size if size > MAX_PACKET else 0
