"""Sound in which nobody can have spoken, as it never changes: silence, hum, hiss.

Recognisers were trained on speech and find a "you" in anything.
"""

from typing import Final

import numpy as np

from edge.chunk import RATE, Pcm

_FRAME: Final = RATE * 30 // 1000
_RISE: Final = 10 ** (3 / 10)
"""The power of the loudest frame of speech, even in as much noise, is more than 3 dB over the usual one."""
_SILENCE: Final = 4.0
"""Power (int16 units squared) of rounding and dither."""


def is_steady(pcm: Pcm) -> bool:
    """Whether ``pcm`` (int16, 16 kHz) is as loud all the time."""
    whole = len(pcm) // _FRAME * _FRAME
    if whole < _FRAME * 2:
        return True
    frames = pcm[:whole].astype(np.float64).reshape(-1, _FRAME)
    powers = np.var(frames, axis=1)
    return float(powers.max()) <= max(_SILENCE, float(np.median(powers)) * _RISE)
