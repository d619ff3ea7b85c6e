"""Sound for tests."""

from collections.abc import Callable

import numpy as np
from rapidfuzz import fuzz, process

from edge.chunk import RATE, Pcm

Say = Callable[[str], Pcm]
"""Speaks a sentence: int16, 16 kHz, mono."""


Recognise = Callable[[Pcm, int], str]
"""Writes down what a sound (int16, mono, at so many samples a second) says."""

SENTENCES = (
    "The kitchen light is on.",
    "I can't reach the house right now.",
    "Shall I unlock the front door?",
    "It is a quarter past seven.",
)
"""What an assistant says. No voice is taken for another of them, however badly it is heard."""


def nearest(heard: str) -> str:
    """The one of ``SENTENCES`` that was heard: to the letter, each processor rounds to another text."""
    return process.extractOne(heard, SENTENCES, scorer=fuzz.ratio, processor=str.lower)[0]


def quiet(seconds: float, level: float = 8.0) -> Pcm:
    """A quiet room: int16 noise of ``level`` root mean square."""
    return np.random.default_rng(0).normal(0.0, level, round(seconds * RATE)).astype(np.int16)
