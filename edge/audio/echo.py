"""Our own voice, taken out of what the microphone hears.

A partitioned frequency-domain Kalman filter learns how the room carries the loudspeaker's sound to the microphone,
and subtracts what must arrive. Only that: unlike the suppressors of telephony it leaves the person who talks into the
answer as they are, which is what a wake word needs.

Sources: Enzner and Vary, Frequency-domain adaptive Kalman filter for acoustic echo control in hands-free telephones,
Signal Processing 86, 2006; Kuech, Mabande and Enzner, State-space architecture of the partitioned-block-based acoustic
echo controller, ICASSP 2014 (the numbers below are of its equations).
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from edge.chunk import CHUNK_SAMPLES, CHUNK_SECONDS, Pcm

Floats = npt.NDArray[np.float32]
Spectra = npt.NDArray[np.complex64]

LENGTH_S: Final = 0.28
"""How long a sound may take from the reference to its last echo that is removed."""
_PARTITIONS: Final = round(LENGTH_S / CHUNK_SECONDS)
_WINDOW: Final = 2 * CHUNK_SAMPLES
_BINS: Final = CHUNK_SAMPLES + 1
_STAYS: Final = 0.9998
"""How much of a room is the same 20 ms later."""
_UNSURE: Final = 0.5
"""Variance of what is not known yet: the echo is hardly louder at the microphone than in the reference."""
_SMOOTHING: Final = 0.5
"""Of the power of what is left, from chunk to chunk."""
_LEAST: Final = 1e2
"""Power of a bin in a silent room, so that nothing is divided by zero."""
_MOST: Final = 32767.0


class EchoCanceller:
    """One microphone and one loudspeaker. Does nothing while the loudspeaker is quiet, and keeps what it learnt."""

    def __init__(self) -> None:
        self._before: Floats = np.zeros(CHUNK_SAMPLES, np.float32)
        self._played: Spectra = np.zeros((_PARTITIONS, _BINS), np.complex64)
        self._path: Spectra = np.zeros((_PARTITIONS, _BINS), np.complex64)
        # Late echoes are softer than early ones.
        fading = 10 ** (-60 / 10 * np.arange(_PARTITIONS) * CHUNK_SECONDS / LENGTH_S / 2)
        self._variance: Floats = np.tile(_UNSURE * fading[:, None], (1, _BINS)).astype(np.float32)
        self._left: Floats = np.zeros(_BINS, np.float32)
        self._sounding = 0

    @property
    def sounding(self) -> bool:
        """Whether an echo may be heard now."""
        return self._sounding > 0

    def cancel(self, heard: Pcm, played: Pcm) -> Pcm:
        """``heard``, ``played``: int16, shape (320,), 16 kHz, of the same 20 ms. Returns ``heard`` without the echo.

        An echo comes at the same time as what was played or later, by less than :data:`LENGTH_S`.
        """
        self._sounding = _PARTITIONS + 1 if played.any() else max(0, self._sounding - 1)
        if not self._sounding:
            return heard
        self._take(played)
        echo = np.fft.irfft((self._played * self._path).sum(axis=0), _WINDOW)[CHUNK_SAMPLES:]
        clean = (heard - echo).astype(np.float32)
        self._learn(clean)
        limited: Pcm = clean.round().clip(-_MOST, _MOST).astype(np.int16)
        return limited

    def _take(self, played: Pcm) -> None:
        now = played.astype(np.float32)
        self._played = np.roll(self._played, 1, axis=0)
        self._played[0] = np.fft.rfft(np.concatenate([self._before, now]))
        self._before = now

    def _learn(self, clean: Floats) -> None:
        """The Kalman step: as far as the path is unsure, and as little as somebody else is heard."""
        error = np.fft.rfft(np.concatenate([np.zeros(CHUNK_SAMPLES, np.float32), clean]))
        self._left = (_SMOOTHING * self._left + (1 - _SMOOTHING) * np.abs(error) ** 2).astype(np.float32, copy=False)
        power = np.abs(self._played) ** 2
        # Half of each window is zero, which halves what of the path shows in it (eq. 24).
        gain = self._variance / ((power * self._variance).sum(axis=0) / 2 + self._left + _LEAST)
        step = np.fft.irfft(gain * self._played.conj() * error, _WINDOW, axis=1)
        step[:, CHUNK_SAMPLES:] = 0.0
        self._path = (_STAYS * (self._path + np.fft.rfft(step, axis=1))).astype(np.complex64, copy=False)
        remaining = 1 - gain * power / 2
        self._variance = _STAYS**2 * remaining * self._variance + (1 - _STAYS**2) * np.abs(self._path) ** 2
