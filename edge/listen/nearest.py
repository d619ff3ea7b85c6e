"""The sentences of the grammar that are spelt most like a text: what a recogniser may have misheard.

For a recogniser that can't be led word by word. Where its words begin and end is not believed, only its letters: the
text is walked letter by letter, and each word of the grammar may stand for a stretch of about its own length.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from edge.intents import Fit
from edge.listen.lexicon import Words, fit_of, sentence
from edge.listen.spelling import Spelling
from edge.ports import Sayable

_WIDTH: Final = 16
"""Hypotheses that are followed at each letter."""
_SLACK: Final = 3
"""Letters by which a word may be longer or shorter than what was heard of it."""
_LONGEST: Final = 24
"""Letters of the longest stretch that is looked at."""
_WRONG: Final = 0.6
"""Letters of a word that may be wrong, of those that it has."""
_EDITS: Final = 0.45
"""Letters that may be wrong, of those that were heard."""


@dataclass(frozen=True, slots=True)
class Near:
    """A sentence of the grammar."""

    text: str
    fit: Fit
    more: int
    """The most words that may follow."""
    edits: float
    """Letters by which it differs."""


class _At(NamedTuple):
    edits: float
    place: Sayable
    words: Words


def nearest(text: str, sayable: Sayable, spelling: Spelling, limit: int) -> list[Near]:
    """At most ``limit`` sentences, nearest first; a beginning of one (fit OPEN) counts as well."""
    letters = "".join(character for character in text.lower() if character.isalnum() or character == "%")
    stretches = _Stretches(letters, spelling)
    most = len(letters) * _EDITS
    reached: list[list[_At]] = [[] for _ in range(len(letters) + 1)]
    reached[0] = [_At(0.0, sayable, None)]
    for start in range(len(letters)):
        for at in _best(reached[start]):
            following = at.place.following
            for word, end, edits in stretches.of(following, start, most - at.edits):
                reached[end].append(_At(at.edits + edits, following[word], (at.words, word)))
    found: dict[str, Near] = {}
    for at in _best(reached[-1]):
        if at.words is not None:
            text = sentence(at.words)
            found.setdefault(text, Near(text, fit_of(at.place), at.place.longest, at.edits))
    return list(found.values())[:limit]


def _best(hypotheses: list[_At]) -> list[_At]:
    """The nearest, each place once."""
    unique: dict[int, _At] = {}
    for at in sorted(hypotheses, key=lambda at: at.edits):
        unique.setdefault(id(at.place), at)
    return list(unique.values())[:_WIDTH]


class _Stretches:
    """How well words fit stretches of the letters. Every word is tried once at each letter."""

    def __init__(self, letters: str, spelling: Spelling) -> None:
        self._letters, self._spelling = letters, spelling
        self._tried: list[set[str]] = [set() for _ in letters]
        self._fitting: list[dict[str, list[tuple[int, float]]]] = [{} for _ in letters]
        self._forms: dict[str, list[str]] = {}

    def of(self, following: Mapping[str, Sayable], start: int, most: float) -> list[tuple[str, int, float]]:
        """Each word with the ends of the stretches from ``start`` that it fits, and its edits, at most ``most``."""
        if untried := following.keys() - self._tried[start]:
            self._tried[start] |= untried
            self._try(sorted(untried), start)
        fitting = self._fitting[start]
        words = following.keys() & fitting.keys()
        return [(word, end, edits) for word in sorted(words) for end, edits in fitting[word] if edits <= most]

    def _try(self, words: list[str], start: int) -> None:
        spelt = [(word, form) for word in words for form in self._spell(word)]
        if not spelt:
            return
        rest = self._letters[start : start + _LONGEST]
        distances: npt.NDArray[np.uint32] = cdist(
            [form for _, form in spelt], [rest[:end] for end in range(1, len(rest) + 1)],
            scorer=Levenshtein.distance, dtype=np.uint32,
        )  # fmt: skip
        for (word, form), row in zip(spelt, distances.tolist(), strict=True):
            for end in range(max(1, len(form) - _SLACK), min(len(rest), len(form) + _SLACK) + 1):
                if row[end - 1] <= len(form) * _WRONG:
                    self._fitting[start].setdefault(word, []).append((start + end, float(row[end - 1])))

    def _spell(self, word: str) -> list[str]:
        if word not in self._forms:
            forms = (form.lower() for form in self._spelling.forms(word, first=False))
            plain = ("".join(char for char in form if char.isalnum() or char == "%") for form in forms)
            self._forms[word] = [form for form in dict.fromkeys(plain) if form]
        return self._forms[word]
