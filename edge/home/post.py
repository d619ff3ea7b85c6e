"""Messages to and from other programs on the house's broker, over the connection that the devices are on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import anyio
from aiomqtt import Topic

from edge.home.broker import Link, Message, Publication
from edge.ports import Taken


@dataclass(frozen=True, slots=True)
class _Listener:
    filters: tuple[str, ...]
    take: Callable[[Taken], None]
    wild: tuple[str, ...]
    """Those of the filters that have wildcards: to match one takes longer than most that is done with a message."""

    def wants(self, topic: str) -> bool:
        return topic in self.filters or any(Topic(topic).matches(wanted) for wanted in self.wild)


class Post:
    """The one :class:`edge.ports.Post` of the assistant."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._listeners: list[_Listener] = []
        self._connections = 0
        self._connected = anyio.Event()

    @property
    def online(self) -> bool:
        """Whether the broker is connected now."""
        return self._link.online

    async def publish(self, topic: str, payload: str | bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Returns when the broker has it (quality of service 0: when it is sent). Raises BrokerOffline."""
        await self._link.publish([Publication(topic, payload)], qos=qos, retain=retain)

    async def listen(self, filters: Sequence[str], take: Callable[[Taken], None]) -> None:
        """Hand all that comes on ``filters`` to ``take``, from now and in every later connection; it must not block.

        Returns when the broker has acknowledged that, or at once while it is away.
        """
        wild = tuple(wanted for wanted in filters if "#" in wanted or "+" in wanted)
        self._listeners.append(_Listener(tuple(filters), take, wild))
        await self._link.subscribe(filters)

    async def next_connection(self, after: int) -> int:
        """The number of the present connection, once it is a later one than ``after``; the first is 1."""
        while not (self._connections > after and self._link.online):
            await self._connected.wait()
        return self._connections

    async def begin(self) -> None:
        """The broker is connected: hear again what was listened to. Called before anybody is told so."""
        await self._link.subscribe([wanted for listener in self._listeners for wanted in listener.filters])
        if self._link.online:
            self._connections += 1
            self._connected.set()
            self._connected = anyio.Event()

    def take(self, message: Message) -> None:
        """Hand ``message`` to whoever listens for it."""
        for listener in self._listeners:
            if listener.wants(message.topic):
                listener.take(Taken(message.topic, message.payload, message.retained))
