"""The level of an utterance, brought to what recognisers were trained on.

The level is that of the speech alone: the mean power of the frames in which somebody speaks (the idea of ITU-T P.56),
so that quiet around the words does not count.
"""

import math
from typing import Final

import numpy as np

from edge.chunk import RATE, Pcm

NOMINAL_DBFS: Final = -26.0
"""Of the speech; the level at which speech corpora are usually kept (ITU-T P.830)."""
_NEAR_DB: Final = 6.0
"""Nearer than this it is left as it is."""
_MOST_DB: Final = 40.0
"""What needs more holds no speech, or not one bit of it."""
_FRAME: Final = RATE * 20 // 1000
_ACTIVE: Final = 10 ** (-20 / 10)
"""A frame within 20 dB of the loudest holds speech."""
_FULL_SCALE: Final = 32768.0
_PEAK: Final = 0.97 * _FULL_SCALE


def levelled(pcm: Pcm) -> Pcm:
    """``pcm`` (int16, 16 kHz, one utterance) with its speech near −26 dBFS and nothing of it clipped."""
    gain = gain_db(pcm)
    if gain == 0.0:
        return pcm
    samples = pcm.astype(np.float32) * np.float32(10 ** (gain / 20))
    louder: Pcm = np.round(samples).clip(-_PEAK, _PEAK).astype(np.int16)
    return louder


def gain_db(pcm: Pcm) -> float:
    """What the utterance lacks to the nominal level, dB; less where its peaks would be clipped, 0 where it is near."""
    level = speech_dbfs(pcm)
    if level is None or abs(NOMINAL_DBFS - level) < _NEAR_DB:
        return 0.0
    peak = float(np.abs(pcm.astype(np.int32)).max())
    return min(NOMINAL_DBFS - level, 20 * math.log10(_PEAK / peak), _MOST_DB)


def speech_dbfs(pcm: Pcm) -> float | None:
    """The level of the speech in ``pcm``, dB below a full-scale square wave; None where every sample is 0."""
    whole = len(pcm) // _FRAME * _FRAME
    frames = pcm[:whole].astype(np.float64).reshape(-1, _FRAME) / _FULL_SCALE
    powers = np.mean(np.square(frames), axis=1)
    loudest = float(powers.max(initial=0.0))
    return float(10 * np.log10(powers[powers >= loudest * _ACTIVE].mean())) if loudest else None
