"""What can be said, as an automaton over words that is unfolded only as far as somebody walks it.

Built from hassil's sentence templates and lists. A template with a free-text list (a wildcard) can't be listed and is
left out: what is said in it is for the transcript alone.

A state is a set of continuations, the ways in which the sentence may go on; walking on by a word gives another state.
That is Brzozowski's derivative (Derivatives of regular expressions, 1964) taken word by word, and each is kept.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from hassil import Intents
from hassil.intents import SlotList

from edge.understand.nodes import After, AnyOrder, Branch, Choice, Joined, Node, Row, Tail
from edge.understand.templates import Templates, polite


class State:
    """Somewhere in a sentence. The same way there always gives the same object."""

    __slots__ = ("_automaton", "_complete", "_following", "_tails")

    def __init__(self, automaton: "Automaton", tails: frozenset[Tail] | None) -> None:
        """``tails`` None: the beginning of all sentences, whose templates are read when somebody asks."""
        self._automaton, self._tails = automaton, tails
        self._following: Mapping[str, State] | None = None
        self._complete = False

    @property
    def following(self) -> "Mapping[str, State]":
        """Each word that may come next, and where it leads."""
        if self._following is None:
            self._following, self._complete = self._automaton.unfold(self._reached())
        return self._following

    @property
    def complete(self) -> bool:
        """Whether the sentence may end here."""
        return bool(self.following is not None and self._complete)

    @property
    def longest(self) -> int:
        """The most words that may still follow, politeness aside."""
        return self._automaton.longest(self._reached())

    def _reached(self) -> frozenset[Tail]:
        if self._tails is None:
            self._tails = self._automaton.sentences()
        return self._tails


class Automaton:
    """All sentences of a grammar with its lists."""

    def __init__(self, intents: Callable[[], Intents], lists: Mapping[str, SlotList]) -> None:
        """``lists``: the house's names and areas, beside the lists that the sentences bring along.

        Costs nothing: ``intents`` is asked for the templates by the thread that takes the first step.
        """
        self._intents, self._lists = intents, lists
        self._states: dict[frozenset[Tail], State] = {}
        self._lengths: dict[Node, int] = {}
        self.start = State(self, None)
        """Before the first word."""

    def sentences(self) -> frozenset[Tail]:
        """All of them, from the beginning."""
        intents = self._intents()
        skip = polite(intents.skip_words)
        templates = Choice(tuple(Templates(intents, self._lists).sentences()))
        return frozenset({(Row((skip, templates, skip)), None)})

    def accepts(self, sentence: str) -> bool:
        """Whether ``sentence`` is one of them, word for word."""
        state: State | None = self.start
        for word in sentence.split():
            state = state.following.get(word) if state else None
        return state is not None and state.complete

    def unfold(self, tails: frozenset[Tail]) -> tuple[Mapping[str, State], bool]:
        """The words that may follow, with their states, and whether nothing need follow."""
        reached, complete = _next_words(tails)
        return {word: self._state(frozenset(tails)) for word, tails in reached.items()}, complete

    def longest(self, tails: frozenset[Tail]) -> int:
        """The most words in any of ``tails``."""
        return max((self._tail_length(tail) for tail in tails), default=0)

    def _tail_length(self, tail: Tail) -> int:
        words = 0
        while tail is not None:
            node, tail = tail
            words += self._length(node)
        return words

    def _length(self, node: Node) -> int:
        if isinstance(node, str):
            return len(node.split())
        if isinstance(node, Joined):
            return self.longest(node.tails)
        if node not in self._lengths:
            self._lengths[node] = self._measure(node)
        return self._lengths[node]

    def _measure(self, node: "Row | Choice | AnyOrder | Branch | After") -> int:
        match node:
            case Row(items) | AnyOrder(items):
                return sum(map(self._length, items))
            case Choice(items):
                return max(map(self._length, items), default=0)
            case Branch(meaningless=True):
                return 0
            case Branch(children):
                return 1 + max(map(self._length, children.values()), default=-1)
            case After(branch):
                return self._length(branch)

    def _state(self, tails: frozenset[Tail]) -> State:
        return self._states.setdefault(tails, State(self, tails))


def _next_words(tails: Iterable[Tail]) -> tuple[dict[str, set[Tail]], bool]:
    reached: dict[str, set[Tail]] = {}
    branches: dict[tuple[str, Branch], set[Tail]] = {}
    complete = False
    waiting: list[tuple[str, Tail]] = [("", tail) for tail in tails]
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
        if isinstance(node, Branch):
            branches.setdefault((prefix, node), set()).add(rest)
            continue
        if isinstance(node, str):
            head, space, remainder = _split(node if prefix else node.lstrip())
            if space and prefix + head:
                reached.setdefault(prefix + head, set()).add((remainder, rest) if remainder else rest)
                continue
            onward: list[tuple[str, Tail]] = [(prefix + head, rest)]
        elif isinstance(node, After):
            if node.branch.children:
                reached.setdefault(prefix, set()).add((node.branch, rest))
            onward = [(prefix, rest)] if node.branch.final else []
        else:
            onward = [(prefix, further) for further in _expand(node, rest)]
        fresh = [step for step in onward if step not in seen]
        seen.update(fresh)
        waiting.extend(fresh)
    return reached, complete


def _into(branches: dict[tuple[str, Branch], set[Tail]], seen: set[tuple[str, Tail]]) -> Iterator[tuple[str, Tail]]:
    """The words of the trees that were reached: once a tree, however many templates lead into it."""
    for (prefix, branch), rests in branches.items():
        rest: Tail = next(iter(rests)) if len(rests) == 1 else (Joined(frozenset(rests)), None)
        for word, child in branch.children.items():
            step = (prefix + word, (After(child), rest))
            seen.add(step)
            yield step
    branches.clear()


def _split(text: str) -> tuple[str, bool, str]:
    """The text before the first space, whether there is one, and what follows it."""
    head = text.split(maxsplit=1)[0] if text and not text[0].isspace() else ""
    return head, len(head) < len(text), text[len(head) :].lstrip()


def _expand(node: "Row | Choice | AnyOrder | Joined", rest: Tail) -> Iterator[Tail]:
    match node:
        case Row(items):
            for item in reversed(items):
                rest = (item, rest)
            yield rest
        case Choice(items):
            for item in items:
                yield (item, rest)
        case AnyOrder(items):
            for number, item in enumerate(items):
                others = items[:number] + items[number + 1 :]
                yield (item, (AnyOrder(others), rest)) if others else (item, rest)
        case Joined(tails):
            assert rest is None
            yield from tails
