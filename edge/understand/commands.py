"""Several commands in one sentence: where it is cut, and what a part leaves out because another part says it.

"Turn off the lights and lock the front door", "turn on the lamp and the fan", "turn the bed and desk lamps off".
All parts must be understood, else none is: half a command is a wrong action.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from edge.intents import Intent
from edge.understand.phrasing import Phrasing

PARTS: Final = 6
"""Nobody strings more together, but noise does."""
_TRIES: Final = 24
"""Readings of parts that one sentence is worth."""
_BARE: Final = 8
"""Words of a part that another one completes, or that stand before what it is completed by: a name with its place."""
SURE: Final = 0.99
"""Confidence of a template that matched a whole sentence."""
_TAKEN_BACK: Final = "HassNevermind"
_SMALL_TALK: Final = "HassRespond"
_TARGET: Final = ("name", "area", "floor", "domain", "device_class")
NAMED_ALONE: Final = frozenset({"scene", "script"})
"""What is told to begin by its name alone."""
_ENDED_BY_A_COMMAND: Final = frozenset({"search_query", "item", "when", "about", "place", "name"})
"""Slots of free text that end where another command begins; a message or a reminder may hold one."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one command means."""

    intent: Intent
    confidence: float
    free: frozenset[str] = frozenset()
    """Slots that hold free text."""
    names: frozenset[str] = frozenset()
    """What was said of the house's names, areas and floors."""
    values: frozenset[str] = frozenset()
    """Slots that hold something else that was said."""
    borrows: bool = False
    """Whether another part of the sentence completes it."""


ReadOne = Callable[[str], Reading | None]


def cut(text: str, at: re.Pattern[str], names: Iterable[str]) -> list[tuple[int, int]]:
    """The parts of ``text`` between matches of ``at``, as (start, end); ``names`` (in lower case) stay whole."""
    lower = text.lower()
    kept = [span for name in names for span in _places(name, lower)]
    parts, start = [], 0
    for found in at.finditer(text):
        if any(begin < found.end() and found.start() < end for begin, end in kept):
            continue
        if found.start() > start:
            parts.append((start, found.start()))
        start = found.end()
    if start < len(text):
        parts.append((start, len(text)))
    return parts


def _places(name: str, text: str) -> Iterator[tuple[int, int]]:
    start = text.find(name)
    while start >= 0:
        yield start, start + len(name)
        start = text.find(name, start + 1)


class Commands:
    """The commands of one sentence."""

    def __init__(
        self,
        text: str,
        parts: Sequence[tuple[int, int]],
        phrasing: Phrasing,
        one: ReadOne,
        names_something: Callable[[str], bool],
    ) -> None:
        """``one`` reads a single command; ``names_something`` tells whether a part names a thing or a place."""
        self._text, self._parts, self._phrasing, self._one = text, parts, phrasing, one
        self._names_something = names_something
        self._known: dict[str, Reading | None] = {}

    def read(self) -> tuple[Reading, ...] | None:
        """All of them in order; None when a part is not understood."""
        whole = self._read(self._text)
        several = None
        if 1 < len(self._parts) <= PARTS and (whole is None or self._swallows(whole)):
            several = self._from(0, None)
        return _shared(several) if several else ((whole,) if whole else None)

    def _swallows(self, whole: Reading) -> bool:
        """Whether its free text ends in a command: "play some jazz and turn off the lights"."""
        said = self._said(len(self._parts) - 1, len(self._parts))
        last = self._read(said)
        if last is None or last.free or last.confidence < SURE or not whole.free & _ENDED_BY_A_COMMAND:
            return False
        # "Cancel the alarm at seven and the alarm at eight": what begins with an article tells no verb of its own.
        return said.split()[0].lower() not in self._phrasing.articles or last.intent.name == whole.intent.name

    def _from(self, first: int, before: tuple[str, Reading] | None) -> tuple[Reading, ...] | None:
        """The commands from part ``first`` on; ``before``: the command that comes before, as it would stand alone."""
        if first == len(self._parts):
            return ()
        for end in range(len(self._parts), first, -1):
            if (first, end) == (0, len(self._parts)):
                continue
            text, found = self._command(first, end, before)
            if found is not None and (rest := self._from(end, (text, found))) is not None:
                return (found, *rest)
        return None

    def _command(self, first: int, end: int, before: tuple[str, Reading] | None) -> tuple[str, Reading | None]:
        """The parts from ``first`` to ``end`` as one command: as it would stand alone, and what it means."""
        text = self._said(first, end)
        if end > first + 1:
            return text, self._read(text)
        if before is not None and (found := self._about_it(text, before[1])) is not None:
            return text, found
        alone = self._read(text)
        if alone is not None and alone.confidence >= SURE:
            bare = before is not None and text.split()[0].lower() in self._phrasing.articles
            return text, replace(alone, borrows=bare)
        # A mere name is part of another command before it is one itself.
        whole, completed = self._elliptical(first, before)
        if completed is not None:
            return whole, replace(completed, borrows=True)
        return text, alone if alone is not None and alone.intent.domain in NAMED_ALONE else None

    def _elliptical(self, part: int, before: tuple[str, Reading] | None) -> tuple[str, Reading | None]:
        """The part, completed by what the one before or the one behind says for both."""
        text = self._said(part, part + 1)
        if len(text.split()) <= _BARE and self._names_something(text):
            for whole in self._completed(text, part, before):
                if (found := self._borrowed(whole)) is not None:
                    return whole, found
        return text, None

    def _completed(self, text: str, part: int, before: tuple[str, Reading] | None) -> Iterator[str]:
        heads = list(self._heads(text, before[0])) if before is not None else []
        for head in heads:
            yield f"{head} {text}"
        if part + 1 < len(self._parts):
            behind = self._said(part + 1, part + 2).split()
            for left in range(1, min(len(behind), _BARE)):
                tail = " ".join(behind[left:])
                yield f"{text} {tail}"
                for head in heads[:1]:
                    yield f"{head} {text} {tail}"

    def _heads(self, text: str, before: str) -> Iterator[str]:
        """Beginnings of the sentence before that ``text`` may go on from, likeliest first."""
        articles, words = self._phrasing.articles, before.split()
        first = text.split(maxsplit=1)[0].lower()

        def fit(kept: int) -> int:
            """An article is likely to stand where one stood, and a bare name behind one."""
            if first in articles:
                return 2 * (words[kept].lower() == first) or int(words[kept].lower() in articles)
            return int(words[kept - 1].lower() in articles)

        for kept in sorted(range(1, len(words)), key=lambda kept: (-fit(kept), -kept)):
            yield " ".join(words[:kept])

    def _borrowed(self, text: str) -> Reading | None:
        """Words that were not said there must not end up in free text."""
        found = self._read(text)
        return None if found is None or found.free else found

    def _about_it(self, text: str, before: Reading) -> Reading | None:
        """ "Turn on the lamp and set it to blue": the part with what was named before in the pronoun's place."""
        words = text.split()
        places = [place for place, word in enumerate(words) if word.lower() in self._phrasing.pronouns]
        if len(places) != 1 or not before.names:
            return None
        for name in sorted(before.names):
            words[places[0]] = name
            if (found := self._borrowed(" ".join(words))) is not None:
                target = {slot: before.intent.slots[slot] for slot in _TARGET if slot in before.intent.slots}
                own = {slot: value for slot, value in found.intent.slots.items() if slot not in _TARGET}
                return replace(found, intent=replace(found.intent, slots={**target, **own}))
        return None

    def _said(self, first: int, end: int) -> str:
        return self._text[self._parts[first][0] : self._parts[end - 1][1]]

    def _read(self, text: str) -> Reading | None:
        if text not in self._known:
            if len(self._known) >= _TRIES:
                return None
            self._known[text] = self._one(text)
        return self._known[text]


def without_asides(readings: tuple[Reading, ...]) -> tuple[Reading, ...]:
    """``readings`` of one sentence, at least one, without what was taken back ("turn off the light, never mind") and
    the "yes" or "thanks" around a command.
    """
    names = [reading.intent.name for reading in readings]
    if _TAKEN_BACK in names[:-1]:
        return without_asides(readings[names.index(_TAKEN_BACK) + 1 :])
    if names[-1] == _TAKEN_BACK:
        return readings[-1:]
    return tuple(reading for reading in readings if reading.intent.name != _SMALL_TALK) or readings[:1]


def _shared(readings: tuple[Reading, ...]) -> tuple[Reading, ...]:
    """What is said once, at the end, for all: a place, as in "turn off the lights and the fan in the bedroom", or a
    value, as in "dim the bed light and the desk lamp to 30 percent".
    """
    shared = list(readings)
    for number in range(len(shared) - 2, -1, -1):
        this, following = shared[number], shared[number + 1]
        slots = dict(this.intent.slots)
        if following.borrows and following.names and not this.names:
            slots |= {
                slot: following.intent.slots[slot] for slot in ("area", "floor") if slot in following.intent.slots
            }
        if following.borrows and following.values and not this.values and following.intent.name == this.intent.name:
            slots = {slot: value for slot, value in slots.items() if slot in _TARGET}
            slots |= {slot: value for slot, value in following.intent.slots.items() if slot not in _TARGET}
        if slots != this.intent.slots:
            shared[number] = replace(following, intent=replace(this.intent, slots=slots))
    return tuple(shared)
