"""Recordings of a wake word against its model: which would wake, and which threshold that speaks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edge.chunk import CHUNK_SAMPLES, RATE, Pcm
from edge.ports import WakeEngine
from edge.wake.curves import Curve

_QUIET_S: Final = 2.0
"""Around a recording: many begin with the word."""
_FEWEST: Final = 3
"""Recordings from which something can be said."""
_MISSED: Final = 0.1
"""Of many recordings, some are always bad: so many may stay below the threshold."""
_BELOW: Final = 0.9
"""The next one may be a little less clear than the worst."""
_MOST_PER_HOUR: Final = 0.5
"""False accepts that a house puts up with."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A threshold for a person's own voice."""

    threshold: float
    wakes: int
    """Of the recordings."""
    false_accepts_per_hour: float | None
    """As the curve says; None: there is none."""
    certain: bool
    """Whether enough of the recordings wake, and false accepts stay seldom; else the two can't be had together."""


def peak(engine: WakeEngine, word: str, pcm: Pcm) -> float:
    """The highest score of ``word`` in ``pcm`` (int16, 16 kHz), 0–1."""
    engine.reset()
    quiet = np.zeros(round(_QUIET_S * RATE), np.int16)
    sound = np.concatenate([quiet, pcm, quiet])
    sound = sound[: len(sound) // CHUNK_SAMPLES * CHUNK_SAMPLES]
    scores = (engine.score(chunk).get(word, 0.0) for chunk in sound.reshape(-1, CHUNK_SAMPLES))
    return max(scores, default=0.0)


def suggestion(peaks: Sequence[float], curve: Curve | None) -> Suggestion | None:
    """What the ``peaks`` of somebody's recordings speak for; None where they are too few.

    As high as nearly all of them allow, and at least so high that false accepts are seldom.
    """
    if len(peaks) < _FEWEST:
        return None
    worst = sorted(peaks)[int(len(peaks) * _MISSED)]
    enough = _enough(curve)
    threshold = round(max(worst * _BELOW, enough), 3)
    wakes = sum(peak > threshold for peak in peaks)
    false_accepts = _at(curve, threshold)
    return Suggestion(threshold, wakes, false_accepts, wakes >= len(peaks) * (1 - _MISSED))


def _enough(curve: Curve | None) -> float:
    """The lowest threshold with few enough false accepts."""
    points = curve.points if curve is not None else ()
    return next((point.threshold for point in points if point.false_accepts_per_hour <= _MOST_PER_HOUR), 0.0)


def _at(curve: Curve | None, threshold: float) -> float | None:
    below = [point for point in curve.points if point.threshold <= threshold] if curve is not None else []
    return below[-1].false_accepts_per_hour if below else None
