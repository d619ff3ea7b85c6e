"""Hassil's sentence templates as nodes whose reach can be asked (:mod:`edge.understand.reach`).

What is the same in many templates becomes one node, and is walked once for a text.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice, product
from typing import Final

from hassil import Intents
from hassil.expression import (
    Alternative,
    Expression,
    ListReference,
    Permutation,
    RuleReference,
    Sentence,
    Sequence,
    TextChunk,
)
from hassil.intents import IntentData, RangeSlotList, SlotList, TextSlotList, WildcardSlotList

from edge.understand.needs import number_fragments
from edge.understand.reach import AnyOrder, Choice, FreeText, Listed, Literal, Node, Number, Row, Unknown, Values

_DEEPEST: Final = 24
"""Rules within rules that are looked into."""
_TEXTS: Final = 32
"""Texts of a value that are written out."""
_UNKNOWN: Final = Unknown()
_FREE: Final = FreeText()


class Reachable:
    """The templates of a grammar, turned when they are first asked for."""

    def __init__(self, intents: Intents) -> None:
        self._intents = intents
        fragments = sorted(number_fragments(intents.language), key=len, reverse=True)
        self._spelt = re.compile("|".join(map(re.escape, fragments)) if fragments else "(?!)")
        self._nodes: dict[object, Node] = {}

    def node(self, sentence: Sentence, block: IntentData) -> Node:
        """The node of a template of ``block``."""
        return self._node(sentence.expression, block, 0)

    def _node(self, expression: Expression, block: IntentData, depth: int) -> Node:
        if depth > _DEEPEST:
            return _UNKNOWN
        match expression:
            case TextChunk():
                return self._literal(expression.text)
            case RuleReference():
                return self._rule(expression.rule_name, block, depth + 1)
            case ListReference():
                return self._list(expression, block, depth + 1)
            case Alternative():
                return self._several(Choice, expression.items, block, depth + 1)
            case Permutation():
                return self._several(AnyOrder, expression.items, block, depth + 1)
            case Sequence():
                return self._several(Row if expression.items else Choice, expression.items, block, depth + 1)
        return _UNKNOWN

    def _literal(self, chunk: str) -> Node:
        return self._nodes.setdefault(chunk, Literal(chunk))

    def _several(
        self, make: type[Row] | type[Choice] | type[AnyOrder], items: list[Expression], block: IntentData, depth: int
    ) -> Node:
        nodes = tuple(self._node(item, block, depth) for item in items)
        if len(nodes) == 1:
            return nodes[0]
        key = (make, *map(id, nodes))
        if (found := self._nodes.get(key)) is None:
            found = self._nodes[key] = make(len(self._nodes), nodes)
        return found

    def _rule(self, name: str, block: IntentData, depth: int) -> Node:
        own = bool(block.expansion_rules or block.slot_lists)
        key = ("rule", name, id(block) if own else 0)
        if key not in self._nodes:
            rule = block.expansion_rules.get(name) or self._intents.expansion_rules.get(name)
            self._nodes[key] = self._node(rule.expression, block, depth) if rule else _UNKNOWN
        return self._nodes[key]

    def _list(self, reference: ListReference, block: IntentData, depth: int) -> Node:
        name = reference.list_name
        own = block.slot_lists.get(name)
        key = ("list", name, id(own) if own else 0)
        if key not in self._nodes:
            values = own or self._intents.slot_lists.get(name)
            if values is None and (bounds := reference.get_inline_range()) is not None:
                values = RangeSlotList(name, *bounds)
            self._nodes[key] = self._values("" if own else name, values, block, depth)
        return self._nodes[key]

    def _values(self, name: str, values: SlotList | None, block: IntentData, depth: int) -> Node:
        match values:
            case RangeSlotList():
                words = self._spelt if values.start >= 0 else re.compile(r"\w")
                return Number(len(self._nodes), words if values.words else re.compile("(?!)"))
            case TextSlotList():
                plain: list[str] = []
                templates: list[Node] = []
                for value in values.values:
                    texts = list(islice(self._texts(value.text_in, block, depth), _TEXTS + 1))
                    if None in texts or len(texts) > _TEXTS:
                        templates.append(self._node(value.text_in, block, depth))
                    else:
                        plain += _spaced(filter(None, texts))
                return Listed(len(self._nodes), name, Values(plain), tuple(templates))
            case WildcardSlotList():
                return _FREE
        return Listed(len(self._nodes), name, Values(()), ())

    def _texts(self, expression: Expression, block: IntentData, depth: int) -> Iterator[str | None]:
        """All that ``expression`` may hold; None where that can't be listed."""
        match expression:
            case TextChunk():
                yield expression.text
            case Alternative():
                for item in expression.items:
                    yield from self._texts(item, block, depth)
            case Sequence():
                for parts in product(*(self._texts(item, block, depth) for item in expression.items)):
                    yield "".join(filter(None, parts)) if None not in parts else None
            case _:
                yield None


def _spaced(texts: Iterable[str]) -> Iterator[str]:
    """``texts`` with single spaces; with and without one at the end, since a value may leave it to what follows."""
    for text in texts:
        one = " ".join(text.split())
        yield from (one, f"{one} ") if text.endswith(" ") else (one,)
