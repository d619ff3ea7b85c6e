"""Whether anything can be heard at all: most of its life a room only hums.

The floor is the least power of the last seconds, so a fan that was switched on is part of it soon, and speech never is.
Source: minimum statistics (Martin, 2001) in its simplest form.
"""

from collections import deque
from typing import Final

import numpy as np

from edge.chunk import RATE, Pcm

_RISE: Final = 10 ** (2.5 / 10)
"""Power over the floor that something makes: speech as loud as the noise has 3 dB."""
_LEAST: Final = 25.0
"""Power (int16 units squared) of the quietest room that is told from silence."""
_HOLD_S: Final = 1.0
"""How long it stays open: a word is longer than its loud sounds."""
_FLOOR_S: Final = 3.0
_SMOOTH_S: Final = 0.1


class Gate:
    """Open while something sounds. Fed with consecutive sound."""

    def __init__(self) -> None:
        self._lately: deque[tuple[float, float]] = deque()
        self._smooth = 0.0
        self._now = 0.0
        self._open_until = _HOLD_S

    def feed(self, pcm: Pcm) -> bool:
        """Whether it is open at the end of ``pcm`` (int16, 16 kHz, some hundredths of a second)."""
        seconds = len(pcm) / RATE
        self._now += seconds
        samples = pcm.astype(np.float32)
        power = float(np.dot(samples, samples)) / max(1, len(pcm))
        if power > max(_LEAST, self._floor() * _RISE):
            self._open_until = self._now + _HOLD_S
        share = min(1.0, seconds / _SMOOTH_S)
        self._smooth += (power - self._smooth) * share
        self._remember()
        return self._now < self._open_until

    def _floor(self) -> float:
        return self._lately[0][1] if self._lately else 0.0

    def _remember(self) -> None:
        """Keep the least powers of the last seconds, rising from the left: the first is the least of all."""
        while self._lately and self._lately[-1][1] >= self._smooth:
            self._lately.pop()
        self._lately.append((self._now, self._smooth))
        while self._lately[0][0] < self._now - _FLOOR_S:
            self._lately.popleft()
