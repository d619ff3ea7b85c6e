"""The sound of something that is due: two soft bell tones, a fifth apart."""

import functools
from typing import Final

import numpy as np

from edge.chunk import Pcm

_TONES: Final = ((0.0, 659.26), (0.28, 987.77))
"""Onset in seconds and pitch in hertz: E5, B5."""
_PARTIALS: Final = ((1.0, 1.0, 2.2), (2.0, 0.35, 4.0), (3.01, 0.12, 7.0))
"""Multiple of the pitch, strength, and how fast it fades (per second), of a struck metal bar."""
_ATTACK_S: Final = 0.008
_LENGTH_S: Final = 1.6
_RELEASE_S: Final = 0.2
_LOUDNESS: Final = 0.4
"""Of full scale, at the loudest sample."""


@functools.lru_cache(maxsize=4)
def chime(rate: int) -> Pcm:
    """One ring: int16, mono, ``rate`` samples a second, 1.6 s."""
    time = np.arange(int(_LENGTH_S * rate)) / rate
    sound = np.zeros_like(time)
    for onset, pitch in _TONES:
        since = np.clip(time - onset, 0.0, None)
        attack = np.clip(since / _ATTACK_S, 0.0, 1.0)
        for multiple, strength, fade in _PARTIALS:
            sound += attack * strength * np.exp(-fade * since) * np.sin(2 * np.pi * pitch * multiple * since)
    sound *= np.clip((_LENGTH_S - time) / _RELEASE_S, 0.0, 1.0)
    pcm: Pcm = np.rint(sound / np.abs(sound).max() * _LOUDNESS * 32767).astype(np.int16)
    return pcm
