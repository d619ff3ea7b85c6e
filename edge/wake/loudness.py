"""How loud a wake word was, over the noise of the room it was heard in: what tells the nearest of several assistants.

Computed once a wake, from the sound that is kept anyway: listening to a quiet room costs nothing more.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from edge.chunk import CHUNK_SECONDS, AudioChunk

KEPT_CHUNKS: Final = round(4.0 / CHUNK_SECONDS)
"""How much of the sound before the detection the room's noise is judged by."""
_WORD_CHUNKS: Final = round(1.2 / CHUNK_SECONDS)
"""In which the word was said, and the model became sure of it."""
_LOUDEST_CHUNKS: Final = round(0.3 / CHUNK_SECONDS)
"""The vowels of a word; its quiet sounds say little, and drown in noise first."""
_NOISE: Final = 10.0
"""Percentile: even who talks without a pause is silent for a tenth of the time."""
_DIGITAL: Final = 3.0
"""Root mean square in int16 units; a microphone that gates its noise is not infinitely good."""
_MOST_DB: Final = 60.0


def above_noise(recent: Sequence[AudioChunk]) -> float:
    """``recent``: the chunks up to the detection, the newest last. Returns dB, 0–60."""
    sound = np.stack([chunk.pcm for chunk in recent]).astype(np.float32)
    sound -= sound.mean(axis=1, keepdims=True)
    power = np.square(sound).mean(axis=1)
    word = np.sort(power[-_WORD_CHUNKS:])[-_LOUDEST_CHUNKS:].mean()
    noise = max(float(np.percentile(power, _NOISE)), _DIGITAL**2)
    return float(np.clip(10 * np.log10(max(float(word), 1e-9) / noise), 0.0, _MOST_DB))
