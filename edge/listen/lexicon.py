"""The grammar as a recogniser's decoder meets it: which tokens may come next.

Between the words of the automaton (:class:`edge.ports.Sayable`) and the decoder stand spelling and tokens. For each
place in a sentence there is one tree of the tokens that spell its next words; trees are made when they are reached.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

from edge.intents import Fit
from edge.listen.spelling import Spelling
from edge.ports import Sayable

_MAX_TREES: Final = 4000
"""Then all are made anew: a long day's sentences must not fill the memory."""


class Tokenizer(Protocol):
    """Text to a model's tokens."""

    def encode(self, text: str, *, within_word: bool = False) -> Sequence[int]:
        """The tokens of ``text``, as of the beginning of a word, or with nothing before them if ``within_word``."""


@dataclass(eq=False, slots=True)
class _Node:
    """Tokens so far of a word."""

    children: "dict[int, _Node]" = field(default_factory=dict)
    ends: list[tuple[str, Sayable]] = field(default_factory=list)
    """Words that are spelt here, each with the place that it leads to."""


Words: TypeAlias = "tuple[Words, str] | None"
"""The words of a hypothesis, the last one outermost, so that hypotheses share what they have in common."""


@dataclass(frozen=True, eq=False, slots=True)
class Place:
    """Where a hypothesis is: within a word, or (None) behind its last punctuation."""

    node: _Node | None
    words: Words
    """Whole words so far."""
    ending: Fit | None = None
    """Behind punctuation: what the sentence is if it ends here."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The sentence, if it ends here."""

    words: Words
    fit: Fit


class Lexicon:
    """Places and moves of one model's tokens in one language."""

    def __init__(self, tokenizer: Tokenizer, language: str) -> None:
        self._tokenizer, self._spelling = tokenizer, Spelling(language)
        self._punctuation = [tokenizer.encode(mark, within_word=True)[-1] for mark in ".?!"]
        self._hyphen = tokenizer.encode("-", within_word=True)[-1]
        self._trees: dict[tuple[Sayable, bool, bool], _Node] = {}
        self._spelt: dict[tuple[str, bool, bool], list[Sequence[int]]] = {}

    def start(self, sayable: Sayable) -> Place:
        """Before the first word."""
        if len(self._trees) > _MAX_TREES:
            self._trees.clear()
        return Place(self._tree(sayable, first=True, joined=False), None)

    def moves(self, place: Place) -> Mapping[int, Place]:
        """Each token that may come next, and where it leads."""
        if place.node is None:
            return {}
        moves = {token: Place(child, place.words) for token, child in place.node.children.items()}
        for word, onward in place.node.ends:
            words = (place.words, word)
            for token, child in self._tree(onward, first=False, joined=False).children.items():
                moves.setdefault(token, Place(child, words))
            # "16-ounce": the next word may hang on a hyphen.
            moves.setdefault(self._hyphen, Place(self._tree(onward, first=False, joined=True), words))
            if onward.complete:
                moves.update(dict.fromkeys(self._punctuation, Place(None, words, _fit(onward))))
        return moves

    def endings(self, place: Place) -> Iterator[Ending]:
        """The sentences that it would be if the decoder ended it here."""
        if place.ending is not None:
            yield Ending(place.words, place.ending)
        elif place.node is not None:
            for word, onward in place.node.ends:
                yield Ending((place.words, word), _fit(onward))

    def _tree(self, sayable: Sayable, *, first: bool, joined: bool) -> _Node:
        key = (sayable, first, joined)
        if key not in self._trees:
            self._trees[key] = root = _Node()
            for word, onward in sayable.following.items():
                for tokens in self._spell(word, first, joined):
                    node = root
                    for token in tokens:
                        node = node.children.setdefault(token, _Node())
                    node.ends.append((word, onward))
        return self._trees[key]

    def _spell(self, word: str, first: bool, joined: bool) -> list[Sequence[int]]:
        key = (word, first, joined)
        if key not in self._spelt:
            forms = dict.fromkeys(self._spelling.forms(word, first))
            self._spelt[key] = [self._tokenizer.encode(form, within_word=joined) for form in forms]
        return self._spelt[key]


def sentence(words: Words) -> str:
    """The words in order, as text."""
    found: list[str] = []
    while words is not None:
        words, word = words
        found.append(word)
    return " ".join(reversed(found))


def _fit(place: Sayable) -> Fit:
    if not place.complete:
        return Fit.OPEN
    return Fit.WHOLE if place.following else Fit.CLOSED
