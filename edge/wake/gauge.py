"""What the wake engine hears at this moment and how near it is to a wake word, for whoever looks on.

Nobody does, most of the time: then it costs one comparison a chunk, in the wake thread.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np

from edge.chunk import Pcm

SPAN_CHUNKS: Final = 5
"""What a level is about: 100 ms."""
KEPT_CHUNKS: Final = 100
"""How far back a score is told to whoever was too busy to look: 2 s."""
_FULL_SCALE: Final = 32_768.0
_QUIETEST: Final = 1e-5
"""−100 dB, of full scale."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was heard lately."""

    level_db: float
    """Root mean square of the last 100 ms, dB of full scale, −100–0."""
    peak_db: float
    """The loudest sample, likewise."""
    scores: Mapping[str, float]
    """By wake word, the most that it was thought to be said since the last look, 0–1."""


class Gauge:
    """The wake thread notes, the event loop reads."""

    def __init__(self) -> None:
        self.thresholds: Mapping[str, float] = {}
        """By wake word, the score from which on it counts; empty before there is any sound."""
        self.count = 0
        """Chunks that were noted: it stands still while there is no sound."""
        self._watchers = 0
        self._last: deque[tuple[Pcm, Mapping[str, float]]] = deque(maxlen=KEPT_CHUNKS)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Somebody looks on until the block ends."""
        self._watchers += 1
        try:
            yield
        finally:
            self._watchers -= 1
            if not self._watchers:
                # Whoever looks next wants to know what is heard then.
                self._last.clear()

    def note(self, pcm: Pcm, scores: Mapping[str, float]) -> None:
        """A chunk and what the engine made of it."""
        if self._watchers:
            self._last.append((pcm, scores))
            self.count += 1

    def read(self, after: int) -> Reading | None:
        """What it is like now, for somebody who last looked at ``count`` ``after``; None before the first chunk.

        On a busy board looks come late and chunks in bursts: a score that was high in between is told all the same.
        """
        # Copied at once: the other thread goes on.
        last = tuple(self._last)
        if not last:
            return None
        sound = np.concatenate([pcm for pcm, _ in last[-SPAN_CHUNKS:]]).astype(np.float32) / _FULL_SCALE
        missed = last[-max(SPAN_CHUNKS, self.count - after) :]
        scores = {word: max(each.get(word, 0.0) for _, each in missed) for word in last[-1][1]}
        return Reading(_db(float(np.sqrt(np.square(sound).mean()))), _db(float(np.abs(sound).max())), scores)


def _db(amplitude: float) -> float:
    return 20 * float(np.log10(min(1.0, max(_QUIETEST, amplitude))))
