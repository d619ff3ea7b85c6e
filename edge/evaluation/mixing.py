"""Noise under speech at a given ratio, the same for the same seed.

The ratio is of the speech's active level, the mean power of the frames in which somebody speaks (the idea of ITU-T
P.56), so that quiet around the words does not make the noise softer.
"""

import zlib
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from edge.audio.wavfile import read_recording
from edge.chunk import RATE, Pcm

_FRAME: Final = RATE * 30 // 1000
_ACTIVE: Final = 10 ** (-25 / 10)
"""A frame within 25 dB of the loudest holds speech."""
_PEAK: Final = 32000.0

Samples = npt.NDArray[np.float64]


class Noise:
    """One recording of noise, laid under clips."""

    def __init__(self, path: Path, snr_db: float, seed: int) -> None:
        """``snr_db``: speech over noise, dB; ``seed`` decides which stretch of the noise a clip gets."""
        self._noise = read_recording(path).astype(np.float64)
        self._snr_db, self._seed = snr_db, seed

    def under(self, pcm: Pcm, clip: str) -> Pcm:
        """``pcm`` (int16, 16 kHz) with noise from its first sample to its last. ``clip``: its name, with the seed
        the only source of chance. Softer as a whole where the sum would not fit int16.
        """
        speech = pcm.astype(np.float64)
        chance = np.random.default_rng([self._seed, zlib.crc32(clip.encode())])
        start = int(chance.integers(len(self._noise)))
        noise = np.take(self._noise, np.arange(start, start + len(speech)), mode="wrap")
        power = float(np.mean(np.square(noise)))
        if power > 0:
            noise = noise * np.sqrt(active_power(pcm) / power / 10 ** (self._snr_db / 10))
        mixed = speech + noise
        loudest = float(np.max(np.abs(mixed), initial=0.0))
        fitted: Pcm = np.round(mixed * min(1.0, _PEAK / loudest) if loudest else mixed).astype(np.int16)
        return fitted


def active_power(pcm: Pcm) -> float:
    """Mean power (int16 units squared) of the frames of ``pcm`` in which somebody speaks."""
    whole = len(pcm) // _FRAME * _FRAME
    if whole == 0:
        return float(np.mean(np.square(pcm.astype(np.float64)))) if len(pcm) else 0.0
    frames = pcm[:whole].astype(np.float64).reshape(-1, _FRAME)
    powers = np.mean(np.square(frames), axis=1)
    return float(np.mean(powers[powers >= powers.max() * _ACTIVE]))
