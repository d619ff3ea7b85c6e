"""The link to the MQTT broker; connected again by itself whenever it was lost.

By MQTT 3.1.1: every broker speaks it, nothing here needs more, and reading MQTT 5's properties makes a message a fifth
dearer.
"""

import asyncio
import logging
import random
import socket
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import aiomqtt
import anyio
import anyio.lowlevel
from aiomqtt import ProtocolVersion

from edge.errors import BrokerOffline, SettingsError
from edge.home.packet_size import bound, excess

if TYPE_CHECKING:
    from paho.mqtt.client import Client as PahoClient
    from paho.mqtt.client import MQTTMessage

_log = logging.getLogger(__name__)

_CONNECT_S: Final = 3.0
_BLOCKED_S: Final = 1.0
_REPLY_S: Final = 5.0
_FIRST_RETRY_S: Final = 0.5
_LAST_RETRY_S: Final = 5.0
_KEEPALIVE_S: Final = 20
_FAREWELL_S: Final = 0.3
_REFUSED: Final = 128
"""SUBACK codes from here on are refusals."""
_TOPICS_A_PACKET: Final = 100
_NOBODYS: Final = "hearthside/nobody"
"""A topic that nothing subscribes to."""
NO_DELAY: Final = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
"""Messages are small and follow one another: Nagle's algorithm holds the second back for 40 ms."""
_QUICKACK: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)
"""Not all systems have it."""
_PENDING: Final = 1000
"""Calls in flight that are nothing to warn of: a command for the whole house sends one a device."""
_AT_ONCE: Final = 10
"""Messages that are looked at before all else has its turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where the broker is, and how to be let in."""

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
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
    number: int = 0
    """Place in the order of arrival, from 1."""


@dataclass(frozen=True, slots=True)
class Publication:
    """Something to publish."""

    topic: str
    payload: str | bytes


OnMessage = Callable[[Message], None]
OnLink = Callable[[bool], Awaitable[None]]


class Link:
    """One connection at a time. :meth:`run` keeps it up until cancelled."""

    def __init__(self, broker: Broker, availability: str | None, on_message: OnMessage, on_link: OnLink) -> None:
        """``availability``: topic that says ``online``, and by last will ``offline``; None for a visitor, whose
        coming and going is nobody's business.

        ``on_message`` must not block. ``on_link`` is told True when connected, before any message comes in, and False
        when the connection is lost. Raises SettingsError for an empty host or a certificate that can't be read.
        """
        if not broker.host.strip():
            raise SettingsError("mqtt.host is empty", "set it to the broker's name or address", permanent=True)
        self._broker, self._availability, self._tls = broker, availability, _tls(broker)
        self._on_message, self._on_link = on_message, on_link
        self._client: aiomqtt.Client | None = None
        self._connection = anyio.CancelScope()
        self._waiting: deque[MQTTMessage] = deque()
        """What has come in and has not been looked at."""
        self._news = asyncio.Event()
        self._taken = 0
        self.since = 0
        """Number of the last message before the present connection."""
        self.last_error: str | None = None
        """Why there is no connection; None while there is one."""

    @property
    def online(self) -> bool:
        """Whether the broker is connected now."""
        return self._client is not None

    @property
    def arrived(self) -> int:
        """Number of the last message that has come in, whether it has been looked at or not."""
        return self._taken + len(self._waiting)

    async def run(self) -> None:
        """Connect, hand on messages, and connect again, for ever."""
        wait = _FIRST_RETRY_S
        while True:
            known = self.last_error
            if await self._connect_and_listen():
                wait = _FIRST_RETRY_S
                _log.warning("the connection to the MQTT broker %s is lost: %s", self._broker, self.last_error)
                await self._on_link(False)
            elif self.last_error != known:
                _log.warning("the MQTT broker %s can't be reached: %s", self._broker, self.last_error)
            # Full jitter, so that the devices of a house don't all return in the same moment.
            await anyio.sleep(random.uniform(_FIRST_RETRY_S / 2, wait))  # noqa: S311  # not a secret
            wait = min(wait * 2, _LAST_RETRY_S)

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Subscribe to ``topics``; returns when the broker has acknowledged all. Does nothing while offline.

        Quality of service 0: on one TCP connection nothing is lost, and brokers limit how many retained messages of
        a higher quality they queue for one client (mosquitto: 1,000).
        """
        for batch in _batches(topics):
            if self._client is None:
                return
            try:
                codes = await self._client.subscribe([(topic, 0) for topic in batch])
            except aiomqtt.MqttError as error:
                self._drop(f"subscribing failed: {error}")
                return
            refused = [topic for topic, code in zip(batch, codes, strict=False) if _code(code) >= _REFUSED]
            if refused:
                _log.warning("the broker lets us not read %d topics, such as %s", len(refused), refused[0])

    async def unsubscribe(self, topics: Iterable[str]) -> None:
        """Hear no more of ``topics``. Does nothing while offline."""
        for batch in _batches(topics):
            if self._client is None:
                return
            try:
                await self._client.unsubscribe(batch)
            except aiomqtt.MqttError as error:
                self._drop(f"unsubscribing failed: {error}")
                return

    async def publish(self, publications: Sequence[Publication], *, qos: int = 1, retain: bool = False) -> None:
        """Publish in order. Raises BrokerOffline at once when there is no connection, or when it is lost meanwhile."""
        for publication in publications:
            if (client := self._client) is None:
                raise self.offline()
            try:
                await client.publish(publication.topic, publication.payload, qos=qos, retain=retain)
            except aiomqtt.MqttError as error:
                raise self.offline() from error
            if qos:
                _acknowledge(client)

    async def answers(self, within_s: float) -> None:
        """Return once the broker has said something to us. Raises BrokerOffline where it does not within ``within_s``.

        What is sent to a broker that hangs lies in its socket, and is done when it comes to. So it is asked first, by
        unsubscribing from nothing: that needs no rights, reaches nobody, and must be answered (MQTT 3.1.1, 3.10.4-5).
        """
        if self._client is None:
            raise self.offline()
        try:
            await self._client.unsubscribe(_NOBODYS, timeout=within_s)
        except aiomqtt.MqttError as error:
            raise self.offline() from error

    def offline(self) -> BrokerOffline:
        """The error that says so."""
        reason = f" ({self.last_error})" if self.last_error else ""
        return BrokerOffline(f"the MQTT broker {self._broker} does not answer{reason}", "start it, or set mqtt.host")

    async def _connect_and_listen(self) -> bool:
        """One connection from begin to end. Returns whether there was one."""
        client = self._new_client()
        try:
            await self._connect(client)
        except (aiomqtt.MqttError, OSError, UnicodeError) as error:
            self.last_error = str(error) or "no answer"
            return False
        try:
            with anyio.CancelScope() as self._connection:
                if self._availability is not None:
                    await client.publish(self._availability, "online", qos=1, retain=True)
                self._client, self.last_error, self.since = client, None, self._taken
                _log.info("connected to the MQTT broker %s", self._broker)
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._listen, client)
                    await self._on_link(True)
        except aiomqtt.MqttError as error:
            self.last_error = str(error)
        finally:
            self._client = None
            with anyio.move_on_after(_FAREWELL_S, shield=True):
                await self._farewell(client)
            _close(client)
        return True

    async def _connect(self, client: aiomqtt.Client) -> None:
        # aiomqtt connects in a thread, which nothing can cancel and which the program's end waits for: so briefly, and
        # after a failure only to a host that has just shown to be there.
        if self.last_error is not None:
            with anyio.fail_after(_CONNECT_S):
                probe = await anyio.connect_tcp(self._broker.host, self._broker.port)
            await anyio.aclose_forcefully(probe)
        client._client.connect_timeout = _BLOCKED_S
        with ExitStack() as half_way:
            half_way.callback(_close, client)
            await client.__aenter__()
            half_way.pop_all()
        client.timeout = _REPLY_S

    async def _listen(self, client: aiomqtt.Client) -> None:
        # aiomqtt's own iterator makes two tasks of every message, which costs more than all that is done with it.
        client._disconnected.add_done_callback(lambda _: self._news.set())
        while True:
            for _ in range(_AT_ONCE):
                if not self._waiting:
                    break
                message = self._waiting.popleft()
                self._taken += 1
                payload = message.payload if isinstance(message.payload, bytes) else b""
                self._on_message(Message(message.topic, payload, bool(message.retain), self._taken))
            _acknowledge(client)
            if self._waiting:
                await anyio.lowlevel.checkpoint()
            elif client._disconnected.done():
                self._drop(_reason(client._disconnected))
                return
            else:
                self._news.clear()
                await self._news.wait()

    def _arrived(self, client: "PahoClient", data: object, message: "MQTTMessage") -> None:
        if size := excess(client):
            _log.warning("a message of %d bytes on %s is not read: that is too large", size, message.topic)
            return
        self._waiting.append(message)
        self._news.set()

    def _drop(self, reason: str) -> None:
        self.last_error = reason
        self._connection.cancel()

    async def _farewell(self, client: aiomqtt.Client) -> None:
        # The last will is for accidents; whoever leaves on purpose says so.
        with suppress(aiomqtt.MqttError):
            if self._availability is not None:
                await client.publish(self._availability, "offline", qos=0, retain=True)
            await client.__aexit__(None, None, None)

    def _new_client(self) -> aiomqtt.Client:
        will = aiomqtt.Will(self._availability, "offline", qos=1, retain=True) if self._availability else None
        client = aiomqtt.Client(
            self._broker.host,
            self._broker.port,
            username=self._broker.username,
            password=self._broker.password,
            protocol=ProtocolVersion.V311,
            will=will,
            timeout=_CONNECT_S,
            keepalive=_KEEPALIVE_S,
            tls_context=self._tls,
            socket_options=[NO_DELAY],
            logger=_unheard(),
        )
        client.pending_calls_threshold = _PENDING
        self._waiting.clear()
        client._client.on_message = self._arrived
        bound(client._client)
        return client


def _unheard() -> logging.Logger:
    """What aiomqtt has to say it says by exceptions, too; its log tells of answers to whom nobody waits any more."""
    logger = logging.Logger("edge.home.mqtt")
    logger.addHandler(logging.NullHandler())
    return logger


def _batches(topics: Iterable[str]) -> Iterator[list[str]]:
    several = list(topics)
    return (several[start : start + _TOPICS_A_PACKET] for start in range(0, len(several), _TOPICS_A_PACKET))


def _reason(disconnected: asyncio.Future[None]) -> str:
    error = disconnected.exception()
    return str(error) if error is not None else "it has said good-bye"


def _code(code: object) -> int:
    value = getattr(code, "value", code)
    return value if isinstance(value, int) else 0


def _acknowledge(client: aiomqtt.Client) -> None:
    """Tell the broker's side at once that the message, or its own acknowledgement, has come.

    Brokers leave Nagle's algorithm on, mosquitto by default: the next message waits until this one is acknowledged,
    and our side would do that only after 40 ms. Linux forgets the option after a while (tcp(7)), so it is set anew.
    """
    if _QUICKACK is not None and isinstance(connection := client._client.socket(), socket.socket):
        with suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)


def _close(client: aiomqtt.Client) -> None:
    """End the connection whatever state it is in; aiomqtt leaves one open that failed half-way, or in mid-farewell."""
    if isinstance(connection := client._client.socket(), socket.socket):
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


def _tls(broker: Broker) -> ssl.SSLContext | None:
    if not broker.tls:
        return None
    try:
        context = ssl.create_default_context(cafile=broker.ca_file)
    except OSError as error:
        what = f"mqtt.ca_file {broker.ca_file} can't be read: {error.strerror or error}"
        raise SettingsError(what, "give the path of a PEM file", permanent=True) from None
    # As everywhere here: docs/decisions/0089. Every broker since OpenSSL 1.1.1 of 2018 speaks it.
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context
