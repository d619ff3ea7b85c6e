"""Whether the sound bears out a sentence of the grammar, or something else was said. Pure.

A free decoder is never worse than one bound to the grammar, as both score by the same model: what matters is by how
much. Where somebody says a sentence of the grammar, the free decoder gains at most a few nats by spelling a name in
its own way; where they say something else, it gains tens.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge.intents import Fit, Transcript
from edge.listen.beam import Candidate

SURE_NATS: Final = 2.5
"""A sentence this likely needs no comparison: nothing could be better by more."""
UNRELATED_NATS: Final = 40.0
"""Nothing sayable is as unlikely as this; the search for it ends."""
_PER_WORD: Final = 1.4
"""Nats that the free decoder may gain for each word that was said…"""
_AT_MOST: Final = 13.0
"""…but no more than this in all."""
_COVERED: Final = (0.75, 1.4)
"""Letters of the sentence for each one that was heard freely: leaving out what was said is cheap, and wrong."""
_NEAR: Final = 2.0
"""Nats behind the best within which another sentence may have been meant."""


@dataclass(frozen=True, slots=True)
class Free:
    """What was heard without regard to the grammar."""

    text: str
    """Empty where there were no words."""
    score: float
    """Log probability, nats."""
    confidence: float
    """Mean probability of its tokens, 0–1."""


def choose(candidates: Sequence[Candidate], free: Free | None, language: str) -> Transcript:
    """What was said. ``candidates``: sentences of the grammar, best first; ``free`` None where one of them is sure."""
    borne = [candidate for candidate in candidates if free is None or _borne_out(candidate, free)]
    if not borne:
        assert free is not None
        return Transcript(free.text, language, free.confidence)
    best = borne[0]
    others = [other.text for other in borne[1:] if best.score - other.score < _NEAR and other.fit is not Fit.OPEN]
    if free is not None:
        others.append(free.text)
    words = len(best.text.split())
    return Transcript(best.text, language, math.exp(best.score / (words + 1)), best.fit, tuple(others))


def _borne_out(candidate: Candidate, free: Free) -> bool:
    if not free.text:
        return False
    covered = _letters(candidate.text) / max(1, _letters(free.text))
    allowed = min(_AT_MOST, _PER_WORD * len(candidate.text.split()))
    return _COVERED[0] <= covered <= _COVERED[1] and free.score - candidate.score <= allowed


def _letters(text: str) -> int:
    return sum(character.isalnum() for character in text)
