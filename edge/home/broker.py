"""The link to the MQTT broker: MQTT 5, else 3.1.1; connected again by itself whenever it was lost."""

import logging
import random
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiomqtt
import anyio
from aiomqtt import ProtocolVersion

from edge.errors import BrokerOffline

_log = logging.getLogger(__name__)

_CONNECT_S: Final = 5.0
_FIRST_RETRY_S: Final = 0.5
_LAST_RETRY_S: Final = 30.0
_KEEPALIVE_S: Final = 20
_UNSUPPORTED: Final = frozenset({1, 132})
"""CONNACK codes for "this protocol version is not spoken here", of MQTT 3.1.1 (3.2.2.3) and MQTT 5 (3.2.2.2)."""
_TOPICS_A_PACKET: Final = 100
NO_DELAY: Final = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
"""Messages are small and follow one another: Nagle's algorithm holds the second back for 40 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where the broker is, and how to be let in."""

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = None
    tls: bool = False
    ca_file: Path | None = None
    """Certificate authority to trust; None for the system's."""

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Message:
    """Something that was published."""

    topic: str
    payload: bytes
    retained: bool
    """The broker had kept it: it is older than our subscription."""


@dataclass(frozen=True, slots=True)
class Publication:
    """Something to publish."""

    topic: str
    payload: str


OnMessage = Callable[[Message], None]
OnLink = Callable[[bool], Awaitable[None]]


class Link:
    """One connection at a time. :meth:`run` keeps it up until cancelled."""

    def __init__(self, broker: Broker, availability: str, on_message: OnMessage, on_link: OnLink) -> None:
        """``availability``: topic that says ``online``, and by last will ``offline``.

        ``on_message`` must not block. ``on_link`` is told True when connected, before any message comes in, and False
        when the connection is lost.
        """
        self._broker, self._availability = broker, availability
        self._on_message, self._on_link = on_message, on_link
        self._client: aiomqtt.Client | None = None
        self._protocol = ProtocolVersion.V5
        self.last_error: str | None = None
        """Why the last attempt to connect failed; None once connected."""

    @property
    def online(self) -> bool:
        """Whether the broker is connected now."""
        return self._client is not None

    async def run(self) -> None:
        """Connect, hand on messages, and connect again, for ever."""
        wait = _FIRST_RETRY_S
        while True:
            try:
                await self._connection()
            except aiomqtt.MqttCodeError as error:
                if self._speaks_older(error):
                    continue
                self.last_error = str(error)
            except aiomqtt.MqttError as error:
                self.last_error = str(error.__cause__ or error)
            if self._client is not None:
                self._client = None
                wait = _FIRST_RETRY_S
                await self._on_link(False)
            # Full jitter, so that the devices of a house don't all return in the same moment.
            await anyio.sleep(random.uniform(_FIRST_RETRY_S / 2, wait))  # noqa: S311  # not a secret
            wait = min(wait * 2, _LAST_RETRY_S)

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Subscribe to ``topics``. Does nothing while offline: the registry subscribes anew on the next connection.

        Quality of service 0: on one TCP connection nothing is lost, and brokers limit how many retained messages of
        a higher quality they queue for one client (mosquitto: 1,000).
        """
        wanted = list(topics)
        for start in range(0, len(wanted), _TOPICS_A_PACKET):
            if self._client is None:
                return
            try:
                await self._client.subscribe([(topic, 0) for topic in wanted[start : start + _TOPICS_A_PACKET]])
            except aiomqtt.MqttError as error:
                _log.debug("subscribing was cut off: %s", error)
                return

    async def publish(self, publications: Sequence[Publication], *, qos: int = 1, retain: bool = False) -> None:
        """Publish in order. Raises BrokerOffline at once when there is no connection, or when it is lost meanwhile."""
        for publication in publications:
            if self._client is None:
                raise self.offline()
            try:
                await self._client.publish(publication.topic, publication.payload, qos=qos, retain=retain)
            except aiomqtt.MqttError as error:
                raise self.offline() from error

    def offline(self) -> BrokerOffline:
        """The error that says so."""
        reason = f" ({self.last_error})" if self.last_error else ""
        return BrokerOffline(f"the MQTT broker {self._broker} does not answer{reason}", "start it, or set mqtt.host")

    async def _connection(self) -> None:
        will = aiomqtt.Will(self._availability, "offline", qos=1, retain=True)
        async with aiomqtt.Client(
            self._broker.host,
            self._broker.port,
            username=self._broker.username,
            password=self._broker.password,
            protocol=self._protocol,
            will=will,
            timeout=_CONNECT_S,
            keepalive=_KEEPALIVE_S,
            tls_context=self._tls(),
            socket_options=[NO_DELAY],
            logger=logging.getLogger("edge.home.mqtt"),
        ) as client:
            self._client, self.last_error = client, None
            await client.publish(self._availability, "online", qos=1, retain=True)
            await self._on_link(True)
            try:
                async for message in client.messages:
                    payload = message.payload if isinstance(message.payload, bytes) else b""
                    self._on_message(Message(message.topic.value, payload, bool(message.retain)))
            finally:
                with anyio.move_on_after(0.3, shield=True):
                    await self._farewell(client)

    async def _farewell(self, client: aiomqtt.Client) -> None:
        # The last will is for accidents; whoever leaves on purpose says so.
        try:
            await client.publish(self._availability, "offline", qos=0, retain=True)
        except aiomqtt.MqttError:
            _log.debug("the broker had gone before we could say goodbye")

    def _speaks_older(self, error: aiomqtt.MqttCodeError) -> bool:
        code = getattr(error.rc, "value", error.rc)
        if self._protocol is ProtocolVersion.V5 and code in _UNSUPPORTED:
            self._protocol = ProtocolVersion.V311
            _log.info("the broker speaks MQTT 3.1.1 only")
            return True
        return False

    def _tls(self) -> ssl.SSLContext | None:
        return ssl.create_default_context(cafile=self._broker.ca_file) if self._broker.tls else None
