"""Between several workers: NATS, a subject for each house, of which a worker hears those that it has devices of.

It holds nothing. While it is away, what would have been told is lost, and the workers look into the store more often.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import msgspec
import nats
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from cloud_sync.server.fanout import Note, Receive

_SUBJECT: Final = "hearth.house."
_QUEUE: Final = 10_000
"""Notes that wait to be sent; more are dropped."""
_RECONNECT_S: Final = 1
_logger: Final = logging.getLogger(__name__)


class NatsFanout:
    """Use :func:`connected`."""

    def __init__(self, url: str, receive: Receive, restored: Callable[[], None], dropped: Callable[[], None]) -> None:
        """``restored``: it is back, and something may have been lost; ``dropped``: a note was."""
        self._url, self._receive, self._restored, self._dropped = url, receive, restored, dropped
        self._client = Client()
        self._queue: asyncio.Queue[tuple[str, Note]] = asyncio.Queue(_QUEUE)
        self._wanted: set[str] = set()
        self._subscriptions: dict[str, Subscription] = {}
        self._encoder, self._decoder = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(Note)

    @property
    def is_up(self) -> bool:
        """Whether what is told now will be heard."""
        return self._client.is_connected

    def publish(self, house: str, note: Note) -> None:
        """Tell this worker at once, the others soon."""
        self._receive(house, note)
        if not self.is_up or self._queue.full():
            self._dropped()
            return
        self._queue.put_nowait((house, note))

    async def listen(self, house: str) -> None:
        """What is told in ``house`` is wanted here."""
        self._wanted.add(house)
        if self.is_up and house not in self._subscriptions:
            self._subscriptions[house] = await self._client.subscribe(_subject(house), cb=self._heard)

    async def ignore(self, house: str) -> None:
        """It is not wanted any more."""
        self._wanted.discard(house)
        if (subscription := self._subscriptions.pop(house, None)) is not None:
            with contextlib.suppress(nats.errors.Error):
                await subscription.unsubscribe()

    async def run(self) -> None:
        """Until it is cancelled."""
        await self._client.connect(
            self._url,
            no_echo=True,
            max_reconnect_attempts=-1,
            reconnect_time_wait=_RECONNECT_S,
            reconnected_cb=self._reconnected,
            error_cb=self._failed,
        )
        await self._reconnected()
        while True:
            house, note = await self._queue.get()
            try:
                await self._client.publish(_subject(house), self._encoder.encode(note))
            except nats.errors.Error:
                self._dropped()

    async def close(self) -> None:
        """Nothing is told any more."""
        with contextlib.suppress(nats.errors.Error):
            await self._client.close()

    async def _reconnected(self) -> None:
        # Those that were wanted while it was away; the older ones nats-py has renewed.
        for house in self._wanted - self._subscriptions.keys():
            await self.listen(house)
        self._restored()

    async def _failed(self, error: Exception) -> None:
        _logger.info("NATS: %s", type(error).__name__)

    async def _heard(self, message: Msg) -> None:
        house = bytes.fromhex(message.subject.removeprefix(_SUBJECT)).decode()
        try:
            note = self._decoder.decode(message.data)
        except (msgspec.DecodeError, RecursionError):
            _logger.warning("a note of another version can't be read")
            return
        self._receive(house, note)


@asynccontextmanager
async def connected(
    url: str, receive: Receive, restored: Callable[[], None], dropped: Callable[[], None]
) -> AsyncIterator[NatsFanout]:
    """Begins at once, whether NATS is there or not."""
    fanout = NatsFanout(url, receive, restored, dropped)
    task = asyncio.create_task(fanout.run())
    try:
        yield fanout
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await fanout.close()


def _subject(house: str) -> str:
    # Names of houses may have what a subject may not.
    return _SUBJECT + house.encode().hex()
