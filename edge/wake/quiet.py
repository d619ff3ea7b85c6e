"""No work in a quiet room: while nothing is to be heard, a wake engine sleeps.

The room is quiet while it is both soft and no louder than it has been. When it no longer is, the engine first gets the
sound from just before, so that no word loses its beginning, and its state is what it would be after that much quiet.
Noise that is not soft keeps the engine awake: a word may be hidden in it.
"""

from collections import deque
from collections.abc import Mapping
from typing import Final

import numpy as np

from edge.chunk import RATE, Pcm
from edge.ports import WakeEngine, WakeWord

_SOFT: Final = 150.0
"""Root mean square, int16 units (−47 dB of full scale): above it nothing counts as quiet."""
_RISE: Final = 1.6
"""Louder than the room has been by this factor (4 dB), something is to be heard."""
_DIGITAL: Final = 3.0
"""Below this there is nothing but the converter's last bit."""
_RECOVERY_PER_S: Final = 1.25
"""How fast what counts as the room's own loudness rises, as a factor in a second, when the room gets louder."""
_HANG_S: Final = 1.0
"""Awake for this long after the last sound."""
_LEAD_S: Final = 1.0
"""Sound from before that the engine hears when it wakes."""
_START_S: Final = 2.0
"""Awake at first: the room's loudness is not yet known, and features adapt to the microphone."""


class Loudness:
    """Whether anything is to be heard. Pure: piece after piece of sound in, yes or no out."""

    def __init__(self) -> None:
        self._room = float("inf")
        self._awake_s = _START_S

    def stirs(self, pcm: Pcm) -> bool:
        """``pcm``: the next int16 samples, 16 kHz."""
        seconds = len(pcm) / RATE
        level = max(_level(pcm), _DIGITAL)
        self._room = min(level, self._room * _RECOVERY_PER_S**seconds)
        if level > _SOFT or level > self._room * _RISE:
            self._awake_s = _HANG_S
            return True
        self._awake_s -= seconds
        return self._awake_s > 0


class DozingEngine:
    """A wake engine that sleeps while the room is quiet."""

    def __init__(self, engine: WakeEngine) -> None:
        self._engine = engine
        self._loudness: Loudness
        self._missed: deque[Pcm]
        self._missed_samples: int
        self._begin()

    @property
    def words(self) -> Mapping[str, WakeWord]:
        """Those of the engine."""
        return self._engine.words

    def score(self, pcm: Pcm) -> Mapping[str, float]:
        """As the engine; in quiet, no scores."""
        if not self._loudness.stirs(pcm):
            self._miss(pcm)
            return {}
        if not self._missed:
            return self._engine.score(pcm)
        heard = np.concatenate([*self._missed, pcm])
        self._missed.clear()
        self._missed_samples = 0
        return self._engine.score(heard)

    def reset(self) -> None:
        """Forget the stream."""
        self._engine.reset()
        self._begin()

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()

    def _begin(self) -> None:
        self._loudness, self._missed, self._missed_samples = Loudness(), deque(), 0

    def _miss(self, pcm: Pcm) -> None:
        self._missed.append(pcm)
        self._missed_samples += len(pcm)
        while self._missed_samples - len(self._missed[0]) >= _LEAD_S * RATE:
            self._missed_samples -= len(self._missed.popleft())


def _level(pcm: Pcm) -> float:
    """Root mean square about the mean: a microphone's constant offset is no sound."""
    samples = pcm.astype(np.float32)
    samples -= samples.mean()
    return float(np.sqrt(np.dot(samples, samples) / max(1, len(samples))))
