"""A thread-safe ring of sound between one writer and several readers, each with a cursor of its own.

Live, the writer is the audio callback: it never waits, the oldest sound goes, and a reader that was overtaken knows how
much it lost. In a replay at full speed the ring is lossless instead: the writer waits for the slowest reader, so that
nothing is lost and the order of what happens is the same every time.
"""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

from edge.chunk import CHUNK_SECONDS, AudioChunk, EndOfSound

LEAD_S: Final = 0.5
"""How far the writer of a lossless ring runs ahead of the slowest reader."""


class Ring:
    """Keeps the last ``seconds`` of sound."""

    def __init__(self, seconds: float, *, lossless: bool = False) -> None:
        self._chunks: deque[AudioChunk] = deque(maxlen=round(seconds / CHUNK_SECONDS))
        self._written = 0
        self._lossless = lossless
        self._closed = False
        self._changed = threading.Condition()
        self._readers: list[RingReader] = []

    @property
    def now(self) -> float:
        """End of the newest chunk, in seconds; 0 before the first."""
        with self._changed:
            return self._chunks[-1].end if self._chunks else 0.0

    def write(self, chunk: AudioChunk) -> None:
        """Append ``chunk``. A lossless ring waits for its readers; any other returns at once."""
        with self._changed:
            if self._lossless:
                self._changed.wait_for(lambda: self._closed or self._has_room())
            self._chunks.append(chunk)
            self._written += 1
            self._wake()

    def reader(self, start: float | None = None) -> "RingReader":
        """A cursor at the oldest chunk that ends after ``start`` (seconds), or at the next one. From any thread."""
        with self._changed:
            position = self._written
            if start is not None:
                position -= sum(1 for chunk in self._chunks if chunk.end > start)
            reader = RingReader(self, position)
            self._readers.append(reader)
            self._changed.notify_all()
            return reader

    def close(self) -> None:
        """The sound is over: readers get what is left, then its end."""
        with self._changed:
            self._closed = True
            self._wake()

    def _has_room(self) -> bool:
        lead = round(LEAD_S / CHUNK_SECONDS)
        # Before anybody reads, a recording waits for its first listener.
        return bool(self._readers) and all(self._written - reader.position < lead for reader in self._readers)

    def _wake(self) -> None:
        self._changed.notify_all()
        for reader in self._readers:
            reader.wake()


class RingReader:
    """One cursor. Read it from one thread, or iterate over it in one task."""

    def __init__(self, ring: Ring, position: int) -> None:
        self._ring = ring
        self.position = position
        """Number of the next chunk, counted from the first that was ever written."""
        self.lost = 0
        """Chunks that were overwritten before they were read."""
        self._closed = False
        self._waiting: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    def read(self, timeout: float | None) -> AudioChunk:
        """The next chunk; blocks. Raises EndOfSound when there is no more, TimeoutError after ``timeout`` seconds."""
        changed = self._ring._changed
        with changed:
            if not changed.wait_for(self._due, timeout):
                raise TimeoutError
            return self._take()

    async def __aiter__(self) -> AsyncIterator[AudioChunk]:
        self._waiting = (asyncio.get_running_loop(), asyncio.Event())
        _, event = self._waiting
        while True:
            event.clear()
            try:
                yield self.read(0)
            except TimeoutError:
                await event.wait()
            except EndOfSound:
                return

    def close(self) -> None:
        """Stop reading; a blocked :meth:`read` ends with EndOfSound, a waiting writer goes on."""
        with self._ring._changed:
            self._closed = True
            if self in self._ring._readers:
                self._ring._readers.remove(self)
            self._ring._wake()
            self.wake()

    def wake(self) -> None:
        """There may be something to read; called with the ring's lock held."""
        if self._waiting is not None:
            loop, event = self._waiting
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    def _due(self) -> bool:
        return self._closed or self._ring._closed or self.position < self._ring._written

    def _take(self) -> AudioChunk:
        ring = self._ring
        if self._closed or self.position >= ring._written:
            raise EndOfSound
        oldest = ring._written - len(ring._chunks)
        if self.position < oldest:
            self.lost += oldest - self.position
            self.position = oldest
        chunk = ring._chunks[self.position - oldest]
        self.position += 1
        # Whoever waits for this reader to come on is the writer of a lossless ring.
        ring._changed.notify_all()
        return chunk
