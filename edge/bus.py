"""Events outward: bounded, lossy, never in a turn's way."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from edge.events import AnyEvent


class Emitter(Protocol):
    """What events are told to."""

    def emit(self, event: AnyEvent) -> None:
        """Returns at once; call from the event loop's thread."""


class Subscription:
    """One listener's queue."""

    def __init__(self, size: int, listener: str) -> None:
        self.listener = listener
        """Who listens, for whoever looks at what was lost."""
        self._send: MemoryObjectSendStream[AnyEvent]
        self._receive: MemoryObjectReceiveStream[AnyEvent]
        self._send, self._receive = anyio.create_memory_object_stream[AnyEvent](size)
        self.dropped = 0
        """Events this listener lost because it was too slow."""

    def __aiter__(self) -> MemoryObjectReceiveStream[AnyEvent]:
        return self._receive

    async def next(self) -> AnyEvent:
        """The next event, when there is one."""
        return await self._receive.receive()

    def pending(self) -> list[AnyEvent]:
        """All that waits now, without waiting."""
        events = []
        while self._receive.statistics().current_buffer_used:
            events.append(self._receive.receive_nowait())
        return events

    def offer(self, event: AnyEvent) -> None:
        """Queue ``event``, or count it as dropped when the listener is behind."""
        try:
            self._send.send_nowait(event)
        except anyio.WouldBlock:
            self.dropped += 1

    def close(self) -> None:
        """End the stream for its listener once it has read what waits."""
        self._send.close()

    def abandon(self) -> None:
        """Close both ends; the listener is gone."""
        self._send.close()
        self._receive.close()


class Bus:
    """Hands every event to every subscriber. ``emit`` returns at once, whoever listens."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []
        self._gone: Counter[str] = Counter()
        """What listeners had lost that listen no more."""

    def emit(self, event: AnyEvent) -> None:
        """Offer ``event`` to all subscribers; call from the event loop's thread."""
        for subscription in self._subscriptions:
            subscription.offer(event)

    def dropped(self) -> Mapping[str, int]:
        """How many events each kind of listener has lost, since the assistant started."""
        lost = self._gone.copy()
        for subscription in self._subscriptions:
            lost[subscription.listener] += subscription.dropped
        return lost

    @contextmanager
    def subscribe(self, size: int = 256, *, listener: str = "other") -> Iterator[Subscription]:
        """A queue of at most ``size`` events, from now until the block ends. ``listener``: what kind of one it is."""
        subscription = Subscription(size, listener)
        self._subscriptions.append(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.remove(subscription)
            self._gone[listener] += subscription.dropped
            subscription.abandon()


class Tap:
    """Of the events that go to a bus by this way, one listener misses none, and hears each at once."""

    def __init__(self, bus: Emitter, hear: Callable[[AnyEvent], None]) -> None:
        """``hear`` returns at once."""
        self._bus, self._hear = bus, hear

    def emit(self, event: AnyEvent) -> None:
        """To the bus, and to the listener."""
        self._bus.emit(event)
        self._hear(event)
