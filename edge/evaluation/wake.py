"""How well a wake word wakes: recall on its clips, false accepts on everything else, by the product's own way."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from edge.chunk import CHUNK_SAMPLES, CHUNK_SECONDS, RATE, AudioChunk, Pcm
from edge.engines import wake_engine, wake_rules
from edge.evaluation.clips import Clip, EvaluationError, clips
from edge.evaluation.mixing import Noise
from edge.ports import WakeEngine, WakeWord
from edge.settings import Settings
from edge.wake.watch import Watch

_QUIET_S: Final = 2.0
"""Before and after each clip: many begin within 40 ms, which no microphone would have missed the start of."""
_GAP_S: Final = 1.0
"""Between clips of the negative stream, so that no word runs into the next. Not counted as sound."""
_THRESHOLDS: Final = 50
_NEGATIVES: Final[Sequence[tuple[str, dict[str, Any]]]] = (
    ("wake", {}),
    ("wake_negative", {}),
    ("barista", {}),
    ("commands", {"lang": "en"}),
)

Floats = npt.NDArray[np.float64]

Progress = Callable[[int, int], None]
"""Called with how many clips are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What another threshold would give, before verification."""

    threshold: float
    recall: float
    false_accepts_per_hour: float


@dataclass(frozen=True, slots=True)
class WakeResult:
    """Recall and false accepts."""

    recall: float
    """Share of the clips that woke, 0–1."""
    false_accepts: int
    """Wakes in everything else."""
    false_accepts_per_hour: float
    clips: int
    """Clips of the word."""
    negatives_hours: float
    """Length of everything else, without the quiet between."""
    curve: tuple[CurvePoint, ...]
    missed: tuple[str, ...]
    """Names of the clips that did not wake."""
    accepted: tuple[str, ...]
    """Names of the clips that woke and should not."""

    def as_json(self) -> dict[str, Any]:
        """The keys of ``hearth eval wake --json``."""
        return asdict(self)


def evaluate_wake(
    settings: Settings, data: Path, word: str, noise: Noise | None, limit: int | None, on_progress: Progress
) -> WakeResult:
    """``word``: one of the engine, as in ``wake.words``; clips whose label says the same are its positives.

    ``settings.wake`` decides engine, threshold and verification; only ``word`` is listened for. Raises
    EvaluationError, ModelError, SettingsError.
    """
    settings = settings.model_copy(update={"wake": settings.wake.model_copy(update={"words": (word,)})})
    label = label_of(word)
    positives, negatives = clips(data, "wake", limit, word=label), others(data, label)[:limit]
    return score(settings, positives, negatives, noise, on_progress)


def label_of(word: str) -> str:
    """The label of clips of ``word``: ``okay_nabu`` or ``/path/okay_nabu.onnx`` → "okay nabu"."""
    return Path(word).stem.replace("_", " ")


def others(data: Path, label: str) -> list[Clip]:
    """Everything in which ``label`` is not said: clips of other words, near misses, orders, English commands."""
    found: list[Clip] = []
    for task, labels in _NEGATIVES:
        found += [clip for clip in clips(data, task, None, **labels) if label not in str(clip.labels.get("word") or "")]
    return found


def score(
    settings: Settings,
    positives: Sequence[Clip],
    negatives: Sequence[Clip],
    noise: Noise | None,
    on_progress: Progress,
) -> WakeResult:
    """All words of ``settings.wake`` at once: whichever wakes counts."""
    if not negatives:
        raise EvaluationError("there is nothing to measure false accepts on", "check --data")
    rules, total = wake_rules(settings), len(positives) + len(negatives)
    engine = _Observed(wake_engine(settings))
    try:
        woken, words, accepted, peaks = [], [], [], []
        for number, clip in enumerate(positives, 1):
            engine.reset()
            woken.append(_wakes(rules.watch(engine), _sound(clip, noise, _QUIET_S), 0.0) > 0)
            words.append(engine.take_peak())
            on_progress(number, total)
        engine.reset()
        watch, at = rules.watch(engine), 0.0
        for number, clip in enumerate(negatives, len(positives) + 1):
            sound = _sound(clip, noise, _GAP_S / 2)
            accepted += [clip.name] * _wakes(watch, sound, at)
            peaks.append(engine.take_peak())
            at += len(sound) / RATE
            on_progress(number, total)
    finally:
        engine.close()
    hours = sum(clip.seconds for clip in negatives) / 3600
    return WakeResult(
        recall=sum(woken) / len(positives) if positives else 0.0,
        false_accepts=len(accepted),
        false_accepts_per_hour=len(accepted) / hours,
        clips=len(positives),
        negatives_hours=hours,
        curve=_curve(np.array(words), np.array(peaks), hours),
        missed=tuple(clip.name for clip, woke in zip(positives, woken, strict=True) if not woke),
        accepted=tuple(accepted),
    )


class _Observed:
    """An engine that remembers its highest score."""

    def __init__(self, engine: WakeEngine) -> None:
        self._engine = engine
        self._peak = 0.0

    @property
    def words(self) -> Mapping[str, WakeWord]:
        return self._engine.words

    def score(self, pcm: Pcm) -> Mapping[str, float]:
        scores = self._engine.score(pcm)
        self._peak = max(self._peak, *scores.values(), 0.0)
        return scores

    def take_peak(self) -> float:
        """The highest score since the last call."""
        peak, self._peak = self._peak, 0.0
        return peak

    def reset(self) -> None:
        self._engine.reset()
        self._peak = 0.0

    def close(self) -> None:
        self._engine.close()


def _wakes(watch: Watch, sound: Pcm, at: float) -> int:
    return sum(watch.feed(chunk) is not None for chunk in _chunks(sound, at))


def _sound(clip: Clip, noise: Noise | None, quiet_s: float) -> Pcm:
    """With quiet before and after, in whole chunks; noise, if any, under all of it."""
    quiet = np.zeros(round(quiet_s * RATE), np.int16)
    sound = np.concatenate([quiet, clip.sound(), quiet])
    sound = np.concatenate([sound, np.zeros(-len(sound) % CHUNK_SAMPLES, np.int16)])
    return noise.under(sound, clip.name) if noise else sound


def _chunks(sound: Pcm, at: float) -> Iterator[AudioChunk]:
    for number, pcm in enumerate(sound.reshape(-1, CHUNK_SAMPLES)):
        yield AudioChunk(pcm, at + number * CHUNK_SECONDS)


def _curve(words: Floats, peaks: Floats, hours: float) -> tuple[CurvePoint, ...]:
    return tuple(
        CurvePoint(
            float(threshold),
            float(np.mean(words > threshold)) if len(words) else 0.0,
            float(np.sum(peaks > threshold)) / hours,
        )
        for threshold in np.linspace(0, 1, _THRESHOLDS, endpoint=False)
    )
