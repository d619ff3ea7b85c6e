"""What sentences are made of, once hassil's templates are turned into a form that can be walked word by word.

A plain string is text, which may hold spaces or be a part of a word.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

Tail: TypeAlias = "tuple[Node, Tail] | None"
"""What is still to be said: a node, and what follows it."""


@dataclass(frozen=True, eq=False, slots=True)
class Row:
    """One after the other."""

    items: "tuple[Node, ...]"


@dataclass(frozen=True, eq=False, slots=True)
class Choice:
    """Any one of them."""

    items: "tuple[Node, ...]"


@dataclass(frozen=True, eq=False, slots=True)
class AnyOrder:
    """All of them, in any order."""

    items: "tuple[Node, ...]"


@dataclass(eq=False, slots=True)
class Branch:
    """A node in a tree of phrases, word by word: a list of many plain values."""

    children: "dict[str, Branch]" = field(default_factory=dict)
    final: bool = False
    meaningless: bool = False
    """Politeness, which does not count as something that may still be said."""

    def add(self, phrase: str) -> None:
        node = self
        for word in phrase.split():
            node = node.children.setdefault(word, Branch(meaningless=self.meaningless))
        node.final = True


@dataclass(frozen=True, eq=False, slots=True)
class After:
    """Just behind a word of a tree: the phrase is over, or goes on."""

    branch: Branch


@dataclass(frozen=True, slots=True)
class Joined:
    """Several continuations that share what comes first."""

    tails: frozenset[Tail]


Node: TypeAlias = "str | Row | Choice | AnyOrder | Branch | After | Joined"
