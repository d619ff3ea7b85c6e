"""Where the command's sound begins: just after the wake word, with no syllable of either lost or kept too many.

A model is sure of its word only some time after the word's end. When the person paused, what was heard since is quiet,
and the command has not begun. When they did not, it has, and begins about as long ago as the model lags.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from edge.chunk import CHUNK_SECONDS, AudioChunk, Pcm

RECENT_CHUNKS: Final = round(0.5 / CHUNK_SECONDS)
"""How much of the sound before the detection is looked at: long enough to hold the word's last vowel."""
_QUIET: Final = 0.1
"""Quiet is 20 dB below the loudest of it."""
_PAUSE_CHUNKS: Final = 2


def command_start(recent: Sequence[AudioChunk], lag_s: float) -> float:
    """Time from which on to listen, in seconds. ``recent``: the chunks up to the detection, the newest last."""
    at = recent[-1].end
    loudness = [_rms(chunk.pcm) for chunk in recent]
    quiet = max(loudness) * _QUIET
    if all(level < quiet for level in loudness[-_PAUSE_CHUNKS:]):
        return at - _PAUSE_CHUNKS * CHUNK_SECONDS
    return at - lag_s


def _rms(pcm: Pcm) -> float:
    return float(np.sqrt(np.mean(np.square(pcm.astype(np.float32)))))
