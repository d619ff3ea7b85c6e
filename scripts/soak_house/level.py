"""Whether a figure stays level: a line through it, and how far its slope may be off."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

_QUANTILES: Final = (
    12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.10, 2.09,
    2.09, 2.08, 2.07, 2.07, 2.06, 2.06, 2.06, 2.05, 2.05, 2.05, 2.04,
)  # fmt: skip
"""Of Student's distribution, two-sided 95 %, by degrees of freedom from 1: NIST/SEMATECH e-Handbook, 1.3.6.7.2."""
_NORMAL: Final = 1.96
_FEWEST: Final = 3


@dataclass(frozen=True, slots=True)
class Slope:
    """Of a straight line by least squares, a simulated hour."""

    per_hour: float
    bound: float
    """Half of the interval that holds the true slope with 95 %, where the deviations are independent."""
    first: float
    """The line at the first hour that counts."""
    last: float

    @property
    def is_level(self) -> bool:
        """Whether it may as well be none."""
        return abs(self.per_hour) <= self.bound


def slope(hours: Sequence[float], values: Sequence[float]) -> Slope | None:
    """None for fewer than three points."""
    n = len(hours)
    if n < _FEWEST:
        return None
    x, y = np.asarray(hours, float), np.asarray(values, float)
    rise, at_zero = np.polyfit(x, y, 1)
    left = y - (rise * x + at_zero)
    spread = math.sqrt(float(left @ left) / (n - 2) / float(((x - x.mean()) ** 2).sum()))
    quantile = _QUANTILES[n - 3] if n - 3 < len(_QUANTILES) else _NORMAL
    return Slope(float(rise), quantile * spread, float(rise * x[0] + at_zero), float(rise * x[-1] + at_zero))
