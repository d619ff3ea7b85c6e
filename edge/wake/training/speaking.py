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
_HIGHEST_FLOOR_DB: Final = -18.0
_ABOVE_NOISE_DB: Final = 12.0


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
    """``sound`` from its first to its last frame of 10 ms that stands out of the quiet or noise around it."""
    frames = sound[: len(sound) // _EDGE * _EDGE].reshape(-1, _EDGE)
    if len(frames) == 0:
        return sound
    power = np.mean(np.square(frames), axis=1)
    loudest = power.max()
    # Where no tenth of it is quiet, it is all word, and only what is far below the loudest is not.
    floor = min(np.percentile(power, 10) * 10 ** (_ABOVE_NOISE_DB / 10), loudest * 10 ** (_HIGHEST_FLOOR_DB / 10))
    loud = np.flatnonzero(power > max(floor, loudest * 10 ** (_SILENT_DB / 10)))
    return sound[loud[0] * _EDGE : (loud[-1] + 1) * _EDGE] if len(loud) else sound[:0]


def loudest(sound: Samples, seconds: float) -> Samples:
    """The ``seconds`` of ``sound`` that hold the most energy: the word, where noise keeps it from being trimmed."""
    length = round(seconds * RATE)
    if len(sound) <= length:
        return sound
    energy = np.concatenate([[0.0], np.cumsum(np.square(sound, dtype=np.float64))])
    start = int(np.argmax(energy[length:] - energy[:-length]))
    return sound[start : start + length]
