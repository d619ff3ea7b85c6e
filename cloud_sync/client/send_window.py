"""The events on their way to the bridge: read in batches, sent, acknowledged. So many bytes may be on the way at a
time, and after a gap it goes on from where the bridge is. Without I/O, as the session that it belongs to.
"""

from collections import deque
from math import inf
from typing import Final

from cloud_sync.client.wishes import Acked, Batch, Load
from cloud_sync.protocol.errors import Code, ProtocolError
from cloud_sync.protocol.messages import BATCH_BYTES, Ack, Events

_GAPS: Final = 3
"""So many complaints about missing events in one connection, and it is given up."""


class SendWindow:
    """Of one connection. Times are those of its session."""

    def __init__(self, now: float) -> None:
        self.acked = 0
        """Every event up to this number is with the bridge."""
        self.paused_until = now
        """Before that the bridge takes no more."""
        self._size, self._watermark, self._begin_at = 0, 0, now
        self._sent = self._highest = 0
        """The last number that was sent, and the greatest that ever was."""
        self._ready: deque[Events] = deque()
        """Read, and not sent yet."""
        self._flight: deque[tuple[int, int]] = deque()
        """(last number, bytes) of each batch that is on the way."""
        self._progress_at = now
        self._loading, self._drained, self._looked = False, False, False
        self._cramped = False
        """The next event has to wait until nothing else is on its way."""
        self._gaps = self._refused = 0

    def open(self, size: int, watermark: int, begin_at: float) -> None:
        """The bridge has welcomed: at most ``size`` bytes may be on the way, from the moment ``begin_at`` on."""
        self._size, self._watermark, self._begin_at = max(1, size), watermark, begin_at

    def begin(self, after: int) -> None:
        """The bridge lacks what comes after number ``after``."""
        self._sent = self._highest = self.acked = after

    # -- what is to be read and sent ----------------------------------------------------------------------------------

    def load_at(self) -> float:
        """When the next batch is to be read; infinite: none is, before something else happens."""
        waiting = self._loading or self._drained or self._ready
        # Less than half a batch of room is waited with, for batches to stay large.
        has_room = not self._cramped and self._room() >= min(BATCH_BYTES, self._size) // 2
        may_load = not waiting and (not self._flight or has_room)
        return max(self._begin_at, self.paused_until) if may_load else inf

    def load(self) -> Load:
        """The next batch is being read."""
        self._loading = True
        return Load(self._sent, max(self._room(), 0), alone=not self._flight)

    def loaded(self, after: int, batch: Batch | None, now: float) -> None:
        """The events after number ``after`` that were to be read; None: there are none; empty: none that fits."""
        self._loading = False
        if batch is None:
            # What was written while they were read may have been missed.
            self._drained = not self._looked
        elif after == self._sent and not batch.items:
            self._cramped = True
        elif after == self._sent:
            self._cramped = False
            if not self._flight:
                self._progress_at = now
            self._sent = batch.last
            self._highest = max(self._highest, batch.last)
            self._flight.append((batch.last, batch.size))
            self._ready.append(Events(items=batch.items))
        self._looked = False

    def look(self) -> None:
        """There may be new events."""
        self._drained, self._looked = False, self._loading

    def next(self) -> Events | None:
        """What is to be sent now, if anything is."""
        return self._ready.popleft() if self._ready else None

    def drop(self) -> None:
        """Nothing more is sent."""
        self._ready.clear()

    def _room(self) -> int:
        return min(BATCH_BYTES, self._size - sum(size for _, size in self._flight))

    # -- what becomes of it -------------------------------------------------------------------------------------------

    @property
    def idle(self) -> bool:
        """Whether all that there was is acknowledged."""
        return self._drained and not self._flight and not self._ready

    @property
    def waits_since(self) -> float:
        """Since when nothing of what is on the way was acknowledged; infinite: nothing is on the way."""
        return self._progress_at if self._flight else inf

    def acknowledge(self, ack: Ack, now: float) -> Acked | None:
        """What is with the bridge by now; None: that was known. Raises ProtocolError for what was never sent."""
        if ack.seq > self._highest:
            raise ProtocolError(Code.MALFORMED, f"{ack.seq} is acknowledged, and only {self._highest} was sent")
        watermark = max(self._watermark, min(ack.watermark, max(ack.seq, self.acked)))
        if ack.seq <= self.acked and watermark == self._watermark:
            return None
        self.acked, self._watermark = max(self.acked, ack.seq), watermark
        while self._flight and self._flight[0][0] <= self.acked:
            self._flight.popleft()
        self._progress_at = now
        return Acked(self.acked, watermark)

    def refuse(self, seq: int) -> bool:
        """The bridge can't apply that event. False: it was never sent, or that is known."""
        is_new = self._refused < seq <= self._highest
        self._refused = max(self._refused, seq) if is_new else self._refused
        return is_new

    def go_back(self, expected: int) -> bool:
        """The bridge lacks number ``expected``: it is sent again from there. False: that was too often, or it never
        was sent.
        """
        if self._gaps >= _GAPS or expected > self._highest + 1:
            return False
        self._gaps += 1
        self._sent, self._drained = expected - 1, False
        self.acked = min(self.acked, self._sent)
        self._flight.clear()
        self._ready.clear()
        return True
