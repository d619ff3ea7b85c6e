"""What a threshold costs: wake words missed below it, false accepts above it. And the choice of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edge.wake.embedding import Floats

_REFRACTORY_STEPS: Final = 12
_MARGIN: Final = 0.5
"""Added to the log-odds of the highest score that must not wake: what was held back is not all there is."""
_RANGE: Final = (0.5, 0.9999)


@dataclass(frozen=True, slots=True)
class Point:
    """One threshold."""

    threshold: float
    recall: float
    """Share of the words that woke."""
    false_accepts_per_hour: float


def curve(positives: Sequence[float], negatives: Sequence[float], hours: float) -> tuple[Point, ...]:
    """``positives``: the highest score of each word; ``negatives``: of each moment that could have woken in ``hours``
    of other sound. Returns a point at every score that changes something, thresholds rising.
    """
    words, others = np.sort(positives), np.sort(negatives)
    thresholds = np.unique(np.concatenate([[0.0], words, others]))
    missed = np.searchsorted(words, thresholds, side="right")
    accepted = len(others) - np.searchsorted(others, thresholds, side="right")
    recall = 1 - missed / max(1, len(words))
    return tuple(
        Point(float(t), float(r), float(a) / hours) for t, r, a in zip(thresholds, recall, accepted, strict=True)
    )


def choose(points: Sequence[Point], most_per_hour: float) -> float:
    """The lowest threshold of at most ``most_per_hour`` false accepts, and some more, within sense."""
    enough = next((point.threshold for point in points if point.false_accepts_per_hour <= most_per_hour), 1.0)
    odds = np.log(np.clip(enough, 1e-6, 1 - 1e-6) / (1 - np.clip(enough, 1e-6, 1 - 1e-6))) + _MARGIN
    return float(np.clip(1 / (1 + np.exp(-odds)), *_RANGE))


def at(points: Sequence[Point], threshold: float) -> Point:
    """What ``threshold`` gives."""
    below = [point for point in points if point.threshold <= threshold]
    return Point(threshold, below[-1].recall, below[-1].false_accepts_per_hour)


def peaks(scores: Floats) -> list[float]:
    """The highest of each stretch of ``scores`` (one a step) in which only one wake would be possible."""
    return [float(scores[at : at + _REFRACTORY_STEPS].max()) for at in range(0, len(scores), _REFRACTORY_STEPS)]
