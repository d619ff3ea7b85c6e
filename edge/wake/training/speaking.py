"""Who speaks the examples: whatever can say a text in more than one way."""

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from edge.chunk import RATE

Samples = npt.NDArray[np.float32]
"""Sound while it is being made: float32, mono, 16 kHz, full scale ±1."""

_EDGE: Final = RATE // 100
_SILENT_DB: Final = -35.0


class Speaker(Protocol):
    """Says a text, differently each time."""

    def speak(self, text: str, chance: np.random.Generator) -> Samples:
        """Returns ``text`` spoken; empty when there is nothing to pronounce. ``chance`` decides how."""


class Choir:
    """Several speakers, each asked as often as its weight says."""

    def __init__(self, speakers: Sequence[tuple[Speaker, float]]) -> None:
        self._speakers = [speaker for speaker, _ in speakers]
        weights = np.array([weight for _, weight in speakers])
        self._weights = weights / weights.sum()

    def speak(self, text: str, chance: np.random.Generator) -> Samples:
        """One of them speaks."""
        return self._speakers[int(chance.choice(len(self._speakers), p=self._weights))].speak(text, chance)


def trimmed(sound: Samples) -> Samples:
    """``sound`` from its first to its last frame of 10 ms that is within 35 dB of the loudest."""
    frames = sound[: len(sound) // _EDGE * _EDGE].reshape(-1, _EDGE)
    if len(frames) == 0:
        return sound
    power = np.mean(np.square(frames), axis=1)
    loud = np.flatnonzero(power > power.max() * 10 ** (_SILENT_DB / 10))
    return sound[loud[0] * _EDGE : (loud[-1] + 1) * _EDGE] if len(loud) else sound[:0]
