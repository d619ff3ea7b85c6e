"""hassil, led to the few blocks of sentences that a text can belong to.

hassil tries each template on every text, and that takes longer than all else. What a template can't do without, a word
or a name of the house, is looked up first for all templates at once.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from hassil import Intents
from hassil.expression import Alternative, Expression, Group, ListReference, RuleReference, Sentence, TextChunk
from hassil.intents import Intent, IntentData, SlotList, TextSlotList
from hassil.recognize import RecognizeResult, recognize_best
from hassil.util import normalize_for_matching

HOUSE: Final = ("name", "area", "floor")
"""Lists that are filled from the house."""
_DEEPEST: Final = 10
"""Rules within rules that are looked into."""


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of the house as it is now."""

    lists: Mapping[str, SlotList]
    spoken: Mapping[str, frozenset[str]]
    """By list: each value in the form in which texts are compared."""

    def values(self, name: str) -> Iterator[tuple[str, str]]:
        """What is said of the list ``name``, and what it means."""
        found = self.lists.get(name)
        for value in found.values if isinstance(found, TextSlotList) else ():
            if isinstance(value.text_in, TextChunk):
                yield value.text_in.text.strip(), str(value.value_out)

    @classmethod
    def of(cls, values: Mapping[str, Iterable[tuple[Any, ...]]]) -> "Lists":
        """By list: tuples of what is said, what it means and (maybe) a context. What is said is no template."""
        return cls(
            {
                name: TextSlotList.from_tuples(_as_compared(entries), allow_template=False, name=name)
                for name, entries in values.items()
            },
            {name: frozenset(_folded(entry[0]) for entry in entries) - {""} for name, entries in values.items()},
        )


class Recognition:
    """All sentences of a grammar."""

    def __init__(self, intents: Intents) -> None:
        self._intents = intents
        self._bits: dict[frozenset[str] | str, int] = {}
        self._frame = _around(intents.skip_words)
        self._blocks = [
            (name, block, self._needs(block)) for name, intent in intents.intents.items() for block in intent.data
        ]
        self._fragments = frozenset(part for clause in self._bits if isinstance(clause, frozenset) for part in clause)

    def best(self, text: str, house: Lists, area: str | None, language: str) -> RecognizeResult | None:
        """The best reading of ``text``, asked from ``area``; None when no template fits it as a whole."""
        bare = self._frame.sub("", text)
        found = self._tried(bare, house, area, language)
        # Free text is what was said, polite or not; and what is polite elsewhere may be what a template is about.
        if bare != text and (found is None or any(entity.is_wildcard for entity in found.entities_list)):
            return self._tried(text, house, area, language)
        return found

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

    @property
    def words(self) -> frozenset[str]:
        """Words, or parts of words, that some template can't do without."""
        return self._fragments

    def lacks_a_name(self, text: str, house: Lists) -> bool:
        """Whether ``text`` may belong to a template once a name of the house is put into it."""
        said = self._said(_folded(text), house)
        named = 0
        for name in HOUSE:
            named |= self._bits.get(name, 0)
        return any(
            need & named and need & ~named & said == need & ~named for _, _, needs in self._blocks for need in needs
        )

    def _possible(self, text: str, house: Lists, area: str | None) -> dict[str, list[IntentData]]:
        everything = self._intents.settings.ignore_whitespace  # where words run together, fragments prove nothing
        said = 0 if everything else self._said(_folded(text), house)
        found: dict[str, list[IntentData]] = {}
        for name, block, needs in self._blocks:
            # A block may exclude the area: it is for when none is known.
            fits = "area" not in (block.excludes_context if area else block.requires_context)
            if fits and (everything or any(need & said == need for need in needs)):
                found.setdefault(name, []).append(block)
        return found

    def _said(self, text: str, house: Lists) -> int:
        """A bit for each need that ``text`` meets."""
        haystack = text + "\n" + text.replace("-", " ").replace("_", " ")
        fragments = {fragment for fragment in self._fragments if fragment in haystack}
        said = 0
        for clause, bit in self._bits.items():
            if isinstance(clause, str):
                met = any(value in haystack for value in house.spoken[clause])
            else:
                met = not fragments.isdisjoint(clause)
            if met:
                said |= bit
        return said

    def _needs(self, block: IntentData) -> frozenset[int]:
        """For each template, what it needs, as bits."""
        rules = {**self._intents.expansion_rules, **block.expansion_rules}
        needs = set()
        for sentence in block.sentences:
            need = 0
            for clause in sentence.get_required_clauses(rules):
                need |= self._bit(clause)
            for name in _needed_lists(sentence.expression, rules) - block.slot_lists.keys():
                need |= self._bit(name)
            needs.add(need)
        return frozenset(needs)

    def _bit(self, clause: frozenset[str] | str) -> int:
        return self._bits.setdefault(clause, 1 << len(self._bits))


def _needed_lists(expression: Expression, rules: Mapping[str, Sentence], depth: int = 0) -> set[str]:
    """The lists of the house of which every sentence of the template holds a value."""
    if depth > _DEEPEST:
        return set()
    match expression:
        case ListReference():
            return {expression.list_name}.intersection(HOUSE)
        case RuleReference():
            rule = rules.get(expression.rule_name)
            return _needed_lists(rule.expression, rules, depth + 1) if rule else set()
        case Alternative():
            if expression.is_optional or not expression.items:
                return set()
            return set.intersection(*(_needed_lists(item, rules, depth + 1) for item in expression.items))
        case Group():
            return set().union(*(_needed_lists(item, rules, depth + 1) for item in expression.items))
    return set()


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
