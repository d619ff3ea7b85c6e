"""What is said of a handful of measurements."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_MANY = 100.0
"""From here on a number has three digits before its point."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle and the bad end of some measurements, all in one unit."""

    p50: float
    p95: float
    """Both with linear interpolation between the nearest ranks."""
    values: tuple[float, ...] = ()
    """The measurements themselves, in the order in which they were taken."""


def spread(values: Sequence[float]) -> Spread | None:
    """None when there is nothing to say anything of."""
    if not values:
        return None
    return Spread(float(np.percentile(values, 50)), float(np.percentile(values, 95)), tuple(values))


def ratio(ours: float | None, peers: float | None) -> float | None:
    """``ours`` in multiples of ``peers``; None where either was not measured or the peer's is nothing."""
    if ours is None or not peers:
        return None
    return ours / peers


def amount(value: float) -> str:
    """Three digits that count, for people."""
    return f"{value:.0f}" if abs(value) >= _MANY else f"{value:.3g}"
