"""WebRTC's noise suppressor: a Wiener filter on a running estimate of the noise.

Source: https://webrtc.googlesource.com/src, modules/audio_processing/ns, through ``pywebrtc-audio``.
"""

import importlib
from pathlib import Path
from typing import Any, Final

from edge.chunk import RATE, Pcm
from edge.errors import SettingsError

_LEVEL: Final = 1
"""Of 0 to 3, for 6, 12, 18 or 21 dB at most. More makes whispers of consonants."""
_DELAY: Final = 96
"""Overlap of its 16 ms windows, samples."""


class WebrtcDenoiser:
    """A quarter of a percent of a core."""

    def __init__(self, suppressor: Any) -> None:
        """``suppressor``: a ``pywebrtc_audio.NoiseSuppressor``."""
        self._suppressor = suppressor

    @property
    def delay(self) -> int:
        """6 ms."""
        return _DELAY

    def denoise(self, pcm: Pcm) -> Pcm:
        """``pcm``: int16, 16 kHz, a multiple of 160 samples."""
        clean: Pcm = self._suppressor.process(pcm)
        return clean

    def reset(self) -> None:
        """Forget the noise."""
        self._suppressor.reset()

    def close(self) -> None:
        """Nothing to free beyond what the suppressor frees itself."""


def build(models: Path) -> WebrtcDenoiser:
    """``models`` is not needed. Raises SettingsError where the package is missing."""
    try:
        library = importlib.import_module("pywebrtc_audio")
    except ImportError:
        raise SettingsError(
            "audio.denoise is webrtc, which is not installed", "pip install hearthside[denoise]", permanent=True
        ) from None
    return WebrtcDenoiser(library.NoiseSuppressor(RATE, 1, _LEVEL))
