"""Names that were nearly said: other spellings, other words for the same sort of thing, words left out or misheard.

Each stretch of words in a text is compared with each name by its letters and by its sound. A stretch stands for a name
only when no other name is nearly as near.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from edge.understand.phrasing import Phrasing

_LEAST: Final = 0.8
"""How near a name must be."""
SAME: Final = 0.97
"""Likeness of another word for the same sort of thing, or of words written together."""
_MISSPELT: Final = 0.95
"""The most likeness of a name that was not said rightly."""
_MARGIN: Final = 0.08
"""How much nearer than any other."""
_SHORTEST: Final = 4
"""Letters below which one that is wrong makes another word."""
_SPELT: Final = 0.6
"""Letters that must be right, whatever it sounds like."""
_PART: Final = 0.5
"""Letters of a name that must be said of it, of those that it has."""
_WORDS: Final = 5
"""Words of the longest stretch that is looked at."""
_LONGEST: Final = 30
"""Words of the longest text that is looked at: commands are shorter."""


@dataclass(frozen=True, slots=True)
class Near:
    """A stretch of a text that stands for a name."""

    start: int
    """First word."""
    end: int
    """Behind its last word."""
    name: str
    likeness: float
    """0–1."""


@dataclass(frozen=True, slots=True)
class _Letters:
    """Words written together."""

    spelt: str
    sound: str


@dataclass(frozen=True, slots=True)
class _Form:
    """A name, or a stretch of words, as it is compared: without articles."""

    said: tuple[str, ...]
    sorts: tuple[str, ...]
    """The same with the usual word for each sort of thing."""
    as_said: _Letters
    as_sorts: _Letters


class NearNames:
    """The names of the house as it is now."""

    def __init__(self, names: Iterable[str], phrasing: Phrasing, function_words: Iterable[str]) -> None:
        """``function_words``: words of the sentences; none of them begins or ends a name, unless it does in one."""
        self._phrasing = phrasing
        self._names = [(name, form) for name in dict.fromkeys(names) if (form := self._form(phrasing.plain(name))).said]
        self._as_said = [form.as_said.spelt for _, form in self._names]
        self._as_sorts = [form.as_sorts.spelt for _, form in self._names]
        self._having: dict[str, set[int]] = {}
        for number, (_, form) in enumerate(self._names):
            for word in form.sorts:
                self._having.setdefault(word, set()).add(number)
        spoken = {word for name, _ in self._names for word in phrasing.plain(name)}
        self._outside = (frozenset(function_words) | frozenset(phrasing.articles)) - spoken - phrasing.known

    def within(self, text: str) -> list[Near]:
        """The stretches of ``text`` that stand for a name, nearest and longest first."""
        plain = self._phrasing.plain(text)
        if len(plain) > _LONGEST:
            return []
        stretches = list(self._stretches(plain))
        nearest = self._nearest([self._form(plain[start:end]) for start, end in stretches])
        found = [Near(*stretch, *near) for stretch, near in zip(stretches, nearest, strict=True) if near is not None]
        return sorted(found, key=lambda near: (-near.likeness, near.start - near.end, near.start))

    def nearest_name(self, text: str) -> str | None:
        """The name that ``text`` stands for."""
        found = self._nearest([self._form(self._phrasing.plain(text))])[0]
        return found[0] if found else None

    def _stretches(self, words: Sequence[str]) -> Iterator[tuple[int, int]]:
        for start, first in enumerate(words):
            if first in self._outside:
                continue
            for end in range(start + 1, min(len(words), start + _WORDS) + 1):
                if words[end - 1] not in self._outside:
                    yield start, end

    def _nearest(self, stretches: Sequence[_Form]) -> list[tuple[str, float] | None]:
        if not stretches or not self._names:
            return [None] * len(stretches)
        alike = np.maximum(
            _alike([form.as_said.spelt for form in stretches], self._as_said),
            _alike([form.as_sorts.spelt for form in stretches], self._as_sorts),
        )
        return [self._best(form, np.flatnonzero(row).tolist()) for form, row in zip(stretches, alike, strict=True)]

    def _best(self, said: _Form, spelt: Sequence[int]) -> tuple[str, float] | None:
        """``spelt``: numbers of the names that are spelt at all like it."""
        if not said.said:
            return None
        fuller = set.intersection(*(self._having.get(word, set()) for word in said.sorts))
        best, name, second = 0.0, "", 0.0
        for other, form in (self._names[number] for number in sorted({*spelt, *fuller})):
            likeness = self._likeness(said, form)
            if likeness > best:
                best, name, second = likeness, other, best
            else:
                second = max(second, likeness)
        clear = best == 1.0 or best - second >= _MARGIN
        return (name, best) if best >= _LEAST and clear else None

    def _likeness(self, said: _Form, name: _Form) -> float:
        if said.said == name.said:
            return 1.0
        if said.as_said.spelt == name.as_said.spelt or said.as_sorts.spelt == name.as_sorts.spelt:
            return SAME
        return max(self._spelt(said, name), self._left_out(said, name))

    def _spelt(self, said: _Form, name: _Form) -> float:
        """By letters and sound, unless it begins otherwise or a word was said that is another one."""
        if said.as_said.spelt[0] != name.as_said.spelt[0] and said.as_said.sound[:1] != name.as_said.sound[:1]:
            return 0.0
        for word in said.sorts:
            if word in self._phrasing.known and word not in name.sorts and word not in name.as_sorts.spelt:
                return 0.0
        return min(max(_likeness(said.as_said, name.as_said), _likeness(said.as_sorts, name.as_sorts)), _MISSPELT)

    def _left_out(self, said: _Form, name: _Form) -> float:
        """ "Garage door" for the "Garage Door Opener", "desk" for the "Desk Plug": words of the name in their order."""
        left_out = list(name.sorts)
        for word in said.sorts:
            if word not in left_out:
                return 0.0
            left_out.remove(word)
        if all(word in self._phrasing.filler for word in left_out):
            return _MISSPELT
        share = len(said.as_said.spelt) / len(name.as_said.spelt)
        if share < _PART or (len(said.said) == 1 and said.said[0] in self._phrasing.kind_of):
            return 0.0
        return _LEAST + 0.1 * share

    def _form(self, words: Sequence[str]) -> _Form:
        """``words``: plain ones."""
        said = [word for word in words if word and word not in self._phrasing.articles]
        sorts = [self._phrasing.kind_of.get(word, word) for word in said]
        return _Form(tuple(said), tuple(sorts), self._together(said), self._together(sorts))

    def _together(self, words: Sequence[str]) -> _Letters:
        letters = "".join(words)
        return _Letters(letters, self._phrasing.sound(letters))


def _likeness(said: _Letters, name: _Letters) -> float:
    if min(len(said.spelt), len(name.spelt)) < _SHORTEST:
        return 0.0
    letters = Levenshtein.normalized_similarity(said.spelt, name.spelt, score_cutoff=_SPELT)
    if letters == 0.0:
        return 0.0
    return max(letters, (letters + Levenshtein.normalized_similarity(said.sound, name.sound)) / 2)


def _alike(said: list[str], names: list[str]) -> npt.NDArray[np.float32]:
    """Shape (said, names): how many letters are right of each, 0 where it is not enough."""
    found: npt.NDArray[np.float32] = cdist(
        said, names, scorer=Levenshtein.normalized_similarity, score_cutoff=_SPELT, dtype=np.float32
    )
    return found
