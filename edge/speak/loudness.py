"""How loud the assistant's own voice is."""

from typing import Final

import numpy as np

from edge.chunk import Pcm

_RINGS: Final = 0.3
"""A voice may be silenced, an alarm not: what rings is at least so loud."""


class VoiceLoudness:
    """The one :class:`edge.ports.Loudness`. Changed on the event loop, and heard from the next sentence on."""

    def __init__(self) -> None:
        self._volume, self._muted = 1.0, False

    @property
    def volume(self) -> float:
        """0–1 of what the settings allow."""
        return self._volume

    @property
    def muted(self) -> bool:
        """Whether it is silent, whatever the volume."""
        return self._muted

    def set(self, volume: float, *, muted: bool) -> None:
        """``volume``: 0–1."""
        self._volume, self._muted = volume, muted

    def of_speech(self, pcm: Pcm) -> Pcm:
        """``pcm`` (int16) as loud as it should be."""
        return _at(pcm, 0.0 if self._muted else self._volume)

    def of_ringing(self, pcm: Pcm) -> Pcm:
        """The same for a sound that must be heard."""
        return _at(pcm, max(self._volume, _RINGS))


def _at(pcm: Pcm, volume: float) -> Pcm:
    if volume == 1.0:
        return pcm
    # Half the volume should sound half as loud: that takes about a quarter of the amplitude (12 dB).
    softer: Pcm = np.round(pcm * volume**2).astype(np.int16)
    return softer
