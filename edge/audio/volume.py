"""The volume of the answer, lowered for a moment without a click."""

import time
from collections.abc import Callable
from typing import Final

import numpy as np

from edge.chunk import Pcm

DUCKED: Final = 10 ** (-15 / 20)
"""15 dB down: still heard, and no longer in the way of a voice across the room."""
_FOR_S: Final = 1.0
"""Longer than a wake word takes to be sure of. Speech that goes on keeps it down."""
_RAMP_S: Final = 0.02
"""A sudden change clicks."""


class Volume:
    """1 most of the time."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._ducked_until = 0.0
        self._gain = 1.0

    def duck(self) -> None:
        """Low from now on for a second. From any thread."""
        self._ducked_until = self._now() + _FOR_S

    def applied(self, pcm: Pcm, rate: int) -> Pcm:
        """The next ``pcm`` (int16, ``rate`` samples a second) as it should sound."""
        wanted = DUCKED if self._now() < self._ducked_until else 1.0
        if self._gain == wanted == 1.0 or not len(pcm):
            return pcm
        # The same in dB for each sample, up or down.
        steps = np.arange(1, len(pcm) + 1) / (rate * _RAMP_S) * -np.log(DUCKED)
        change = np.minimum(steps, abs(np.log(wanted / self._gain))) * np.sign(wanted - self._gain)
        gains = self._gain * np.exp(change)
        self._gain = wanted if np.isclose(gains[-1], wanted) else float(gains[-1])
        softer: Pcm = np.round(pcm * gains).astype(np.int16)
        return softer
