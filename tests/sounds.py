"""Sound for tests."""

from collections.abc import Callable

import numpy as np

from edge.chunk import RATE, Pcm

Say = Callable[[str], Pcm]
"""Speaks a sentence: int16, 16 kHz, mono."""


def quiet(seconds: float, level: float = 8.0) -> Pcm:
    """A quiet room: int16 noise of ``level`` root mean square."""
    return np.random.default_rng(0).normal(0.0, level, round(seconds * RATE)).astype(np.int16)
