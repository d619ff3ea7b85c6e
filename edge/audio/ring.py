"""The last seconds of sound: one writer, several readers, each with a cursor of its own.

Live, the writer is the audio callback and never waits: a reader that is overtaken loses the oldest sound and counts
it. For a recording the ring is lossless instead: the writer waits for the slowest reader, so that a replay at full
speed gives the same result every time.
"""

import threading
from bisect import bisect_right
from types import TracebackType
from typing import Final

import anyio.lowlevel

from edge.audio.waker import Waker
from edge.chunk import CHUNK_SECONDS, AudioChunk, EndOfSound, SoundCut

LEAD_S: Final = 0.5
"""How far a lossless writer runs ahead of the slowest reader, in seconds."""


class Ring:
    """Keeps the newest ``seconds`` of sound. Every method may be called from any thread."""

    def __init__(self, seconds: float, *, lossless: bool = False) -> None:
        """``lossless`` for recordings; ``seconds`` must then be more than :data:`LEAD_S`."""
        if lossless and seconds <= LEAD_S:
            raise ValueError(f"a lossless ring keeps more than {LEAD_S} s")
        self._slots: list[AudioChunk | None] = [None] * max(1, round(seconds / CHUNK_SECONDS))
        self._written = 0
        self._forgotten = 0
        """Number of the first chunk that may still be read."""
        self._end = 0.0
        self._cut = False
        self._lossless = lossless
        self._lead = round(LEAD_S / CHUNK_SECONDS)
        self._closed = False
        self._readers: list[RingReader] = []
        self._waiting: list[Waker] = []
        # A plain lock: it is taken in the audio callback, where an RLock's bookkeeping is wasted.
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)

    @property
    def now(self) -> float:
        """End of the newest chunk in seconds; 0.0 before the first."""
        return self._end

    @property
    def closed(self) -> bool:
        """Whether the sound has ended."""
        return self._closed

    def write(self, chunk: AudioChunk) -> None:
        """Append ``chunk``, which begins after all before it. Ignored when the ring is closed.

        Live it never waits. Lossless it waits while it is :data:`LEAD_S` ahead of the slowest reader, or nobody reads.
        """
        with self._changed:
            if self._lossless:
                self._changed.wait_for(lambda: self._closed or self._has_room())
            if self._closed:
                return
            self._slots[self._written % len(self._slots)] = chunk
            self._written += 1
            self._end, self._cut = chunk.end, False
            waiting = self._wake_all()
        for waker in waiting:
            waker.wake()

    def reader(self, start: float | None = None) -> "RingReader":
        """A cursor at the oldest chunk kept that ends after the time ``start``; None, or a time to come: from now."""
        with self._changed:
            oldest = max(self._forgotten, self._written - len(self._slots))
            cursor = self._written
            if start is not None:
                kept = range(oldest, self._written)
                cursor = oldest + bisect_right(kept, start, key=lambda number: self._slot(number).end)
            reader = RingReader(self, cursor, cut=self._cut)
            self._readers.append(reader)
            self._changed.notify_all()
        return reader

    def wait_for_reader(self) -> None:
        """Block until somebody reads, or the ring is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or bool(self._readers))

    def cut(self) -> None:
        """The sound stops for now: nothing of it is kept, and every reader gets SoundCut, once, before it goes on.

        So does whoever begins to read before there is sound again: it would wait, maybe for ever, for nothing.
        """
        with self._changed:
            self._slots = [None] * len(self._slots)
            self._forgotten, self._cut = self._written, True
            for reader in self._readers:
                reader.cursor, reader.cut = self._written, True
            waiting = self._wake_all()
        for waker in waiting:
            waker.wake()

    def close(self) -> None:
        """The sound ends here: readers get what is left, then EndOfSound. Closing twice does nothing."""
        with self._changed:
            self._closed = True
            waiting = self._wake_all()
        for waker in waiting:
            waker.wake()

    # -- all below with the lock held -----------------------------------------------------------------------------

    def _slot(self, number: int) -> AudioChunk:
        chunk = self._slots[number % len(self._slots)]
        assert chunk is not None
        return chunk

    def _has_room(self) -> bool:
        cursors = [reader.cursor for reader in self._readers]
        return bool(cursors) and self._written - min(cursors) < self._lead

    def _wake_all(self) -> list[Waker]:
        self._changed.notify_all()
        for reader in self._readers:
            if reader._wants and (self._closed or reader.cut or self._written - reader.cursor >= reader._wants):
                reader._enough.notify()
        waiting, self._waiting = self._waiting, []
        return waiting

    def _next(self, reader: "RingReader") -> AudioChunk | None:
        """The chunk at the cursor, None when it is still to come. Raises EndOfSound, SoundCut."""
        if reader.closed:
            raise EndOfSound
        reader.took_at = self._written
        if reader.cut:
            reader.cut = False
            raise SoundCut
        oldest = self._written - len(self._slots)
        if reader.cursor < oldest:
            reader.lost += oldest - reader.cursor
            reader.cursor = oldest
        if reader.cursor < self._written:
            chunk = self._slot(reader.cursor)
            reader.cursor += 1
            if self._lossless:
                self._changed.notify_all()
            return chunk
        if self._closed:
            raise EndOfSound
        return None


class RingReader:
    """One reader's place in the ring; made by :meth:`Ring.reader`. One thread or coroutine reads it at a time."""

    def __init__(self, ring: Ring, cursor: int, *, cut: bool) -> None:
        self._ring = ring
        self.cursor = cursor
        """Number of the chunk that comes next, counted from the ring's first."""
        self.lost = 0
        """Chunks that were overwritten before they were read."""
        self.cut = cut
        """Whether the sound was cut since it was read."""
        self.closed = False
        self.took_at = ring._written
        """How many chunks had been written when it last took one."""
        self._wants = 0
        """Chunks that a blocked :meth:`read_some` waits for; 0 when none does."""
        # Its own condition on the ring's lock: whoever wants several chunks is not woken by each of them.
        self._enough = threading.Condition(ring._lock)

    @property
    def passed_s(self) -> float:
        """Seconds of sound that came since it last took any."""
        return (self._ring._written - self.took_at) * CHUNK_SECONDS

    def read(self, timeout: float | None) -> AudioChunk:
        """The next chunk; blocks for at most ``timeout`` seconds. Raises EndOfSound, SoundCut, TimeoutError."""
        ring = self._ring
        with ring._changed:
            chunk = ring._next(self)
            while chunk is None:
                if not ring._changed.wait_for(self._may_go_on, timeout):
                    raise TimeoutError
                chunk = ring._next(self)
        return chunk

    def read_some(self, count: int) -> list[AudioChunk]:
        """The next ``count`` chunks, fewer before the end; blocks until all are there. Raises EndOfSound, SoundCut."""
        ring = self._ring
        with ring._changed:
            self._wants = count
            try:
                while not self.closed and not self.cut and not ring._closed and ring._written - self.cursor < count:
                    self._enough.wait()
            finally:
                self._wants = 0
            chunks: list[AudioChunk] = []
            while len(chunks) < count:
                try:
                    chunk = ring._next(self)
                except EndOfSound:
                    if chunks:
                        break
                    raise
                assert chunk is not None
                chunks.append(chunk)
        return chunks

    def _may_go_on(self) -> bool:
        return self.closed or self.cut or self._ring.closed or self.cursor < self._ring._written

    def __aiter__(self) -> "RingReader":
        return self

    async def __anext__(self) -> AudioChunk:
        # Where sound waits already, the loop must still get its turn, and a cancel its place.
        await anyio.lowlevel.checkpoint()
        while True:
            with self._ring._changed:
                try:
                    chunk = self._ring._next(self)
                except EndOfSound:
                    raise StopAsyncIteration from None
                if chunk is not None:
                    return chunk
                waker = Waker()
                self._ring._waiting.append(waker)
            try:
                await waker.wait()
            finally:
                with self._ring._changed:
                    if waker in self._ring._waiting:
                        self._ring._waiting.remove(waker)

    def close(self) -> None:
        """Stop reading; a blocked :meth:`read` ends with EndOfSound. Closing twice does nothing."""
        ring = self._ring
        with ring._changed:
            if self.closed:
                return
            self.closed = True
            self._enough.notify()
            ring._readers.remove(self)
            waiting = ring._wake_all()
        for waker in waiting:
            waker.wake()

    def __enter__(self) -> "RingReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
