"""Blocks of whatever a device delivers, as 20 ms chunks at 16 kHz."""

import numpy as np
import soxr

from edge.chunk import CHUNK_SAMPLES, RATE, Pcm


class Framing:
    """Takes the first channel, resamples it where needed, and cuts it into chunks."""

    def __init__(self, rate: int) -> None:
        """``rate``: samples per second of what comes in."""
        self._resampler = None if rate == RATE else soxr.ResampleStream(rate, RATE, 1, dtype="int16", quality="HQ")
        self._rest: Pcm = np.zeros(0, np.int16)

    def feed(self, block: Pcm) -> list[Pcm]:
        """``block``: int16, shape (n, channels). Returns copies of shape (320,): all that are complete now."""
        # Of several microphones one is heard: their sum would cancel what arrives at them at different times.
        samples = block[:, 0]
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(np.ascontiguousarray(samples))
        elif len(samples) == CHUNK_SAMPLES and not len(self._rest):
            return [samples.copy()]
        samples = np.concatenate([self._rest, samples])
        whole = len(samples) - len(samples) % CHUNK_SAMPLES
        self._rest = samples[whole:]
        return [samples[begin : begin + CHUNK_SAMPLES] for begin in range(0, whole, CHUNK_SAMPLES)]
