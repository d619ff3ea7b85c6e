"""Beam search over the sentences of a grammar, led by a decoder that hears the sound.

Prefix-constrained decoding: at each step only tokens that spell a sentence are followed, but their probabilities are
the decoder's own over all tokens, so the score of a sentence can be compared with that of free decoding.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from edge.intents import Fit
from edge.listen.lexicon import Ending, Lexicon, Place, fit_of, sentence
from edge.ports import Sayable

Logits = npt.NDArray[np.float32]

_WIDTH: Final = 4
"""Hypotheses that are followed at a time."""
_WITHIN: Final = 5.0
"""Nats behind the best at which one is dropped."""
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
    more: int
    """The most words that may follow."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What one search found."""

    candidates: list[Candidate]
    """The likeliest sentences (or, with fit OPEN, beginnings of some), best first."""
    tokens: list[int]
    """What the decoder would have written without the grammar, greedily."""
    score: float
    """Its log probability, nats."""


class _Step(NamedTuple):
    score: float
    parent: int
    token: int
    place: Place


@dataclass(slots=True)
class _Free:
    """The text without the grammar, as far as it is written."""

    row: int = 0
    """Which of the decoder's hypotheses it is; one of the grammar's for as long as they agree."""
    score: float = 0.0
    tokens: list[int] = field(default_factory=list)
    ended: bool = False

    def write(self, probabilities: Logits, end: int, most: int) -> int:
        """The next token."""
        token = int(probabilities[self.row].argmax())
        self.score += float(probabilities[self.row, token])
        self.ended = token == end or len(self.tokens) >= most
        if not self.ended:
            self.tokens.append(token)
        return token


def search(decoder: Decoder, lexicon: Lexicon, sayable: Sayable | None, most: int, margin: float) -> Heard:
    """Hear with and without the grammar at once, in at most ``most`` tokens.

    Sentences that fall ``margin`` nats behind what is heard freely are given up. ``sayable`` None: only freely.
    """
    found: dict[str, Candidate] = {}
    hypotheses = [(0.0, lexicon.start(sayable))] if sayable is not None else []
    free = _Free()
    logits = decoder.begin()
    for _ in range(most + 1):
        probabilities = log_softmax(logits)
        for number, (score, place) in enumerate(hypotheses):
            ended = score + float(probabilities[number, decoder.end])
            _keep(found, (_candidate(ending, ended) for ending in lexicon.endings(place)))
        behind, written = free.row, -1 if free.ended else free.write(probabilities, decoder.end, most)
        whole = (candidate.score for candidate in found.values() if candidate.fit is not Fit.OPEN)
        least = max(free.score - margin, max(whole, default=float("-inf")) - _NEAR)
        steps = _onward(lexicon, hypotheses, probabilities)
        steps = [step for step in steps if step.score > max(least, steps[0].score - _WITHIN)]
        rows = [(step.parent, step.token) for step in steps]
        if not free.ended:
            if (behind, written) not in rows:
                rows.append((behind, written))
            free.row = rows.index((behind, written))
        if not rows:
            break
        hypotheses = [(step.score, step.place) for step in steps]
        logits = decoder.advance([parent for parent, _ in rows], [token for _, token in rows])
    return Heard(sorted(found.values(), key=lambda candidate: -candidate.score), free.tokens, free.score)


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


def _candidate(ending: Ending, score: float) -> Candidate:
    return Candidate(sentence(ending.words), score, fit_of(ending.place), ending.place.longest)


def _keep(found: dict[str, Candidate], candidates: Iterable[Candidate]) -> None:
    """The best way to write each sentence."""
    for candidate in candidates:
        known = found.get(candidate.text)
        if known is None or known.score < candidate.score:
            found[candidate.text] = candidate
