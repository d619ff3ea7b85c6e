"""What the loudspeaker plays, kept by the time at which it is heard, so that it can be found in the microphone."""

import threading
from typing import Final

import numpy as np
import soxr

from edge.chunk import RATE, Pcm

_KEPT: Final = 2 * RATE
"""Samples: the longest delay of a loudspeaker and a microphone together, and some."""
_JUMP_S: Final = 0.03
"""A loudspeaker's time that is off by less is jitter of its driver, as its sound has no gaps."""


class Reference:
    """Written in the loudspeaker's thread, read in the microphone's."""

    def __init__(self) -> None:
        self._kept: Pcm = np.zeros(_KEPT, np.int16)
        self._end = 0
        self._lock = threading.Lock()

    def at(self, time: float, samples: int) -> Pcm:
        """``samples`` at 16 kHz from the monotonic ``time`` on; zero where nothing was played."""
        begin = round(time * RATE)
        found: Pcm = np.zeros(samples, np.int16)
        with self._lock:
            first, last = max(begin, self._end - _KEPT), min(begin + samples, self._end)
            if first < last:
                found[first - begin : last - begin] = self._kept[np.arange(first, last) % _KEPT]
        return found

    def write(self, pcm: Pcm, begin: int) -> None:
        """``pcm``: int16, 16 kHz, heard from the sample number ``begin`` on, counted from time 0."""
        with self._lock:
            gap = np.arange(max(self._end, begin - _KEPT), begin)
            self._kept[gap % _KEPT] = 0
            self._kept[np.arange(begin, begin + len(pcm)) % _KEPT] = pcm
            self._end = begin + len(pcm)


class Track:
    """One run of a loudspeaker, from opening it to closing it. What it plays has no gaps."""

    def __init__(self, reference: Reference, rate: int) -> None:
        """``rate``: samples per second of what it plays."""
        self._reference, self._rate = reference, rate
        self._resampler = None if rate == RATE else soxr.ResampleStream(rate, RATE, 1, dtype="int16", quality="LQ")
        self._began: float | None = None
        self._taken = 0
        self._given = 0

    def write(self, block: Pcm, heard_at: float) -> None:
        """``block``: int16, shape (n,), the first sample of which is heard at the monotonic time ``heard_at``."""
        began = heard_at - self._taken / self._rate
        if self._began is None or abs(began - self._began) > _JUMP_S:
            self._began = began
        self._taken += len(block)
        pcm = block if self._resampler is None else self._resampler.resample_chunk(np.ascontiguousarray(block))
        self._reference.write(pcm, round(self._began * RATE) + self._given)
        self._given += len(pcm)
