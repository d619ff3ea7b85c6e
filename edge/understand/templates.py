"""Hassil's sentence templates and lists as nodes (:mod:`edge.understand.nodes`).

Rules and lists are turned once, however many templates refer to them, so that what they share stays shared.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

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
from hassil.intents import IntentData, RangeSlotList, SlotList, TextSlotList, TextSlotValue

from edge.understand.nodes import AnyOrder, Branch, Choice, Node, Row

_NOTHING: Final = Choice(())


class Unlistable(Exception):
    """A template holds free text."""


class Templates:
    """Turns hassil's expressions into nodes; rules and lists are turned once."""

    def __init__(self, intents: Intents, lists: Mapping[str, SlotList]) -> None:
        self._intents = intents
        self._lists = {**intents.slot_lists, **lists}
        self._rules: dict[tuple[str, int], Node] = {}
        self._trees: dict[tuple[str, str], Node] = {}

    def sentences(self) -> Iterator[Node]:
        """One node for each template that can be listed."""
        for intent in self._intents.intents.values():
            for data in intent.data:
                scope = _Scope(self, data)
                for sentence in data.sentences:
                    try:
                        yield scope.node(sentence.expression)
                    except Unlistable:
                        continue

    def rule(self, name: str, data: IntentData, scope: "_Scope") -> Node:
        local = data.expansion_rules.get(name)
        key = (name, id(data) if local or data.slot_lists or data.requires_context else 0)
        if key not in self._rules:
            sentence: Sentence = local or self._intents.expansion_rules[name]
            self._rules[key] = scope.node(sentence.expression)
        return self._rules[key]

    def values(self, reference: ListReference, data: IntentData, scope: "_Scope") -> Node:
        """The values of a list that may be said in this block of sentences."""
        name = reference.list_name
        if reference.is_inline_range:
            start, stop, step = reference.get_inline_range() or (0, 0, 1)
            return self._numbers(RangeSlotList(name, start, stop, step))
        local = data.slot_lists.get(name)
        key = (name, repr(sorted(data.requires_context.items())) if local is None else str(id(local)))
        if key not in self._trees:
            self._trees[key] = self._tree(local or self._lists.get(name), data, scope)
        return self._trees[key]

    def _tree(self, values: SlotList | None, data: IntentData, scope: "_Scope") -> Node:
        match values:
            case None:
                return _NOTHING
            case RangeSlotList():
                return self._numbers(values)
            case TextSlotList():
                return _phrases((value for value in values.values if _fits(value, data)), scope)
            case _:
                raise Unlistable

    @staticmethod
    def _numbers(numbers: RangeSlotList) -> Node:
        """In digits alone: however a number is spoken, there is one way to write it."""
        tree = Branch()
        for number in numbers.get_numbers():
            tree.add(f"{number:g}" if isinstance(number, float) else str(number))
        return tree


class _Scope:
    """One block of sentences: its own rules and lists come before the common ones."""

    def __init__(self, templates: Templates, data: IntentData) -> None:
        self._templates, self._data = templates, data

    def node(self, expression: Expression) -> Node:
        """Raises Unlistable."""
        match expression:
            case TextChunk():
                return expression.original_text
            case Alternative():
                return self._choice(expression)
            case Permutation():
                return AnyOrder(tuple(Row((" ", self.node(item), " ")) for item in expression.items))
            case Sequence():
                return Row(tuple(self.node(item) for item in expression.items))
            case RuleReference():
                return self._templates.rule(expression.rule_name, self._data, self)
            case ListReference():
                return self._affixed(expression, self._templates.values(expression, self._data, self))
        raise TypeError(expression)

    def _choice(self, expression: Alternative) -> Node:
        """A branch with free text in it is left out, as long as another is there."""
        items = []
        for item in expression.items:
            try:
                items.append(self.node(item))
            except Unlistable:
                continue
        if not items:
            raise Unlistable
        return Choice(tuple(items))

    @staticmethod
    def _affixed(reference: ListReference, values: Node) -> Node:
        if reference.prefix or reference.suffix:
            return Row((reference.prefix or "", values, reference.suffix or ""))
        return values


def _phrases(values: Iterable[TextSlotValue], scope: _Scope) -> Node:
    tree, templates = Branch(), []
    for value in values:
        if isinstance(value.text_in, TextChunk):
            tree.add(value.text_in.original_text)
        else:
            templates.append(scope.node(value.text_in))
    if not tree.children:
        return Choice(tuple(templates))
    return Choice((tree, *templates)) if templates else tree


def _fits(value: TextSlotValue, data: IntentData) -> bool:
    """Whether a value is of the kind (domain, device class) that the block's sentences are about."""
    context: Mapping[str, Any] = value.context or {}
    for key, wanted in data.requires_context.items():
        allowed = wanted.get("value") if isinstance(wanted, dict) else wanted
        if key in context and allowed is not None:
            options = allowed if isinstance(allowed, list) else [allowed]
            if context[key] not in options:
                return False
    return True


def polite(phrases: Iterable[str]) -> Node:
    """Up to two phrases that mean nothing."""
    tree = Branch(meaningless=True)
    for phrase in phrases:
        tree.add(phrase)
    once = Choice(("", Row((" ", tree, " "))))
    return Row((once, once)) if tree.children else ""
