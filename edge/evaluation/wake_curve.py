"""What each threshold of a wake word gives, second opinion included: the curves that the settings page shows.

The engine hears every recording once. Its scores are then taken through the product's own watch at each threshold, so
that refractory time, verification and its second looks count as they do at home.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from edge.chunk import CHUNK_SAMPLES, CHUNK_SECONDS, RATE, AudioChunk, Pcm
from edge.engines import wake_engine, wake_rules
from edge.evaluation.clips import Clip, EvaluationError, clips
from edge.evaluation.wake import Progress, label_of, others
from edge.ports import WakeEngine, WakeWord
from edge.settings import Settings
from edge.wake.detector import Detector
from edge.wake.verify import Verifier
from edge.wake.watch import Watch

THRESHOLDS: Final = (0.02, *(n / 20 for n in range(1, 20)), 0.97, 0.98, 0.99)
_QUIET_S: Final = 2.0
"""Around each clip of the word: many begin within 40 ms, which no microphone would have missed the start of."""
_GAP_S: Final = 1.0
"""Between the others, so that no word runs into the next. Not counted as sound."""


@dataclass(frozen=True, slots=True)
class Point:
    """One threshold."""

    threshold: float
    recall: float | None
    """Share of the clips that woke; None: there are none of this word."""
    false_accepts_per_hour: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One word's curve."""

    word: str
    verified: bool
    """With the second opinion."""
    usual: float
    """The threshold that holds where the settings say none."""
    clips: int
    """Recordings of the word."""
    hours: float
    """Of other sound."""
    points: tuple[Point, ...]


def measure(settings: Settings, data: Path, word: str, on_progress: Progress) -> list[Measured]:
    """The curves of ``word``, alone and, where there is a second opinion on it, with that. Raises EvaluationError."""
    settings = settings.model_copy(update={"wake": settings.wake.model_copy(update={"words": (word,), "verify": True})})
    label = label_of(word)
    rest = others(data, label)
    try:
        said = clips(data, "wake", None, word=label)
    except EvaluationError:
        said = []  # of most words there are no recordings; false accepts are measured all the same
    rules = wake_rules(settings)
    engine = wake_engine(settings)
    try:
        known = engine.words
        name = next(iter(known))
        takes = [_Take.of(engine, name, [clip], _QUIET_S) for clip in _counted(said, len(rest), 0, on_progress)]
        stream = _Take.of(engine, name, list(_counted(rest, len(said), len(said), on_progress)), _GAP_S / 2)
    finally:
        engine.close()
    verifier = rules.second() if rules.second is not None else None
    hours = sum(clip.seconds for clip in rest) / 3600
    found = []
    for second in [None, verifier] if verifier is not None and name in verifier.words else [None]:
        usual = known[name].threshold if second is None else second.first_thresholds.get(name, known[name].threshold)

        def point(threshold: float, second: Verifier | None = second) -> Point:
            def wakes(take: _Take) -> int:
                return take.wakes(known, threshold, rules.refractory_s, second)

            recall = float(np.mean([wakes(take) > 0 for take in takes])) if takes else None
            return Point(threshold, recall, wakes(stream) / hours)

        points = tuple(point(threshold) for threshold in sorted({*THRESHOLDS, usual}))
        found.append(Measured(name, second is not None, usual, len(takes), hours, points))
    return found


def _counted(found: Sequence[Clip], more: int, before: int, on_progress: Progress) -> Iterator[Clip]:
    for number, clip in enumerate(found, before + 1):
        on_progress(number, len(found) + more)
        yield clip


@dataclass(frozen=True, slots=True)
class _Take:
    """Sound, and the score of each of its chunks."""

    chunks: tuple[AudioChunk, ...]
    scores: tuple[float | None, ...]

    @classmethod
    def of(cls, engine: WakeEngine, word: str, heard: Sequence[Clip], quiet_s: float) -> "_Take":
        engine.reset()
        quiet = np.zeros(round(quiet_s * RATE), np.int16)
        sound: Pcm = np.concatenate([part for clip in heard for part in (quiet, clip.sound(), quiet)])
        sound = sound[: len(sound) // CHUNK_SAMPLES * CHUNK_SAMPLES].reshape(-1, CHUNK_SAMPLES)
        chunks = tuple(AudioChunk(pcm, number * CHUNK_SECONDS) for number, pcm in enumerate(sound))
        return cls(chunks, tuple(engine.score(chunk.pcm).get(word) for chunk in chunks))

    def wakes(
        self, words: Mapping[str, WakeWord], threshold: float, refractory_s: float, verifier: Verifier | None
    ) -> int:
        """How often it wakes at that threshold."""
        watch = Watch(_Replayed(words, self.scores), Detector(dict.fromkeys(words, threshold), refractory_s), verifier)
        return sum(watch.feed(chunk) is not None for chunk in self.chunks)


class _Replayed:
    """A wake engine that says again what another one has said."""

    def __init__(self, words: Mapping[str, WakeWord], scores: Sequence[float | None]) -> None:
        self._words, self._all, self._scores = words, scores, iter(scores)

    @property
    def words(self) -> Mapping[str, WakeWord]:
        return self._words

    def score(self, pcm: Pcm) -> Mapping[str, float]:
        score = next(self._scores)
        return {} if score is None else dict.fromkeys(self._words, score)

    def reset(self) -> None:
        self._scores = iter(self._all)

    def close(self) -> None:
        return
