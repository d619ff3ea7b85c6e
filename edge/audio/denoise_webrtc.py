"""WebRTC's noise suppressor: a Wiener filter on a running estimate of the noise.

Source: https://webrtc.googlesource.com/src, modules/audio_processing/ns, through ``pywebrtc-audio``.
"""

from pathlib import Path
from typing import Final

from pywebrtc_audio import NoiseSuppressor

from edge.chunk import RATE, Pcm

_LEVEL: Final = 1
"""12 dB at most. More makes whispers of consonants."""
_DELAY: Final = 96
"""Overlap of its 16 ms windows, samples."""


class WebrtcDenoiser:
    """About 0.1 % of a core."""

    def __init__(self, level: int = _LEVEL) -> None:
        """``level``: 0 to 3, for 6, 12, 18 or 21 dB at most."""
        self._suppressor = NoiseSuppressor(RATE, 1, level)

    @property
    def delay(self) -> int:
        """6 ms."""
        return _DELAY

    def denoise(self, pcm: Pcm) -> Pcm:
        """``pcm``: int16, 16 kHz, a multiple of 160 samples."""
        return self._suppressor.process(pcm)

    def reset(self) -> None:
        """Forget the noise."""
        self._suppressor.reset()

    def close(self) -> None:
        """Nothing to free beyond what the suppressor frees itself."""


def build(models: Path) -> WebrtcDenoiser:
    """``models`` is not needed."""
    return WebrtcDenoiser()
