"""For whom a release is while it is rolled out by and by: each device draws its own lot, the same one each time.

A release that goes to more devices keeps those that had it, and the next release begins with others.
"""

import hashlib
from typing import Final

_ALL: Final = 2**64
ALL: Final = 100.0
"""Percent."""


def lot(device: str, what: str) -> float:
    """0 ≤ lot < 100, evenly over devices; another one for each ``what``, such as a release."""
    drawn = hashlib.sha256(f"{device}\0{what}".encode()).digest()[:8]
    return int.from_bytes(drawn) / _ALL * ALL


def drawn(device: str, what: str, percent: float) -> bool:
    """Whether ``device`` is among the first ``percent`` of all."""
    return lot(device, what) < percent
