"""Asks in order of cost; the first that is sure wins, and when none is, that is an honest answer too.

1. The answer to what the assistant has asked, where it has.
2. What leans on the sentences before. First, since "make it brighter" means the lamp that was spoken of, and on its
   own the room's; a sentence that stands by itself has nothing to lean with.
3. The grammar.
4. Further tiers, each with a deadline of its own.

What any of them understands of a command for another time is put off.
"""

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import anyio

from edge.dialogue import Context
from edge.intents import Origin, Outcome, Question, Tier, Transcript, Understanding
from edge.understand.later import Later
from edge.understand.referents import TARGETS


class SyncTier(Protocol):
    """A tier of some milliseconds."""

    def understand(self, text: str, origin: Origin) -> Understanding | None: ...


class AnswerTier(Protocol):
    """Understands answers to the assistant's questions."""

    def understand(self, text: str, origin: Origin, question: Question) -> Understanding | None: ...


class ContextTier(Protocol):
    """Understands what leans on what was said before; an Outcome where all there is to do is to ask, or to say no."""

    def understand(self, text: str, origin: Origin, context: Context) -> Understanding | Outcome | None: ...

    def lacks_its_object(self, text: str, origin: Origin) -> bool:
        """Whether ``text`` is about an "it" that means nothing now: then no further tier may guess which device."""


AsyncTier = Callable[[str, Origin, Context], Awaitable[Understanding | None]]


@dataclass(frozen=True, slots=True)
class Step:
    """A tier that takes its time."""

    tier: Tier
    understand: AsyncTier
    deadline_s: float
    """After so many seconds the person would rather hear that it was not understood."""


@dataclass(frozen=True, slots=True)
class Routed:
    """The router's answer."""

    understanding: Understanding | None
    """None when no tier was sure enough."""
    ms: float
    """Time spent in all tiers that were asked, milliseconds."""
    asked: Mapping[Tier, float] = field(default_factory=dict)
    """Every tier that was asked, with its milliseconds, in that order."""
    answer: Outcome | None = None
    """What to say when there is nothing to do: a question back, or why it can't be done."""


class Router:
    """Understands transcripts. All parts but the grammar may be missing."""

    def __init__(
        self,
        grammar: SyncTier,
        further: Sequence[Step] = (),
        *,
        answers: AnswerTier | None = None,
        follow_ups: ContextTier | None = None,
        later: Later | None = None,
    ) -> None:
        """``further`` in order of cost."""
        self._grammar, self._further = grammar, further
        self._answers, self._follow_ups = answers, follow_ups
        self._later = later

    async def understand(self, said: Transcript, origin: Origin, context: Context) -> Routed:
        """Who understood what was ``said``, after what was said before (``context``), and what it cost."""
        spent = _Spent()
        for text in said.readings:
            match self._at_once(text, origin, context, spent):
                case Outcome() as answer:
                    return Routed(None, spent.total, spent.by_tier, answer)
                case Understanding() as found:
                    return Routed(found, spent.total, spent.by_tier)
        text = said.readings[-1]
        unclear = self._follow_ups is not None and self._follow_ups.lacks_its_object(text, origin)
        for step in self._further:
            understanding = await self._asked(step, text, origin, context, spent)
            if understanding is not None and not (unclear and _chose_a_thing(understanding)):
                return Routed(understanding, spent.total, spent.by_tier)
        return Routed(None, spent.total, spent.by_tier)

    async def _asked(
        self, step: Step, text: str, origin: Origin, context: Context, spent: "_Spent"
    ) -> Understanding | None:
        """What ``step`` makes of ``text``; where a time is said, of the command by itself, which is then put off."""
        whole = await _within_deadline(step, text, origin, context, spent)
        timed = self._later.timed(text, origin) if self._later is not None else None
        if self._later is None or timed is None:
            return whole
        if whole is not None and not self._later.is_for_later(text, origin, whole):
            return whole
        command = await _within_deadline(step, timed.command, origin, context, spent)
        put_off = self._later.put_off(timed, command) if command is not None else None
        return put_off if isinstance(put_off, Understanding) else None

    def _at_once(self, text: str, origin: Origin, context: Context, spent: "_Spent") -> Understanding | Outcome | None:
        found: Understanding | Outcome | None = None
        with spent.on(Tier.CONTEXT):
            if self._answers is not None and context.question is not None:
                found = self._answers.understand(text, origin, context.question)
        if found is not None:
            return found
        found = self._by_itself(text, origin, context, spent)
        if self._later is None:
            return found
        return self._later.understand(
            text, origin, found, lambda command: self._by_itself(command, origin, context, spent)
        )

    def _by_itself(
        self, text: str, origin: Origin, context: Context, spent: "_Spent"
    ) -> Understanding | Outcome | None:
        """What is said and no answer: by what was said before, else by itself."""
        found: Understanding | Outcome | None = None
        with spent.on(Tier.CONTEXT):
            if self._follow_ups is not None and context.exchanges:
                found = self._follow_ups.understand(text, origin, context)
        if found is None:
            with spent.on(Tier.GRAMMAR):
                found = self._grammar.understand(text, origin)
        return found


async def _within_deadline(
    step: Step, text: str, origin: Origin, context: Context, spent: "_Spent"
) -> Understanding | None:
    with spent.on(step.tier), anyio.move_on_after(step.deadline_s):
        return await step.understand(text, origin, context)
    return None


def _chose_a_thing(understanding: Understanding) -> bool:
    done = (each for intent in understanding.intents for each in (intent, *intent.later))
    return any(not TARGETS.isdisjoint(intent.slots) for intent in done)


def first_understood(grammar: SyncTier, said: Transcript, origin: Origin) -> Understanding | None:
    """What ``grammar`` makes of the likeliest reading that it can make something of."""
    return next(filter(None, (grammar.understand(text, origin) for text in said.readings)), None)


class _Spent:
    """Milliseconds by tier."""

    def __init__(self) -> None:
        self.by_tier: dict[Tier, float] = {}

    @property
    def total(self) -> float:
        return sum(self.by_tier.values())

    @contextmanager
    def on(self, tier: Tier) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.by_tier[tier] = self.by_tier.get(tier, 0.0) + (time.perf_counter() - begun) * 1000
