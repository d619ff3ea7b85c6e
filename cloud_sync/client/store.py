"""The shared database as the link needs it.

Acknowledgements are kept in memory and written now and then: the bridge says them again at each greeting, and a page
written for each would wear the card out for nothing.
"""

import functools
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Protocol

from apsw import Connection

from cloud_sync.client import believed, incarnation, kept, queue
from cloud_sync.client.counts import count, counts
from cloud_sync.client.outbox import DatabaseOutbox
from cloud_sync.client.queue import Broken
from cloud_sync.client.wishes import Acked, Batch, Load, Position
from cloud_sync.protocol import erasure
from cloud_sync.protocol.errors import ProtocolError
from cloud_sync.protocol.messages import Answer, Changes, Receipt, Refused, Welcome
from edge.errors import StorageError
from edge.privacy.consent import say_again

if TYPE_CHECKING:
    from edge.ports import Storage

_log = logging.getLogger(__name__)
_EVENTS: Final = 256
"""After so many acknowledged events that is written in any case."""
_SECONDS: Final = 3600.0
"""After so long, too."""
_UNASKED: Final = 20
_UNASKED_S: Final = 60.0
"""So many answers to questions that are not kept here are kept in so long: those of an assistant that was restarted."""
_RECEIPTS: Final = 10_000
"""More was not erased in a lifetime."""


class Shared(Protocol):
    """What all assistants of the house share, as this one has it: :class:`cloud_sync.client.replica.Replica`."""

    def shares(self, connection: Connection) -> bool:
        """Whether it shares anything now."""

    def take(self, connection: Connection, page: Changes) -> bool:
        """Take a page of changes in, and its cursor, in the transaction that ``connection`` is in. False: nothing is
        shared now, and it was left.
        """

    def tell_again(self, connection: Connection, clock: int) -> None:
        """What was written here at that stamp: the event that told of it is damaged."""

    def restart(self) -> None:
        """The link is another one: pages of a snapshot that have come so far count for nothing."""


class Store:
    """One for the life of ``hearth-sync``."""

    def __init__(
        self,
        storage: "Storage",
        outbox: DatabaseOutbox,
        replica: Shared,
        public: bytes = b"",
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """``public``: the key of our bridge, which receipts are signed with; ``now``: seconds that never go back."""
        self._storage, self._outbox, self._replica, self._now = storage, outbox, replica, now
        self._public = public
        self._unasked: deque[float] = deque(maxlen=_UNASKED)
        self._here: Position | None = None
        self._acked: Acked | None = None
        """What is not written yet."""
        self._written = 0
        self._since = 0.0

    async def position(self) -> Position:
        """How far this device is, at the beginning of a connection. Raises StorageError."""
        self._replica.restart()
        # Once it is known who this is, nothing is written for being asked: the disk may be full, or held by another.
        access = self._storage.write if self._here is None else self._storage.read
        found = await access(lambda connection: queue.position(connection, self._outbox))
        self._here = found
        return found

    async def place(self, welcome: Welcome) -> int | None:
        """Where to go on, by what the bridge says that it has; None: another disk has told it. Raises StorageError."""
        here = self._known
        placed = await self._storage.read(lambda connection: queue.place(connection, here, welcome))
        if placed is not None and placed.is_new:
            await self._storage.write(lambda connection: self._settle(connection, placed, welcome))
        return placed.after if placed is not None else None

    def _settle(self, connection: Connection, placed: queue.Placed, welcome: Welcome) -> None:
        if queue.settle(connection, placed, welcome):
            # Of what it lost, not all is kept here; and without the yes it takes nothing.
            say_again(connection, self._outbox)

    async def load(self, wish: Load) -> Batch | None:
        """The events that are wished for; what can't be sent as it is becomes a gap. Raises StorageError."""
        here = self._known

        def work(connection: Connection) -> Batch | Broken | None:
            now_ms = self._outbox.now_ms(connection)
            return queue.batch(connection, here, wish.after, wish.room, alone=wish.alone, now_ms=now_ms)

        while isinstance(found := await self._storage.read(work), Broken):
            _log.warning("event %d is %s: a gap stands for it", found.seq, found.why)
            await self._storage.write(functools.partial(self._repair, here=here, broken=found))
        return found

    def _repair(self, connection: Connection, here: Position, broken: Broken) -> None:
        stamps = connection.execute("SELECT clock FROM sync_event WHERE seq = ?", (broken.seq,)).fetchall()
        queue.repair(connection, here, broken)
        if broken.why == "damaged":
            for (clock,) in stamps:
                assert isinstance(clock, int)
                self._replica.tell_again(connection, clock)

    async def acknowledged(self, acked: Acked) -> None:
        """The bridge has so much."""
        if self._acked is None:
            self._since = self._now()
        self._acked = acked
        if acked.seq - self._written >= _EVENTS or self._now() - self._since >= _SECONDS:
            try:
                await self.flush()
            except StorageError as error:
                # The bridge says it again at the next greeting: no reason to lose the link as well.
                _log.warning("what the bridge has can't be written down: %s", error)
                self._written, self._since = acked.seq, self._now()

    async def flush(self) -> None:
        """Write what is only in memory. Raises StorageError."""
        if (acked := self._acked) is not None:
            await self._storage.write(lambda connection: queue.acknowledge(connection, acked.seq, acked.watermark))
            self._acked, self._written = None, acked.seq

    async def mint(self) -> None:
        """Begin a new incarnation. Raises StorageError."""
        self._acked = self._here = None
        new = await self._storage.write(lambda connection: incarnation.mint(connection, self._outbox.device))
        _log.warning("another disk has told other events under this incarnation: it goes on as %s", new)

    async def shares(self) -> bool:
        """Whether the house shares anything now. Raises StorageError."""
        return await self._storage.read(self._replica.shares)

    async def apply(self, page: Changes) -> bool:
        """Take a page of changes in, and keep its cursor. False: nothing is shared now. Raises StorageError."""
        if page.snapshot:
            await self.flush()  # what it lacks and the bridge has acknowledged was given up for something later
        return await self._storage.write(lambda connection: self._replica.take(connection, page))

    async def keep(self, answer: Answer) -> bool:
        """An answer came for which nobody listens. False: it is one of very many to questions that are not kept here,
        each of which would be a write, for which the assistant's own have to wait. Raises StorageError.
        """
        if not await self._storage.read(lambda connection: kept.is_asked(connection, answer.id)):
            if len(self._unasked) == _UNASKED and self._now() - self._unasked[0] < _UNASKED_S:
                return False
            self._unasked.append(self._now())
        await self._storage.write(lambda connection: kept.take(connection, answer, self._outbox.now_ms(connection)))
        return True

    async def keep_receipt(self, receipt: Receipt) -> bool:
        """A deletion is proved; False: by somebody else than our bridge, and it is not kept. Raises StorageError."""
        try:
            erasure.verify(self._public, receipt.statement, receipt.signature)
        except ProtocolError as error:
            _log.error("a receipt is not kept: %s", error.message)
            return False
        row = (receipt.id, receipt.statement, receipt.signature, _RECEIPTS)
        sql = "INSERT OR IGNORE INTO sync_receipt SELECT ?, ?, ? WHERE (SELECT count(*) FROM sync_receipt) < ?"
        await self._storage.write(lambda connection: connection.execute(sql, row))
        return True

    async def put_aside(self, refused: Refused) -> None:
        """The bridge can't apply an event of ours. Raises StorageError."""
        _log.warning("the bridge has put event %d aside: %s", refused.seq, refused.code)
        await self._storage.write(lambda connection: count(connection, "refused"))

    async def learn_time(self, bridge_ms: int) -> None:
        """The bridge's clock shows that. Raises StorageError."""
        anchor = await self._storage.read(lambda connection: self._outbox.corrected(connection, bridge_ms))
        if anchor is not None:
            _log.warning("the wall clock is wrong" if anchor.ms else "the wall clock is right again")
            await self._storage.write(lambda connection: believed.keep(connection, anchor))

    async def newest(self) -> int:
        """The greatest number that was given. Raises StorageError."""
        return await self._storage.read(queue.newest)

    async def counts(self) -> Mapping[str, int]:
        """What was lost. Raises StorageError."""
        return await self._storage.read(counts)

    @property
    def _known(self) -> Position:
        assert self._here is not None
        return self._here
