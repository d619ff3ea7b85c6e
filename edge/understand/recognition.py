"""hassil, led to the few templates that a text can belong to.

hassil tries each template on every text, and that takes longer than all else. What a template can't do without
(:mod:`edge.understand.needs`) is looked up first, for all templates at once.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from hassil import Intents
from hassil.expression import Sentence, TextChunk
from hassil.intents import Intent, IntentData, SlotList, TextSlotList
from hassil.recognize import RecognizeResult, recognize_best
from hassil.util import normalize_for_matching

from edge.understand.needs import HOUSE, Beginning, beginning, needed_for, needed_lists, number_fragments

_REMEMBERED: Final = 2000
"""Chosen parts of blocks that are kept; then all are chosen anew."""


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of the house as it is now."""

    lists: Mapping[str, SlotList]
    spoken: Mapping[str, frozenset[str]]
    """By list: each value in the form in which texts are compared."""
    starts: Mapping[str, tuple[str, ...]]
    """The same, to be asked whether a text begins with one."""

    def values(self, name: str) -> Iterator[tuple[str, str]]:
        """What is said of the list ``name``, and what it means."""
        found = self.lists.get(name)
        for value in found.values if isinstance(found, TextSlotList) else ():
            if isinstance(value.text_in, TextChunk):
                yield value.text_in.text.strip(), str(value.value_out)

    @classmethod
    def of(cls, values: Mapping[str, Iterable[tuple[Any, ...]]]) -> "Lists":
        """By list: tuples of what is said, what it means and (maybe) a context. What is said is no template."""
        spoken = {name: frozenset(_folded(entry[0]) for entry in entries) - {""} for name, entries in values.items()}
        return cls(
            {
                name: TextSlotList.from_tuples(_as_compared(entries), allow_template=False, name=name)
                for name, entries in values.items()
            },
            spoken,
            {name: tuple(entries) for name, entries in spoken.items()},
        )


@dataclass(frozen=True, slots=True)
class _Block:
    """A block of templates, and what each can't do without, as bits."""

    intent: str
    data: IntentData
    needs: tuple[int, ...]


class Recognition:
    """All sentences of a grammar."""

    def __init__(self, intents: Intents) -> None:
        self._intents = intents
        self._numbers = number_fragments(intents.language)
        self._frame = _around(intents.skip_words)
        self._bits: dict[frozenset[str] | str | Beginning, int] = {}
        self._blocks = [
            _Block(name, data, self._needs(data)) for name, intent in intents.intents.items() for data in intent.data
        ]
        self._by_need: dict[int, list[tuple[int, int]]] = {}
        for number, block in enumerate(self._blocks):
            for place, need in enumerate(block.needs):
                self._by_need.setdefault(need, []).append((number, place))
        self._clauses = [(clause, bit) for clause, bit in self._bits.items() if isinstance(clause, frozenset)]
        self._beginnings = [
            (begin, tuple(begin.words), bit) for begin, bit in self._bits.items() if isinstance(begin, Beginning)
        ]
        self._fragments = frozenset(fragment for clause, _ in self._clauses for fragment in clause)
        self._parts: dict[tuple[int, int], IntentData] = {}

    def best(self, text: str, house: Lists, area: str | None, language: str) -> RecognizeResult | None:
        """The best reading of ``text``, asked from ``area``; None when no template fits it as a whole."""
        bare = self._frame.sub("", text)
        found = self._tried(bare, house, area, language)
        # Free text is what was said, polite or not; and what is polite elsewhere may be what a template is about.
        if bare != text and (found is None or any(entity.is_wildcard for entity in found.entities_list)):
            return self._tried(text, house, area, language)
        return found

    @property
    def words(self) -> frozenset[str]:
        """Words, or parts of words, that some template can't do without."""
        return self._fragments

    def lacks_a_name(self, text: str, house: Lists) -> bool:
        """Whether ``text`` may belong to a template once a name of the house is put into it."""
        said = self._said(_folded(text), house)
        named = sum(self._bits.get(name, 0) for name in HOUSE)
        begun = sum(bit for begin, _, bit in self._beginnings if begin.lists)
        return any(need & named and not need & ~(named | begun | said) for need in self._by_need)

    def _tried(self, text: str, house: Lists, area: str | None, language: str) -> RecognizeResult | None:
        blocks = self._possible(text, house, area)
        if not blocks:
            return None
        return recognize_best(
            text,
            replace(self._intents, intents={name: Intent(name, data) for name, data in blocks.items()}),
            slot_lists=dict(house.lists),
            # The room that is meant when none is named.
            intent_context={"area": {"value": area, "text": area}} if area else {},
            language=language,
            best_slot_name="name",
        )

    def _possible(self, text: str, house: Lists, area: str | None) -> dict[str, list[IntentData]]:
        if self._intents.settings.ignore_whitespace:  # where words run together, fragments prove nothing
            return {name: intent.data for name, intent in self._intents.intents.items()}
        lacking = ~self._said(_folded(text), house)
        places: dict[int, list[int]] = {}
        for need, templates in self._by_need.items():
            if not need & lacking:
                for number, place in templates:
                    places.setdefault(number, []).append(place)
        found: dict[str, list[IntentData]] = {}
        for number in sorted(places):
            block = self._blocks[number]
            # A block may exclude the area: it is for when none is known.
            if "area" not in (block.data.excludes_context if area else block.data.requires_context):
                found.setdefault(block.intent, []).append(self._part(number, block, sorted(places[number])))
        return found

    def _part(self, number: int, block: _Block, places: list[int]) -> IntentData:
        """The block with no more than the templates at ``places``."""
        if len(places) == len(block.needs):
            return block.data
        key = (number, sum(1 << place for place in places))
        if key not in self._parts:
            if len(self._parts) > _REMEMBERED:
                self._parts.clear()
            templates = [block.data.sentences[place] for place in places]
            part = replace(block.data, sentence_texts=[template.text or "" for template in templates])
            # Where hassil keeps what it parsed: it need not be parsed again.
            vars(part)["sentences"] = templates
            self._parts[key] = part
        return self._parts[key]

    def _said(self, text: str, house: Lists) -> int:
        """A bit for each need that ``text`` meets."""
        haystack = text + "\n" + text.replace("-", " ").replace("_", " ")
        fragments = {fragment for fragment in self._fragments if fragment in haystack}
        said = sum(bit for clause, bit in self._clauses if not fragments.isdisjoint(clause))
        for name in HOUSE:
            if name in self._bits and any(value in haystack for value in house.spoken.get(name, ())):
                said |= self._bits[name]
        starts = (*haystack.split("\n"), self._frame.sub("", text))
        first = {name for name in HOUSE if any(start.startswith(house.starts.get(name, ())) for start in starts)}
        for begin, words, bit in self._beginnings:
            if not first.isdisjoint(begin.lists) or any(start.startswith(words) for start in starts):
                said |= bit
        return said

    def _needs(self, block: IntentData) -> tuple[int, ...]:
        rules = {**self._intents.expansion_rules, **block.expansion_rules}
        lists = {**self._intents.slot_lists, **block.slot_lists}
        return tuple(self._need(sentence, rules, lists) for sentence in block.sentences)

    def _need(self, sentence: Sentence, rules: dict[str, Sentence], lists: dict[str, SlotList]) -> int:
        need = 0
        for clause in sentence.get_required_clauses(rules):
            need |= self._bit(clause)
        for name in needed_lists(sentence.expression, rules):
            if name in HOUSE and name not in lists:
                need |= self._bit(name)
            elif held := needed_for(lists.get(name), rules, self._numbers) if name else self._numbers:
                need |= self._bit(held)
        begin = beginning(sentence.expression, rules, lists)
        return need if begin.anything or begin.empty else need | self._bit(begin)

    def _bit(self, clause: frozenset[str] | str | Beginning) -> int:
        return self._bits.setdefault(clause, 1 << len(self._bits))


def _around(phrases: Iterable[str]) -> re.Pattern[str]:
    """Phrases that mean nothing, at the start and at the end of a text."""
    one = "|".join(map(re.escape, sorted(phrases, key=len, reverse=True)))
    return re.compile(rf"^(?:(?:{one})\b[\s,.!?]*)+(?=\w)|(?:[\s,.!?]+(?:{one}))+[\s,.!?]*$", re.IGNORECASE)


def _as_compared(entries: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Names as they are, and as hassil leaves them of a text: "Mr. Coffee" without its full stop."""
    for entry in entries:
        yield entry
        plain = " ".join(normalize_for_matching(entry[0]).text.split())
        if plain and plain != entry[0]:
            yield (plain, *entry[1:])


def _folded(text: str) -> str:
    return " ".join(normalize_for_matching(text).text.casefold().split())
