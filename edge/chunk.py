"""The unit of sound that travels through the runtime: 20 ms of 16 kHz mono."""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Pcm: TypeAlias = npt.NDArray[np.int16]
"""Mono samples, int16, shape (n,)."""

RATE: Final = 16_000
"""Samples per second of every chunk; sources resample to it."""
CHUNK_SAMPLES: Final = 320
"""Samples in one chunk."""
CHUNK_SECONDS: Final = CHUNK_SAMPLES / RATE
"""Length of one chunk: 0.02 s."""


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """20 ms of sound and the moment it began."""

    pcm: Pcm
    """int16, shape (320,), 16 kHz mono."""
    at: float
    """Time of its first sample in seconds: monotonic clock for a microphone, position for a recording."""

    @property
    def end(self) -> float:
        """Time just after its last sample, in seconds."""
        return self.at + CHUNK_SECONDS


class EndOfSound(Exception):
    """There is no more sound: the recording is over, or its reader was closed."""


class SoundCut(Exception):
    """The microphone was switched off: what comes next does not follow on what came before."""
