"""What a sentence template can't do without: words, names of the house, and words to begin with.

All are necessary for a match and none suffices, so that a template need not be tried on a text without them.
"""

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from hassil import Intents
from hassil.expression import (
    Alternative,
    Expression,
    Group,
    ListReference,
    Permutation,
    RuleReference,
    Sentence,
    TextChunk,
)
from hassil.intents import RangeSlotList, SlotList, TextSlotList
from unicode_rbnf import RbnfEngine

HOUSE: Final = ("name", "area", "floor")
"""Lists that are filled from the house."""
_DEEPEST: Final = 10
"""Rules within rules that are looked into."""
_LETTERS: Final = re.compile(r"[^\W\d]{2,}")
_FIRST_WORD: Final = re.compile(r"\s*(\w*)")

Rules = Mapping[str, Sentence]


def needed_lists(expression: Expression, rules: Rules, depth: int = 0) -> set[str]:
    """The lists of which every sentence of the template holds a value; ``""`` for a range written into it."""
    if depth > _DEEPEST:
        return set()
    match expression:
        case ListReference():
            return {"" if expression.is_inline_range else expression.list_name}
        case RuleReference():
            rule = rules.get(expression.rule_name)
            return needed_lists(rule.expression, rules, depth + 1) if rule else set()
        case Alternative():
            if expression.is_optional or not expression.items:
                return set()
            return set.intersection(*(needed_lists(item, rules, depth + 1) for item in expression.items))
        case Group():
            return set().union(*(needed_lists(item, rules, depth + 1) for item in expression.items))
    return set()


def needed_for(values: SlotList | None, rules: dict[str, Sentence], numbers: frozenset[str]) -> frozenset[str]:
    """Fragments of which every text holds one that holds a value of the list; empty: it may hold none.

    ``numbers``: fragments of numbers in digits and in words.
    """
    if isinstance(values, RangeSlotList):
        return numbers
    if not isinstance(values, TextSlotList):
        return frozenset()
    found: set[str] = set()
    for value in values.values:
        clauses = Sentence(expression=value.text_in).get_required_clauses(rules)
        if not clauses:
            return frozenset()
        found |= min(clauses, key=lambda clause: (len(clause), sorted(clause)))
    return frozenset(found)


@functools.cache
def number_fragments(language: str) -> frozenset[str]:
    """Digits, and parts of the words for numbers; empty where the language's number words are not known."""
    try:
        engine = RbnfEngine.for_language(language.split("-", maxsplit=1)[0])
    except ValueError:
        return frozenset()
    spelt = (words for number in (*range(101), 1000) for words in engine.format_number(number).text_by_ruleset.values())
    return frozenset("0123456789") | {part for words in spelt for part in _LETTERS.findall(words.casefold())}


@dataclass(frozen=True, slots=True)
class Beginning:
    """How the sentences of a template may begin."""

    words: frozenset[str] = frozenset()
    """First words, or what they begin with, in lower case."""
    lists: frozenset[str] = frozenset()
    """Lists of the house with whose values they may begin."""
    anything: bool = False
    empty: bool = False
    """Whether nothing need be said at all."""

    def __or__(self, other: "Beginning") -> "Beginning":
        """Either."""
        return Beginning(
            self.words | other.words,
            self.lists | other.lists,
            self.anything or other.anything,
            self.empty or other.empty,
        )


_NOTHING: Final = Beginning(empty=True)
_ANYTHING: Final = Beginning(anything=True)


def beginning(expression: Expression, rules: Rules, lists: Mapping[str, SlotList], depth: int = 0) -> Beginning:
    """How the template may begin."""
    if depth > _DEEPEST:
        return _ANYTHING
    match expression:
        case TextChunk():
            return _of_text(expression.text)
        case RuleReference():
            rule = rules.get(expression.rule_name)
            return beginning(rule.expression, rules, lists, depth + 1) if rule else _ANYTHING
        case ListReference():
            return _of_list(expression, rules, lists, depth)
        case Alternative():
            either = _either(beginning(item, rules, lists, depth + 1) for item in expression.items)
            return either | _NOTHING if expression.is_optional else either
        case Permutation():
            return _either(beginning(item, rules, lists, depth + 1) for item in expression.items)
        case Group():
            return _in_a_row(beginning(item, rules, lists, depth + 1) for item in expression.items)
    return _ANYTHING


def _of_text(text: str) -> Beginning:
    if not text.strip():
        return _NOTHING
    word = _FIRST_WORD.match(text)
    # Punctuation may be said or not.
    return Beginning(frozenset({word[1].casefold()})) if word and word[1] else _ANYTHING


def _of_list(reference: ListReference, rules: Rules, lists: Mapping[str, SlotList], depth: int) -> Beginning:
    if reference.prefix:
        return _of_text(reference.prefix)
    values = lists.get(reference.list_name)
    if values is None and reference.list_name in HOUSE:
        return Beginning(lists=frozenset({reference.list_name}))
    # An empty one is filled while it runs.
    if isinstance(values, TextSlotList) and values.values:
        return _either(beginning(value.text_in, rules, lists, depth + 1) for value in values.values)
    return _ANYTHING


def _either(beginnings: Iterable[Beginning]) -> Beginning:
    found = Beginning()
    for each in beginnings:
        found |= each
    return found


def _in_a_row(beginnings: Iterable[Beginning]) -> Beginning:
    found = _NOTHING
    for each in beginnings:
        found = Beginning(found.words, found.lists, found.anything) | each
        if not each.empty:
            break
    return found


Need: TypeAlias = frozenset[str] | str | Beginning
"""Fragments of which a text must hold one; a list of the house of which it must hold a value; how it must begin."""
Template: TypeAlias = tuple[int, int]
"""The number of its block among all blocks, and its own in the block."""


@dataclass(frozen=True, slots=True)
class Needed:
    """What the templates of a grammar can't do without."""

    numbers: Mapping[Need, int]
    """Each need, with its number."""
    templates: Mapping[frozenset[int], Sequence[Template]]
    """By the numbers of what they need."""

    @classmethod
    def of(cls, intents: Intents) -> "Needed":
        """Looks through all templates, which takes parsing them."""
        fragments = number_fragments(intents.language)
        numbers: dict[Need, int] = {}
        templates: dict[frozenset[int], list[Template]] = {}
        blocks = (block for intent in intents.intents.values() for block in intent.data)
        for number, block in enumerate(blocks):
            rules = {**intents.expansion_rules, **block.expansion_rules}
            lists = {**intents.slot_lists, **block.slot_lists}
            for place, sentence in enumerate(block.sentences):
                needs = _needs(sentence, rules, lists, fragments)
                key = frozenset(numbers.setdefault(need, len(numbers)) for need in needs)
                templates.setdefault(key, []).append((number, place))
        return cls(numbers, templates)


def _needs(
    sentence: Sentence, rules: dict[str, Sentence], lists: dict[str, SlotList], numbers: frozenset[str]
) -> Iterator[Need]:
    yield from sentence.get_required_clauses(rules)
    for name in needed_lists(sentence.expression, rules):
        if name in HOUSE and name not in lists:
            yield name
        elif held := needed_for(lists.get(name), rules, numbers) if name else numbers:
            yield held
    begin = beginning(sentence.expression, rules, lists)
    if not begin.anything and not begin.empty:
        yield begin
