"""Beam search over the sentences of a grammar, led by a decoder that hears the sound.

Prefix-constrained decoding: at each step only tokens that spell a sentence are followed, but their probabilities are
the decoder's own over all tokens, so the score of a sentence can be compared with that of free decoding.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from edge.intents import Fit
from edge.listen.lexicon import Lexicon, Place, sentence
from edge.ports import Sayable

Logits = npt.NDArray[np.float32]

_WIDTH: Final = 8
"""Hypotheses that are followed at a time."""
_WITHIN: Final = 8.0
"""Nats behind the best at which one is dropped."""
_MAX_TOKENS: Final = 64
_NEAR: Final = 3.0
"""Nats behind the best whole sentence at which another one is of no use."""


class Decoder(Protocol):
    """A decoder at the beginning of one utterance's text; it keeps what its hypotheses have in common."""

    end: int
    """The token that ends a text."""

    def begin(self) -> Logits:
        """Scores of the first token: shape (1, vocabulary)."""

    def advance(self, parents: list[int], tokens: list[int]) -> Logits:
        """Hypothesis i becomes the former hypothesis ``parents[i]`` with ``tokens[i]`` added.

        Returns the scores of the tokens after it: shape (len(tokens), vocabulary).
        """


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence of the grammar."""

    text: str
    score: float
    """Log probability, nats."""
    fit: Fit


class _Step(NamedTuple):
    score: float
    parent: int
    token: int
    place: Place


def search(decoder: Decoder, lexicon: Lexicon, sayable: Sayable, floor: float) -> list[Candidate]:
    """The likeliest sentences (or, with fit OPEN, beginnings of some), best first; fewer or none below ``floor``."""
    found: dict[str, Candidate] = {}
    hypotheses = [(0.0, lexicon.start(sayable))]
    logits = decoder.begin()
    for _ in range(_MAX_TOKENS):
        probabilities = log_softmax(logits)
        for number, (score, place) in enumerate(hypotheses):
            ended = score + float(probabilities[number, decoder.end])
            _keep(found, (Candidate(sentence(end.words), ended, end.fit) for end in lexicon.endings(place)))
        whole = (candidate.score for candidate in found.values() if candidate.fit is not Fit.OPEN)
        least = max(floor, max(whole, default=float("-inf")) - _NEAR)
        steps = _onward(lexicon, hypotheses, probabilities)
        steps = [step for step in steps if step.score > max(least, steps[0].score - _WITHIN)]
        if not steps:
            break
        hypotheses = [(step.score, step.place) for step in steps]
        logits = decoder.advance([step.parent for step in steps], [step.token for step in steps])
    return sorted(found.values(), key=lambda candidate: -candidate.score)


def log_softmax(logits: Logits) -> Logits:
    """Log probabilities over the last axis."""
    shifted: Logits = logits - logits.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


def _onward(lexicon: Lexicon, hypotheses: list[tuple[float, Place]], probabilities: Logits) -> list[_Step]:
    steps: list[_Step] = []
    for number, (score, place) in enumerate(hypotheses):
        moves = lexicon.moves(place)
        tokens = np.fromiter(moves, np.int64, len(moves))
        scores = probabilities[number, tokens]
        for index in np.argsort(-scores)[:_WIDTH]:
            token = int(tokens[index])
            steps.append(_Step(score + float(scores[index]), number, token, moves[token]))
    steps.sort(key=lambda step: -step.score)
    return steps[:_WIDTH]


def _keep(found: dict[str, Candidate], candidates: Iterable[Candidate]) -> None:
    """The best way to write each sentence."""
    for candidate in candidates:
        known = found.get(candidate.text)
        if known is None or known.score < candidate.score:
            found[candidate.text] = candidate
