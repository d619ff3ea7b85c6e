"""Whether a template can hold a text as a whole, found without a search.

hassil follows each way through each template by itself, and most of its time goes into ways that come to nothing. Here
a template is walked once, with all the places of the text at which one may be at once; and what many templates share
(a rule, the first words) is walked once for all of them.

It is necessary for a match and does not suffice: number words are taken to hold anything, and free text to be empty if
it likes. What is left is hassil's to judge.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Protocol, TypeAlias

from hassil.util import PUNCTUATION_STR

Places: TypeAlias = tuple[int, ...]
"""Where one may be in a text, in order: four times the character that comes next, and how one got there (below)."""

_STARTS: Final = 1
"""At the start of a word, so that spaces do not count; else in the middle of one, as far as the template knows."""
_OPEN: Final = 2
"""Free text began here: what comes next may be anywhere from here on."""
_KIND: Final = 3
START: Final[Places] = (_STARTS,)
"""Before the first character."""
_KEY: Final = 3
"""Characters by which words are looked up."""
_BROKEN: Final = str.maketrans("-_", "  ")
# re.IGNORECASE takes these for an i, str.casefold does not.
_DOTTED: Final = str.maketrans("İı", "ii")
_NO_WORD: Final = f"{PUNCTUATION_STR} "
"""What hassil passes over at the end of a text."""
_DECIMAL: Final = re.compile(r"\s*-?[0-9]+(?:[.,][0-9]+)?")
_INTEGER: Final = re.compile(r"\s*-?[0-9]+")


def folded(text: str) -> str:
    """``text`` in the form in which it is compared."""
    return text.translate(_DOTTED).casefold()


class Values:
    """Plain values of a list, found by what a text goes on with."""

    def __init__(self, values: Iterable[str]) -> None:
        self._by_key: dict[str, list[str]] = {}
        self._short: list[str] = []
        for value in {folded(value).lstrip() for value in values} - {""}:
            if len(value) < _KEY:
                self._short.append(value)
            else:
                self._by_key.setdefault(value[:_KEY], []).append(value)

    def at(self, text: str, character: int) -> list[int]:
        """Where the values end that stand at ``character`` of ``text``."""
        values = self._by_key.get(text[character : character + _KEY])
        found = [character + len(value) for value in values if text.startswith(value, character)] if values else []
        if self._short:
            found += [character + len(value) for value in self._short if text.startswith(value, character)]
        return found

    def beyond(self, text: str, character: int) -> list[int]:
        """Where the values end that stand anywhere in ``text`` from ``character`` on."""
        found: list[int] = []
        for begins in range(character, len(text)):
            values = self._by_key.get(text[begins : begins + _KEY])
            if values:
                found += [begins + len(value) for value in values if text.startswith(value, begins)]
        for value in self._short:
            found += (begins + len(value) for begins in _each(value, text, character))
        return found

    def within(self, text: str) -> set[str]:
        """The values that stand anywhere in ``text``."""
        found = {value for value in self._short if value in text}
        for character in range(len(text) - _KEY + 1):
            for value in self._by_key.get(text[character : character + _KEY], ()):
                if text.startswith(value, character):
                    found.add(value)
        return found


class Said:
    """A text while it is looked at, with what has been found out about it."""

    def __init__(self, text: str, house: Mapping[str, Values]) -> None:
        """``text`` as hassil compares it: without punctuation. ``house``: the values of lists that the house fills."""
        self.whole = folded(text) + " "
        broken = self.whole.translate(_BROKEN)
        self.plain = self.whole if broken == self.whole else ""
        """The text, where there is but one form of it."""
        self.forms = (self.whole,) if self.plain else (self.whole, broken)
        """hassil takes a hyphen for a space where it finds no other way."""
        self.house = house
        self._end = len(self.whole.rstrip(_NO_WORD))
        self.known: dict[tuple[int, Places], Places] = {}

    def begins(self, other: "Said") -> bool:
        """Whether ``other`` is the same text, or goes on behind it with another word."""
        return other.whole.startswith(self.whole)

    def ends_at(self, places: Places) -> bool:
        """Whether no more than punctuation is left at one of ``places``, which a template reached."""
        return any((self._end <= place >> 2 or place & _OPEN) and place >> 2 <= len(self.whole) for place in places)


class Node(Protocol):
    """A part of a template."""

    def reach(self, said: Said, places: Places) -> Places:
        """Where one may be behind it when one was at ``places`` before it; empty: it does not fit."""


class Literal:
    """Words, or a part of a word."""

    __slots__ = ("_kind", "_text", "moves", "stripped")

    def __init__(self, chunk: str) -> None:
        self._text = folded(chunk)
        self._kind = _STARTS if chunk.endswith((" ", "'")) else 0
        self.stripped = self._text.lstrip()
        """As it is at the start of a word."""
        self.moves = len(self.stripped) << 2 | self._kind
        """To be added to the place of a character: the place behind it."""

    def reach(self, said: Said, places: Places) -> Places:
        """See Node."""
        if not self._text:
            return places
        found: list[int] = []
        for place in places:
            for text in said.forms:
                if place & _OPEN:
                    found += self._beyond(text, place)
                    continue
                behind = self._behind(text, place)
                found += behind
                if not said.plain:
                    found += [each & ~_KIND | place & _KIND for each in behind]
        return _distinct(found)

    def _behind(self, text: str, place: int) -> Places:
        character = place >> 2
        if place & _STARTS:
            character = _word(text, character)
            if text.startswith(self.stripped, character):
                return ((character << 2) + self.moves,)
        elif text.startswith(self._text, character):
            return (character + len(self._text) << 2 | self._kind,)
        return () if self.stripped or text[character:].strip() else (place,)

    def _beyond(self, text: str, place: int) -> Iterable[int]:
        if not self.stripped:
            return (place | _STARTS,)
        return ((character << 2) + self.moves for character in _each(self.stripped, text, place >> 2))


class _Remembered:
    """A node that is walked once for all templates that hold it."""

    __slots__ = ("_number",)

    def __init__(self, number: int) -> None:
        """``number`` is its own among all nodes of a grammar."""
        self._number = number

    def reach(self, said: Said, places: Places) -> Places:
        """See Node."""
        key = (self._number, places)
        if (found := said.known.get(key)) is None:
            found = said.known[key] = self._walk(said, places)
        return found

    def _walk(self, said: Said, places: Places) -> Places:
        raise NotImplementedError


class Row(_Remembered):
    """One after the other."""

    __slots__ = ("_items",)

    def __init__(self, number: int, items: tuple[Node, ...]) -> None:
        super().__init__(number)
        self._items = items

    def _walk(self, said: Said, places: Places) -> Places:
        for item in self._items:
            places = item.reach(said, places)
            if not places:
                break
        return places


class Choice(_Remembered):
    """Any one of them."""

    __slots__ = ("_by_key", "_items", "_others")

    def __init__(self, number: int, items: tuple[Node, ...]) -> None:
        super().__init__(number)
        self._items = items
        self._by_key: dict[str, list[Literal]] = {}
        """Words, found by what a text goes on with."""
        self._others: list[Node] = []
        for item in items:
            if isinstance(item, Literal) and len(item.stripped) >= _KEY:
                self._by_key.setdefault(item.stripped[:_KEY], []).append(item)
            else:
                self._others.append(item)

    def _walk(self, said: Said, places: Places) -> Places:
        if not said.plain or len(places) > 1 or places[0] & _KIND != _STARTS:
            return _either([found for item in self._items if (found := item.reach(said, places))])
        either = [found for item in self._others if (found := item.reach(said, places))]
        character = _word(said.plain, places[0] >> 2)
        for literal in self._by_key.get(said.plain[character : character + _KEY], ()):
            if said.plain.startswith(literal.stripped, character):
                either.append(((character << 2) + literal.moves,))
        return _either(either)


class AnyOrder(_Remembered):
    """All of them, in any order."""

    __slots__ = ("_items",)

    def __init__(self, number: int, items: tuple[Node, ...]) -> None:
        super().__init__(number)
        self._items = items

    def _walk(self, said: Said, places: Places) -> Places:
        return self._behind(said, places, self._items)

    def _behind(self, said: Said, places: Places, items: tuple[Node, ...]) -> Places:
        if not items or not places:
            return places
        return _either(
            [
                self._behind(said, item.reach(said, places), (*items[:number], *items[number + 1 :]))
                for number, item in enumerate(items)
            ]
        )


class Listed(_Remembered):
    """A value of a list; behind it a word starts, or not, as before it."""

    __slots__ = ("_name", "_plain", "_templates")

    def __init__(self, number: int, name: str, plain: Values, templates: tuple[Node, ...]) -> None:
        """``name``: of a list that the house may fill; empty for one that it does not."""
        super().__init__(number)
        self._name, self._plain, self._templates = name, plain, templates

    def _walk(self, said: Said, places: Places) -> Places:
        values, found = said.house.get(self._name, self._plain), list[int]()
        for place in places:
            starts, character = place & _STARTS, place >> 2
            for text in said.forms:
                if place & _OPEN:
                    ends = values.beyond(text, character)
                else:
                    ends = values.at(text, _word(text, character) if starts else character)
                found += [end << 2 | starts for end in ends]
            for template in self._templates:
                found += [each & ~_STARTS | starts for each in template.reach(said, (place,))]
        return _distinct(found)


class Number(_Remembered):
    """A number in digits, or one in words, which may go on for as long as it likes."""

    __slots__ = ("_spelt",)

    def __init__(self, number: int, spelt: re.Pattern[str]) -> None:
        """``spelt``: how number words begin."""
        super().__init__(number)
        self._spelt = spelt

    def _walk(self, said: Said, places: Places) -> Places:
        found: list[int] = []
        for place in places:
            for text in said.forms:
                find = self._beyond if place & _OPEN else self._at
                found += [end << 2 | place & _STARTS for end in find(text, place >> 2)]
        return _distinct(found)

    def _at(self, text: str, character: int) -> Iterator[int]:
        for pattern in (_INTEGER, _DECIMAL):
            if (digits := pattern.match(text, character)) is not None:
                yield digits.end()
        if self._spelt.match(text, _word(text, character)):
            yield from range(character + 1, len(text))

    def _beyond(self, text: str, character: int) -> Iterator[int]:
        for pattern in (_INTEGER, _DECIMAL):
            yield from (digits.end() for digits in pattern.finditer(text, character))
        if (spelt := self._spelt.search(text, character)) is not None:
            yield from range(spelt.start() + 1, len(text))


class FreeText:
    """Anything, as long as it is not nothing."""

    __slots__ = ()

    def reach(self, said: Said, places: Places) -> Places:
        """See Node."""
        return _distinct([place | _OPEN for place in places])


class Unknown:
    """What is not looked into: anything, or nothing."""

    __slots__ = ()

    def reach(self, said: Said, places: Places) -> Places:
        """See Node."""
        return _distinct([place & ~_KIND | kind for place in places for kind in (_OPEN, _OPEN | _STARTS)])


def _word(text: str, character: int) -> int:
    """The next character that is no space."""
    while text.startswith(" ", character):
        character += 1
    return character


def _each(wanted: str, text: str, character: int) -> Iterator[int]:
    """Where ``wanted`` stands in ``text`` from ``character`` on."""
    character = text.find(wanted, character)
    while character >= 0:
        yield character
        character = text.find(wanted, character + 1)


def _either(found: list[Places]) -> Places:
    if not found:
        return ()
    first, *further = found
    return tuple(sorted(set(first).union(*further))) if further else first


def _distinct(places: list[int]) -> Places:
    return tuple(sorted(set(places))) if len(places) > 1 else tuple(places)
