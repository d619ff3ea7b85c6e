"""Facts as they are seen and changed by hand."""

from collections.abc import Sequence
from typing import Final

from edge.act.timekeeping import Alert
from edge.errors import ChangedMeanwhile, NoSuchEntry
from edge.memory.facts import Fact, Facts
from edge.ports import Remembered, one_line, version_of

LONGEST: Final = 300
"""Characters of a fact. A longer one was not meant for us."""


class FactsByHand:
    """The one :class:`edge.ports.EditableFacts`."""

    keeps: Final = "memory"

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._content = 0
        self.alert = Alert()
        """Set by every change."""

    async def changed(self, after: int) -> int:
        """The number of the last change, once it is greater than ``after``."""
        return await self.alert.later(after)

    async def emptied(self) -> None:
        """Nothing of it is in memory."""
        self.alert.set()

    async def refresh(self) -> None:
        """Another assistant may have been told something. Raises StorageError."""
        content = hash(tuple(await self._facts.all()))
        if content != self._content:
            self._content = content
            self.alert.set()

    async def facts(self, about: str = "") -> Sequence[Remembered]:
        """All, or those that ``about`` may be about. Raises StorageError."""
        found = await (self._facts.about(about) if about.strip() else self._facts.all())
        return [_shown(fact) for fact in found]

    async def remember(self, text: str, topic: str | None = None) -> Remembered:
        """Keep it. Raises NotKept, StorageError."""
        fact = await self._facts.remember(_checked(text), _checked(topic).casefold() if topic else None)
        self.alert.set()
        return _shown(fact)

    async def reword(self, ident: str, text: str, version: str | None = None) -> Remembered:
        """It says something else. Raises NoSuchEntry, ChangedMeanwhile, NotKept, StorageError."""
        said, fact = _checked(text), await self._fact(ident)
        if version is not None and version != _version(fact):
            raise ChangedMeanwhile("it was changed meanwhile", "look at it again")
        await self._facts.reword(fact, said)
        self.alert.set()
        return _shown(await self._fact(ident))

    async def forget_facts(self, idents: Sequence[str]) -> int:
        """Erased for good. Raises NoSuchEntry, StorageError."""
        count = await self._facts.forget([await self._fact(ident) for ident in idents])
        self.alert.set()
        return count

    async def _fact(self, ident: str) -> Fact:
        found = next((fact for fact in await self._facts.all() if fact.id == ident), None)
        if found is None:
            raise NoSuchEntry("that is not remembered", "it may have been forgotten")
        return found


def _shown(fact: Fact) -> Remembered:
    return Remembered(fact.id, fact.text, fact.topic, fact.created, _version(fact))


def _version(fact: Fact) -> str:
    return version_of(fact.text, fact.topic)


def _checked(text: str) -> str:
    return one_line(text, LONGEST, "what is remembered")
