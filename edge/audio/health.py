"""Whether what a microphone delivers can be sound at all: it is dead, or far too loud.

Pure: fed with chunks as the device gave them, before anything is taken out.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np

from edge.chunk import CHUNK_SECONDS, Pcm

SILENT_S: Final = 3.0
"""A microphone that gives the same sample for so long is dead: even the quietest room moves the last bit."""
_CLIPPED_SHARE: Final = 0.01
"""A chunk with more of its samples at full scale is clipped. A single click is not."""
_TOO_LOUD_S: Final = 0.5
"""So much clipped sound is too much …"""
_FORGETS: Final = 0.01
"""… within about 50 s: each second that is not clipped makes up for so many that were."""
_FULL_SCALE: Final = 32767
_QUIETEST: Final = 1e-3


class Symptom(Enum):
    """What changed."""

    DIED = "died"
    """Every sample has been the same for 3 s."""
    REVIVED = "revived"
    """It moves again."""
    TOO_LOUD = "too_loud"
    """Speech hits the limit of what the microphone can express."""


class Health:
    """Follows one microphone. Each symptom is told when it appears, and again only after it had gone."""

    def __init__(self) -> None:
        self._still_s = 0.0
        self._value: int | None = None
        self._clipped_s = 0.0
        self._told = False

    def feed(self, pcm: Pcm) -> Symptom | None:
        """``pcm``: int16, shape (320,), the next 20 ms."""
        low, high = int(pcm.min()), int(pcm.max())
        if low == high:
            return self._still(low)
        was_dead, self._still_s, self._value = self._still_s >= SILENT_S, 0.0, None
        if was_dead:
            return Symptom.REVIVED
        return self._loud(high >= _FULL_SCALE or low < -_FULL_SCALE, pcm)

    def _still(self, value: int) -> Symptom | None:
        before = self._still_s if value == self._value else 0.0
        self._value = value
        self._still_s = before + CHUNK_SECONDS
        return Symptom.DIED if before < SILENT_S <= self._still_s else None

    def _loud(self, touches: bool, pcm: Pcm) -> Symptom | None:
        """``touches``: whether any sample is at full scale."""
        if not touches or clipped_share(pcm) <= _CLIPPED_SHARE:
            self._clipped_s = max(0.0, self._clipped_s - _FORGETS * CHUNK_SECONDS)
            self._told = self._told and self._clipped_s > 0.0
            return None
        self._clipped_s = min(_TOO_LOUD_S, self._clipped_s + CHUNK_SECONDS)
        if self._told or self._clipped_s < _TOO_LOUD_S:
            return None
        self._told = True
        return Symptom.TOO_LOUD


@dataclass(frozen=True, slots=True)
class Reading:
    """What a stretch of sound measures."""

    level_dbfs: float
    """Root mean square without the offset, dB below a full-scale square wave; −90 and less is nothing."""
    offset: float
    """Mean as a share of full scale, −1 to 1."""
    clipped: float
    """Share of samples at full scale, 0–1."""
    still: bool
    """Every sample is the same."""


def read(pcm: Pcm) -> Reading:
    """Measure ``pcm``, int16, at least one sample."""
    samples = pcm.astype(np.float64) / (_FULL_SCALE + 1)
    level = 20 * np.log10(max(float(samples.std()), _QUIETEST / _FULL_SCALE))
    return Reading(float(level), float(samples.mean()), clipped_share(pcm), int(pcm.min()) == int(pcm.max()))


def clipped_share(pcm: Pcm) -> float:
    """The share of samples at full scale, 0–1. ``pcm``: int16, at least one sample."""
    return float(np.count_nonzero((pcm >= _FULL_SCALE) | (pcm <= -_FULL_SCALE)) / len(pcm))
