"""What can be said, as an automaton over words that is unfolded only as far as somebody walks it.

Built from hassil's sentence templates and lists. A template with a free-text list (a wildcard) can't be listed and is
left out: what is said in it is for the transcript alone.

A state is a set of continuations, the ways in which the sentence may go on; walking on by a word gives another state.
That is Brzozowski's derivative (Derivatives of regular expressions, 1964) taken word by word, and each is kept.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

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

_Tail: TypeAlias = "tuple[_Node, _Tail] | None"
"""What is still to be said: a node, and what follows it."""


@dataclass(frozen=True, eq=False, slots=True)
class _Row:
    """One after the other."""

    items: "tuple[_Node, ...]"


@dataclass(frozen=True, eq=False, slots=True)
class _Choice:
    """Any one of them."""

    items: "tuple[_Node, ...]"


@dataclass(frozen=True, eq=False, slots=True)
class _AnyOrder:
    """All of them, in any order."""

    items: "tuple[_Node, ...]"


@dataclass(eq=False, slots=True)
class _Branch:
    """A node in a tree of phrases, word by word: a list of many plain values."""

    children: "dict[str, _Branch]" = field(default_factory=dict)
    final: bool = False

    def add(self, phrase: str) -> None:
        node = self
        for word in phrase.split():
            node = node.children.setdefault(word, _Branch())
        node.final = True


@dataclass(frozen=True, eq=False, slots=True)
class _After:
    """Just behind a word of a tree: the phrase is over, or goes on."""

    branch: _Branch


@dataclass(frozen=True, slots=True)
class _Joined:
    """Several continuations that share what comes first."""

    tails: frozenset[_Tail]


_Node: TypeAlias = "str | _Row | _Choice | _AnyOrder | _Branch | _After | _Joined"
_NOTHING: Final = _Choice(())


class Unlistable(Exception):
    """A template holds free text."""


class State:
    """Somewhere in a sentence. The same way there always gives the same object."""

    __slots__ = ("_automaton", "_complete", "_following", "_tails")

    def __init__(self, automaton: "Automaton", tails: frozenset[_Tail]) -> None:
        self._automaton, self._tails = automaton, tails
        self._following: Mapping[str, State] | None = None
        self._complete = False

    @property
    def following(self) -> "Mapping[str, State]":
        """Each word that may come next, and where it leads."""
        if self._following is None:
            self._following, self._complete = self._automaton.unfold(self._tails)
        return self._following

    @property
    def complete(self) -> bool:
        """Whether the sentence may end here."""
        return bool(self.following is not None and self._complete)


class Automaton:
    """All sentences of a grammar with its lists."""

    def __init__(self, intents: Intents, lists: Mapping[str, SlotList]) -> None:
        """``lists``: the house's names and areas, beside the lists that the sentences bring along."""
        self._states: dict[frozenset[_Tail], State] = {}
        skip = _polite(intents.skip_words)
        sentences = _Choice(tuple(_Templates(intents, lists).sentences()))
        self.start = self._state(frozenset({(_Row((skip, sentences, skip)), None)}))
        """Before the first word."""

    def accepts(self, sentence: str) -> bool:
        """Whether ``sentence`` is one of them, word for word."""
        state: State | None = self.start
        for word in sentence.split():
            state = state.following.get(word) if state else None
        return state is not None and state.complete

    def unfold(self, tails: frozenset[_Tail]) -> tuple[Mapping[str, State], bool]:
        """The words that may follow, with their states, and whether nothing need follow."""
        reached, complete = _next_words(tails)
        return {word: self._state(frozenset(tails)) for word, tails in reached.items()}, complete

    def _state(self, tails: frozenset[_Tail]) -> State:
        return self._states.setdefault(tails, State(self, tails))


def _next_words(tails: Iterable[_Tail]) -> tuple[dict[str, set[_Tail]], bool]:
    reached: dict[str, set[_Tail]] = {}
    branches: dict[tuple[str, _Branch], set[_Tail]] = {}
    complete = False
    waiting: list[tuple[str, _Tail]] = [("", tail) for tail in tails]
    seen = set(waiting)
    while waiting or branches:
        if not waiting:
            waiting.extend(_into(branches, seen))
            continue
        prefix, tail = waiting.pop()
        if tail is None:
            if prefix:
                reached.setdefault(prefix, set()).add(None)
            else:
                complete = True
            continue
        node, rest = tail
        if isinstance(node, _Branch):
            branches.setdefault((prefix, node), set()).add(rest)
            continue
        if isinstance(node, str):
            head, space, remainder = _split(node if prefix else node.lstrip())
            if space and prefix + head:
                reached.setdefault(prefix + head, set()).add((remainder, rest) if remainder else rest)
                continue
            onward: list[tuple[str, _Tail]] = [(prefix + head, rest)]
        elif isinstance(node, _After):
            if node.branch.children:
                reached.setdefault(prefix, set()).add((node.branch, rest))
            onward = [(prefix, rest)] if node.branch.final else []
        else:
            onward = [(prefix, further) for further in _expand(node, rest)]
        fresh = [step for step in onward if step not in seen]
        seen.update(fresh)
        waiting.extend(fresh)
    return reached, complete


def _into(branches: dict[tuple[str, _Branch], set[_Tail]], seen: set[tuple[str, _Tail]]) -> Iterator[tuple[str, _Tail]]:
    """The words of the trees that were reached: once a tree, however many templates lead into it."""
    for (prefix, branch), rests in branches.items():
        rest: _Tail = next(iter(rests)) if len(rests) == 1 else (_Joined(frozenset(rests)), None)
        for word, child in branch.children.items():
            step = (prefix + word, (_After(child), rest))
            seen.add(step)
            yield step
    branches.clear()


def _split(text: str) -> tuple[str, bool, str]:
    """The text before the first space, whether there is one, and what follows it."""
    head = text.split(maxsplit=1)[0] if text and not text[0].isspace() else ""
    return head, len(head) < len(text), text[len(head) :].lstrip()


def _expand(node: "_Row | _Choice | _AnyOrder | _Joined", rest: _Tail) -> Iterator[_Tail]:
    match node:
        case _Row(items):
            for item in reversed(items):
                rest = (item, rest)
            yield rest
        case _Choice(items):
            for item in items:
                yield (item, rest)
        case _AnyOrder(items):
            for number, item in enumerate(items):
                others = items[:number] + items[number + 1 :]
                yield (item, (_AnyOrder(others), rest)) if others else (item, rest)
        case _Joined(tails):
            assert rest is None
            yield from tails


def _polite(phrases: Iterable[str]) -> _Node:
    """Words that mean nothing, none or two of them."""
    tree = _Branch()
    for phrase in phrases:
        tree.add(phrase)
    once = _Choice(("", _Row((" ", tree, " "))))
    return _Row((once, once)) if tree.children else ""


class _Templates:
    """Turns hassil's expressions into nodes; rules and lists are turned once."""

    def __init__(self, intents: Intents, lists: Mapping[str, SlotList]) -> None:
        self._intents = intents
        self._lists = {**intents.slot_lists, **lists}
        self._rules: dict[tuple[str, int], _Node] = {}
        self._trees: dict[tuple[str, str], _Node] = {}

    def sentences(self) -> Iterator[_Node]:
        """One node for each template that can be listed."""
        for intent in self._intents.intents.values():
            for data in intent.data:
                scope = _Scope(self, data)
                for sentence in data.sentences:
                    try:
                        yield scope.node(sentence.expression)
                    except Unlistable:
                        continue

    def rule(self, name: str, data: IntentData, scope: "_Scope") -> _Node:
        local = data.expansion_rules.get(name)
        key = (name, id(data) if local or data.slot_lists or data.requires_context else 0)
        if key not in self._rules:
            sentence: Sentence = local or self._intents.expansion_rules[name]
            self._rules[key] = scope.node(sentence.expression)
        return self._rules[key]

    def values(self, reference: ListReference, data: IntentData, scope: "_Scope") -> _Node:
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

    def _tree(self, values: SlotList | None, data: IntentData, scope: "_Scope") -> _Node:
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
    def _numbers(numbers: RangeSlotList) -> _Node:
        """In digits alone: however a number is spoken, there is one way to write it."""
        tree = _Branch()
        for number in numbers.get_numbers():
            tree.add(f"{number:g}" if isinstance(number, float) else str(number))
        return tree


class _Scope:
    """One block of sentences: its own rules and lists come before the common ones."""

    def __init__(self, templates: _Templates, data: IntentData) -> None:
        self._templates, self._data = templates, data

    def node(self, expression: Expression) -> _Node:
        """Raises Unlistable."""
        match expression:
            case TextChunk():
                return expression.original_text
            case Alternative():
                return self._choice(expression)
            case Permutation():
                return _AnyOrder(tuple(_Row((" ", self.node(item), " ")) for item in expression.items))
            case Sequence():
                return _Row(tuple(self.node(item) for item in expression.items))
            case RuleReference():
                return self._templates.rule(expression.rule_name, self._data, self)
            case ListReference():
                return self._affixed(expression, self._templates.values(expression, self._data, self))
        raise TypeError(expression)

    def _choice(self, expression: Alternative) -> _Node:
        """A branch with free text in it is left out, as long as another is there."""
        items = []
        for item in expression.items:
            try:
                items.append(self.node(item))
            except Unlistable:
                continue
        if not items:
            raise Unlistable
        return _Choice(tuple(items))

    @staticmethod
    def _affixed(reference: ListReference, values: _Node) -> _Node:
        if reference.prefix or reference.suffix:
            return _Row((reference.prefix or "", values, reference.suffix or ""))
        return values


def _phrases(values: Iterable[TextSlotValue], scope: _Scope) -> _Node:
    tree, templates = _Branch(), []
    for value in values:
        if isinstance(value.text_in, TextChunk):
            tree.add(value.text_in.original_text)
        else:
            templates.append(scope.node(value.text_in))
    if not tree.children:
        return _Choice(tuple(templates))
    return _Choice((tree, *templates)) if templates else tree


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
