"""What one client is to get, in order: bounded, and kept for a while after it was sent, should the client come back."""

from collections import deque
from typing import Final, TypeAlias

import anyio

Frame: TypeAlias = str | bytes
"""Text, or sound."""

KEPT: Final = 1 << 20
"""Bytes, sent or not: 23 s of the usual voice."""
_AHEAD: Final = 256 << 10
"""Bytes of sound that wait for a client that is there, before whoever makes more waits, too."""
_TEXT: Final = 64 << 10
"""Bytes that text alone may take beyond all sound."""


class Outbox:
    """Of one talker."""

    def __init__(self) -> None:
        self._frames: deque[Frame] = deque()
        self._bytes = 0
        self._first = 0
        """Number of the oldest frame that is kept."""
        self._cursor = 0
        """Number of the next one to send."""
        self._unsent = 0
        """Bytes from there on."""
        self._here = False
        self._closed = False
        self._changed = anyio.Event()
        self.lost_sound = 0
        """Bytes thrown away since the client was told."""
        self.lost_events = 0

    # -- for who has something to tell ----------------------------------------------------------------------------

    def tell(self, text: str) -> None:
        """At once."""
        if not self._put(text, KEPT + _TEXT):
            self.lost_events += 1

    async def play(self, sound: bytes) -> None:
        """Waits while the client is there and takes less than comes. What is too much for one that is away is lost."""
        while self._here and self._unsent > _AHEAD:
            await self._changed.wait()
        if not self._put(sound, KEPT):
            self.lost_sound += len(sound)

    def close(self) -> None:
        """The client won't come back: nothing is kept any more."""
        self._closed = True
        self._frames.clear()
        # Whoever is about to take the next frame finds none, as long as it is not cancelled itself.
        self._first = self._cursor
        self._change()

    # -- for its connection ---------------------------------------------------------------------------------------

    def resume(self, after: int) -> int:
        """Go on after so many frames. Returns how many are missing, because they are not kept any more."""
        last = self._first + len(self._frames)
        self._cursor = min(max(after, self._first), last)
        self._unsent = sum(len(frame) for frame in list(self._frames)[self._cursor - self._first :])
        return max(0, self._first - after)

    def here(self, here: bool) -> None:
        """Whether the client is connected."""
        self._here = here
        self._change()

    async def next(self) -> Frame:
        """The next frame to send, when there is one."""
        while self._cursor == self._first + len(self._frames):
            await self._changed.wait()
        frame = self._frames[self._cursor - self._first]
        self._cursor += 1
        self._unsent -= len(frame)
        self._change()
        return frame

    # -- within ---------------------------------------------------------------------------------------------------

    def _put(self, frame: Frame, limit: int) -> bool:
        if self._closed:
            return True
        while self._bytes + len(frame) > limit and self._first < self._cursor:
            self._bytes -= len(self._frames.popleft())
            self._first += 1
        if self._bytes + len(frame) > limit:
            return False
        self._frames.append(frame)
        self._bytes += len(frame)
        self._unsent += len(frame)
        self._change()
        return True

    def _change(self) -> None:
        changed, self._changed = self._changed, anyio.Event()
        changed.set()
