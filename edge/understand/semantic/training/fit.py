"""Fits the head: logistic regression on vectors and words, a temperature, and thresholds, all by cross-validation.

Guo et al. 2017, "On Calibration of Modern Neural Networks", for the temperature and the expected calibration error.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from edge.understand.semantic.encoder import Floats
from edge.understand.semantic.head import NONE, SCALE, Head, grams_of
from edge.understand.semantic.training.data import Example

_FOLDS: Final = 5
_RARE: Final = 3
"""Sentences that a word must be in to count."""
_INVERSE_REGULARISATION: Final = 4.0
_CROWD_WEIGHT: Final = 3.0
"""What people said weighs more than what we wrote."""
_LEAST: Final = 0.4
"""No label is believed below this."""
_BINS: Final = 10


@dataclass(frozen=True, slots=True)
class Report:
    """How good a head is on sentences that it did not learn from."""

    sentences: int
    home: int
    """Of them, those that ask something of the house."""
    right: float
    """Share of ``home`` with the right label, above its threshold."""
    wrong: float
    """Share of ``home`` with a wrong label above its threshold."""
    false: float
    """Share of the others with any label but none of these, above its threshold."""
    calibration_error: float
    """Expected difference of probability and share of right ones, 0–1."""
    reliability: tuple[tuple[float, float, int], ...]
    """For each tenth: mean probability, share of right ones, sentences."""


def fit(examples: Sequence[Example], vectors: Floats, precision: Mapping[str, float], default: float) -> Head:
    """``vectors``: (len(examples), 384). ``precision``: by label, what its threshold is to reach on sentences that
    were held out; ``default`` for the others.
    """
    labels = sorted({example.label for example in examples})
    wanted = np.array([labels.index(example.label) for example in examples])
    logits, judged = _held_out(examples, vectors, wanted)
    temperature = _temperature(logits[judged], wanted[judged])
    shares = _softmax(logits[judged] / temperature)
    thresholds = _thresholds(shares, wanted[judged], labels, {label: precision.get(label, default) for label in labels})
    grams = _vocabulary(examples)
    model = _regression(examples, vectors, wanted, grams)
    return Head(
        labels=labels,
        grams=grams,
        weights=model.coef_.T.astype(np.float16).astype(np.float32),
        bias=model.intercept_.astype(np.float32),
        temperature=temperature,
        thresholds=thresholds,
    )


def report(head: Head, examples: Sequence[Example], vectors: Floats) -> Report:
    """What ``head`` makes of ``examples``, none of which it may have learnt from."""
    best = [
        max(head.probabilities(example.text, vector).items(), key=lambda pair: pair[1])
        for example, vector in zip(examples, vectors, strict=True)
    ]
    guesses = [head.guess(example.text, vector) for example, vector in zip(examples, vectors, strict=True)]
    ok = np.array([label == example.label for (label, _), example in zip(best, examples, strict=True)], float)
    sure = np.array([probability for _, probability in best])
    outcome = Counter(
        ("home" if example.label != NONE else "other", None if guess is None else guess.label == example.label)
        for example, guess in zip(examples, guesses, strict=True)
    )
    home = sum(count for (kind, _), count in outcome.items() if kind == "home")
    bins = _bins(sure, ok)
    return Report(
        sentences=len(examples),
        home=home,
        right=outcome["home", True] / max(home, 1),
        wrong=outcome["home", False] / max(home, 1),
        false=outcome["other", False] / max(len(examples) - home, 1),
        calibration_error=sum(count * abs(mean - share) for mean, share, count in bins) / max(len(examples), 1),
        reliability=bins,
    )


def embedded(texts: Collection[str], embed: Callable[[str], Floats], progress: Callable[[int, int], None]) -> Floats:
    """A vector for each of ``texts``, told to ``progress`` (done, all) as they come."""
    vectors = []
    for done, text in enumerate(texts, start=1):
        vectors.append(embed(text))
        progress(done, len(texts))
    return np.stack(vectors)


def _held_out(
    examples: Sequence[Example], vectors: Floats, wanted: npt.NDArray[np.int64]
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Logits of each crowd sentence from a model that did not see it, and which sentences those are."""
    crowd = np.array([example.source != "ours" for example in examples])
    fold = np.array([hashlib.sha256(example.text.lower().encode()).digest()[0] % _FOLDS for example in examples])
    logits = np.zeros((len(examples), int(wanted.max()) + 1), np.float32)
    for number in range(_FOLDS):
        held = crowd & (fold == number)
        kept = [example for example, out in zip(examples, held, strict=True) if not out]
        grams = _vocabulary(kept)
        model = _regression(kept, vectors[~held], wanted[~held], grams)
        logits[held] = model.decision_function(_features(np.array(examples, object)[held], vectors[held], grams))
    return logits, crowd


def _regression(
    examples: Sequence[Example], vectors: Floats, wanted: npt.NDArray[np.int64], grams: Sequence[str]
) -> LogisticRegression:
    weights = [1.0 if example.source == "ours" else _CROWD_WEIGHT for example in examples]
    model = LogisticRegression(C=_INVERSE_REGULARISATION, max_iter=300)
    return model.fit(_features(examples, vectors, grams), wanted, sample_weight=weights)


def _features(examples: Sequence[Example], vectors: Floats, grams: Sequence[str]) -> Any:
    places = {gram: place for place, gram in enumerate(grams)}
    rows = [sorted(places[gram] for gram in grams_of(example.text) if gram in places) for example in examples]
    indices = np.array([place for row in rows for place in row], np.int32)
    starts = np.cumsum([0, *(len(row) for row in rows)])
    words = csr_matrix((np.ones(len(indices), np.float32), indices, starts), shape=(len(rows), len(grams)))
    return hstack([csr_matrix(vectors * SCALE), words]).tocsr()


def _vocabulary(examples: Sequence[Example]) -> list[str]:
    counts = Counter(gram for example in examples for gram in grams_of(example.text))
    return sorted(gram for gram, count in counts.items() if count >= _RARE)


def _temperature(logits: Floats, wanted: npt.NDArray[np.int64]) -> float:
    """What makes the probabilities of the right labels likeliest."""

    def surprise(temperature: float) -> float:
        right = _softmax(logits / temperature)[np.arange(len(wanted)), wanted]
        return float(-np.log(right + 1e-12).mean())

    return float(minimize_scalar(surprise, bounds=(0.3, 3.0), method="bounded").x)


def _thresholds(
    shares: Floats, wanted: npt.NDArray[np.int64], labels: Sequence[str], precision: Mapping[str, float]
) -> Floats:
    """For each group of labels of the same precision, the least probability above which it is reached."""
    best, likeliest = shares.argmax(axis=1), shares.max(axis=1)
    found = {}
    for wish in set(precision.values()):
        group = [place for place, label in enumerate(labels) if precision[label] == wish and label != NONE]
        among = np.isin(best, group)
        order = np.argsort(-likeliest[among])
        ok = (best == wanted)[among][order]
        reached = np.flatnonzero(np.cumsum(ok) / np.arange(1, len(ok) + 1) >= wish)
        lowest = likeliest[among][order][reached[-1]] if reached.size else 1.0
        found[wish] = max(float(lowest), _LEAST)
    return np.array([found[precision[label]] for label in labels], np.float32)


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _bins(sure: npt.NDArray[np.float64], ok: npt.NDArray[np.float64]) -> tuple[tuple[float, float, int], ...]:
    found = []
    for number in range(_BINS):
        inside = (sure > number / _BINS) & (sure <= (number + 1) / _BINS)
        if inside.any():
            found.append((float(sure[inside].mean()), float(ok[inside].mean()), int(inside.sum())))
    return tuple(found)
