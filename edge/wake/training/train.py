"""From a phrase to a model of it, with what it can do on examples that it did not learn from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edge.chunk import RATE
from edge.wake.embedding import STEP_SECONDS, Floats, SpeechEmbedding
from edge.wake.training import collect
from edge.wake.training.classifier import Classifier, fit
from edge.wake.training.collect import Budget, Examples
from edge.wake.training.curve import Point, at, choose, curve, peaks
from edge.wake.training.errors import TrainingError
from edge.wake.training.examples import Maker, Stream
from edge.wake.training.speaking import Samples, Speaker, loudest, trimmed

MOST_PER_HOUR: Final = 0.5
_HELD_BACK: Final = 4
"""Every fourth example is kept for measuring."""
_POSITIVE_SHARE: Final = 0.35
_MOST_NEGATIVES: Final = 24_000
_HEARING_S: Final = 0.4
"""How long after the word it must still be in the window."""
_EMBEDDING_S: Final = 0.775
_FEWEST, _MOST = 4, 16
_BEFORE_STEPS: Final = 6
_MOST_TIMES_SPOKEN: Final = 1.2
"""A recording is longer than the synthesised word by at most this factor: the rest is noise."""
_BACKGROUND: Final = 150
_USUAL_LAG_S: Final = 0.15

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A model and its measure on what was held back."""

    phrase: str
    classifier: Classifier
    threshold: float
    lag_s: float
    """How long after the word's end it is sure, in seconds: the median."""
    curve: tuple[Point, ...]
    held_back: Point
    """At the chosen threshold."""
    words: int
    """Held-back examples of the wake word."""
    hours: float
    """Held-back sound without it."""


def train(
    phrase: str,
    speaker: Speaker,
    recordings: Sequence[Samples],
    speech: SpeechEmbedding,
    budget: Budget,
    seed: int,
    progress: Progress,
) -> Trained:
    """``recordings``: float32, ±1, 16 kHz, the wake word alone in each, quiet around it or not; may be none.

    Raises TrainingError for a phrase without letters, or one that ``speaker`` does not pronounce.
    """
    if not any(letter.isalpha() for letter in phrase):
        raise TrainingError("the phrase is empty", "say which words shall wake: hearth wake train 'hey lantern'")
    chance = np.random.default_rng(seed)
    sounds = collect.spoken(phrase, speaker, budget, chance, _counter("speaking", budget.texts, progress))
    if not sounds.phrase:
        raise TrainingError(f"the voice does not pronounce {phrase!r}", "write it as it is spoken")
    longest = _MOST_TIMES_SPOKEN * float(np.percentile([len(word) / RATE for word in sounds.phrase], 95))
    words = [loudest(trimmed(recording), longest) for recording in recordings]
    maker = Maker(speech, sounds.other[:_BACKGROUND], chance)
    count = _counter("listening", budget.examples(len(words)), progress)
    learnt, held = _split(collect.examples(sounds, words, maker, budget, chance, count))
    progress("learning", 0, 1)
    windows = _windows([*sounds.phrase, *words])
    classifier = _fitted(learnt, windows, seed, chance)
    trained = _measured(phrase, classifier, held)
    progress("learning", 1, 1)
    return trained


def _counter(stage: str, total: int, progress: Progress) -> Callable[[], None]:
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        progress(stage, done, total)

    return step


def _windows(words: Sequence[Samples]) -> int:
    """Embeddings enough for nearly all of the ``words``, and no more: what came before them says nothing."""
    length = float(np.percentile([len(word) / RATE for word in words], 95))
    return int(np.clip(round((length + _HEARING_S - _EMBEDDING_S) / STEP_SECONDS) + 1, _FEWEST, _MOST))


def _split(examples: Examples) -> tuple[Examples, Examples]:
    """To learn from, and held back. Recordings are few and all learnt; their variations are held back."""

    def parts(streams: list[Stream]) -> tuple[list[Stream], list[Stream]]:
        held = [stream for number, stream in enumerate(streams) if number % _HELD_BACK == 0]
        return [stream for number, stream in enumerate(streams) if number % _HELD_BACK], held

    spoken, recorded, negative = parts(examples.spoken), parts(examples.recorded), parts(examples.negative)
    return Examples(spoken[0], recorded[0], negative[0]), Examples(spoken[1], recorded[1], negative[1])


def _fitted(learnt: Examples, windows: int, seed: int, chance: np.random.Generator) -> Classifier:
    heard = [stream.windows(windows)[stream.heard()] for stream in [*learnt.spoken, *learnt.recorded]]
    heard = [part for part in heard if len(part)]
    other = [stream.windows(windows) for stream in learnt.negative]
    # Before the word has ended it must not wake: half a word is no word.
    other += [stream.windows(windows)[_before(stream)] for stream in learnt.spoken]
    negatives = np.concatenate(other)
    negatives = negatives[chance.permutation(len(negatives))[:_MOST_NEGATIVES]]
    positives = np.concatenate(heard)
    weights = np.concatenate([np.full(len(part), 1 / len(part)) for part in heard])
    weights *= _POSITIVE_SHARE * len(negatives) / weights.sum()
    return fit(
        np.concatenate([positives, negatives]),
        np.repeat([True, False], [len(positives), len(negatives)]),
        np.concatenate([weights, np.ones(len(negatives))]).astype(np.float32),
        seed,
    )


def _before(stream: Stream) -> slice:
    last = max(0, stream.heard().start - _BEFORE_STEPS + 1)
    return slice(max(0, last - _BEFORE_STEPS), last, 2)


def _measured(phrase: str, classifier: Classifier, held: Examples) -> Trained:
    words = [*held.spoken, *held.recorded]
    scored = [classifier.score(stream.windows(classifier.windows)) for stream in words]
    other = [classifier.score(stream.windows(classifier.windows)) for stream in held.negative]
    negative = [peak for scores in other for peak in peaks(scores)]
    hours = sum(stream.seconds for stream in held.negative) / 3600
    points = curve([float(scores.max()) for scores in scored], negative, hours)
    threshold = choose(points, MOST_PER_HOUR)
    return Trained(
        phrase,
        classifier,
        threshold,
        _lag_s(words, scored, threshold),
        points,
        at(points, threshold),
        len(words),
        hours,
    )


def _lag_s(words: Sequence[Stream], scored: Sequence[Floats], threshold: float) -> float:
    lags = []
    for stream, scores in zip(words, scored, strict=True):
        sure = np.flatnonzero(scores > threshold)
        if len(sure) and stream.word_end is not None:
            lags.append((int(sure[0]) + 1) * STEP_SECONDS - stream.word_end)
    return float(np.clip(np.median(lags), 0.0, 1.0)) if lags else _USUAL_LAG_S
