"""Whether the sound bears out a sentence of the grammar, or something else was said. Pure.

A free decoder is never worse than one bound to the grammar, as both score by the same model: what matters is by how
much. Where somebody says a sentence of the grammar, the free decoder gains at most a few nats by spelling a name in
its own way; where they say something else, it gains tens.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz.distance import Levenshtein

from edge.intents import Fit, Transcript
from edge.listen.beam import Candidate

_PER_WORD: Final = 1.4
"""Nats that the free decoder may gain for each word that was said…"""
_PER_LIKE_WORD: Final = 2.2
"""…or if what it wrote is spelt nearly like it, so that the difference is one of spelling more than of sound…"""
_LIKE: Final = 0.75
"""…(so many of the letters)…"""
AT_MOST: Final = 16.0
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


def choose(candidates: Sequence[Candidate], free: Free, language: str) -> Transcript:
    """What was said. ``candidates``: sentences of the grammar, best first."""
    borne = [candidate for candidate in candidates if _borne_out(candidate, free)]
    if not borne:
        return Transcript(free.text, language, free.confidence)
    best = borne[0]
    others = [other.text for other in borne[1:] if best.score - other.score < _NEAR and other.fit is not Fit.OPEN]
    confidence = math.exp(best.score / (len(best.text.split()) + 1))
    return Transcript(best.text, language, confidence, best.fit, best.more, (*others, free.text))


def _borne_out(candidate: Candidate, free: Free) -> bool:
    if not free.text:
        return False
    sentence, heard = _letters(candidate.text), _letters(free.text)
    if not _COVERED[0] <= len(sentence) / max(1, len(heard)) <= _COVERED[1]:
        return False
    per_word = _PER_LIKE_WORD if Levenshtein.normalized_similarity(sentence, heard) >= _LIKE else _PER_WORD
    return free.score - candidate.score <= min(AT_MOST, per_word * len(candidate.text.split()))


def _letters(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())
