"""Watching for wake words: chunks of sound in, wakes out."""

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from edge.chunk import AudioChunk
from edge.ports import WakeEngine
from edge.wake.detector import Detection, Detector
from edge.wake.gauge import Gauge
from edge.wake.loudness import KEPT_CHUNKS, above_noise
from edge.wake.onset import RECENT_CHUNKS, command_start
from edge.wake.verify import Verifier

CHUNKS_AT_ONCE: Final = 3
"""Chunks that are waited for together: 60 ms, two steps of a microWakeWord model, so that a wake comes 20 ms later on
average and the thread wakes up a third as often."""
_RETRY_S: Final = 0.08
"""A word may still have been going on when it was refused, so it is looked at again as long as it scores."""


@dataclass(frozen=True, slots=True)
class Wake:
    """A wake word was said."""

    detection: Detection
    command_start: float
    """Time from which on to listen for the command, in seconds."""
    loudness_db: float
    """How loud the word was over the noise of the room, dB, 0–60."""


class Watch:
    """Follows one stream of sound."""

    def __init__(
        self, engine: WakeEngine, detector: Detector, verifier: Verifier | None = None, gauge: Gauge | None = None
    ) -> None:
        """``gauge`` shows what is heard, and how each word scores."""
        self._engine, self._detector, self._verifier = engine, detector, verifier
        self._gauge = gauge or Gauge()
        self._words = engine.words
        self._recent: deque[AudioChunk] = deque(maxlen=KEPT_CHUNKS)

    def feed(self, chunk: AudioChunk) -> Wake | None:
        """The next ``chunk``. Returns the wake that it completed, if any."""
        self._recent.append(chunk)
        scores = self._engine.score(chunk.pcm)
        self._gauge.note(chunk.pcm, scores)
        detection = self._detector.feed(scores, chunk.end)
        if detection is None:
            return None
        if not self._confirmed(detection):
            self._detector.refuse(detection, _RETRY_S)
            return None
        lag_s = self._words[detection.word].lag_s
        if self._verifier is not None:
            lag_s = max(0.0, lag_s - self._verifier.earlier_s(detection.word))
        recent = list(self._recent)
        return Wake(detection, command_start(recent[-RECENT_CHUNKS:], lag_s), above_noise(recent))

    def forget(self) -> None:
        """The stream begins anew."""
        self._engine.reset()
        self._recent.clear()

    def _confirmed(self, detection: Detection) -> bool:
        if self._verifier is None:
            return True
        return self._verifier.confirms(detection, np.concatenate([chunk.pcm for chunk in self._recent]))
