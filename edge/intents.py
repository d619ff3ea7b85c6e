"""What a person wants, as the stages pass it on."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol, TypeAlias

from edge.chunk import Pcm
from edge.devices import ActionReport

SlotValue: TypeAlias = str | int | float | bool
"""A slot as the grammar filled it."""


class Tier(StrEnum):
    """Who found the intent, cheapest first."""

    CONTEXT = "context"
    """By what was said before: an answer to our question, a pronoun, a correction."""
    GRAMMAR = "grammar"
    SEMANTIC = "semantic"
    LLM = "llm"
    CLOUD = "cloud"
    PROGRAM = "program"
    """Nobody had to: another program named it outright."""


class OutcomeKind(StrEnum):
    """How a turn ended."""

    DONE = "done"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    QUEUED = "queued"
    NOT_UNDERSTOOD = "not_understood"
    SILENCE = "silence"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Intent:
    """A request in Home Assistant's vocabulary."""

    name: str
    """``HassTurnOn``, …"""
    slots: Mapping[str, SlotValue] = field(default_factory=dict)
    """By slot name: name, area, floor, domain, device_class, brightness, color, …"""
    form: str = "default"
    """Which of the intent's answers was asked for: of a question one, one_yesno, any, all, which, how_many."""
    domain: str | None = None
    """The kind of device that a ``name`` was said to be by the sentence's verb, where several share the name."""
    confirmed: bool = False
    """Whether the person was asked if this is really meant, and said yes."""
    later: tuple["Intent", ...] = ()
    """What is to be done at another time, where this is about that; else empty."""


@dataclass(frozen=True, slots=True)
class Understanding:
    """An intent and how sure we are of it."""

    intent: Intent
    tier: Tier
    confidence: float
    """0–1."""
    further: tuple[Intent, ...] = ()
    """What the same sentence asked for besides, in the order it was said: "turn off the lights and lock the door"."""

    @property
    def intents(self) -> tuple[Intent, ...]:
        """All that the sentence asks for, in order."""
        return (self.intent, *self.further)


class Fit(StrEnum):
    """How what was heard relates to what can be said in this house."""

    FREE = "free"
    """Not at all, as far as is known."""
    OPEN = "open"
    """It begins a sentence that is not whole yet."""
    WHOLE = "whole"
    """A whole sentence, and more could follow."""
    CLOSED = "closed"
    """A whole sentence that nothing can follow."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said."""

    text: str
    """Without the wake word; empty when nothing was."""
    language: str
    """ISO 639-1."""
    confidence: float = 1.0
    """Mean probability of the words, 0–1."""
    fit: Fit = Fit.FREE
    """Whether it is a sentence of the house's grammar."""
    more: int = 0
    """The most words that may follow, where it is a sentence of the grammar or the beginning of one."""
    alternatives: tuple[str, ...] = ()
    """What it may have been instead, likeliest first."""

    @property
    def readings(self) -> tuple[str, ...]:
        """All that it may be; the last was heard without regard to the grammar."""
        return (self.text, *self.alternatives)


@dataclass(frozen=True, slots=True)
class Phrase:
    """What to answer, before it is put into words of some language."""

    key: str
    """Name of the template."""
    values: Mapping[str, object] = field(default_factory=dict)
    """Its parameters."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something the assistant needs to know before it goes on; the answer needs no wake word."""

    intent: Intent
    """What is done once it is answered."""
    slot: str | None
    """The slot of ``intent`` that the answer fills; None where the answer is yes or no, and yes sets ``confirmed``."""
    choices: tuple[str, ...] = ()
    """The answers that make sense; empty: whatever the slot takes."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The truthful result of a skill."""

    kind: OutcomeKind
    say: Phrase
    actions: tuple[ActionReport, ...] = ()
    next_actions: tuple[str, ...] = ()
    """Sentences that make sense next."""
    question: Question | None = None
    """What ``say`` asks."""
    telling: "Telling | None" = None
    """What is told after ``say``, while it is still being made; None: that was all."""


class Telling(Protocol):
    """An answer that is told while it is still being made. Whoever gets one closes it, heard to its end or not."""

    def __aiter__(self) -> AsyncIterator[str]:
        """Its sentences, ready to be spoken, as they come. Raises AssistantError."""

    @property
    def outcome(self) -> Outcome:
        """What has come of it, and what else is to be said: known once it is told to its end."""

    async def aclose(self) -> None:
        """Nobody listens any more: what still makes it stops. Does nothing after its end."""


_WORST: Final = (OutcomeKind.FAILED, OutcomeKind.UNCONFIRMED, OutcomeKind.NOT_UNDERSTOOD, OutcomeKind.QUEUED)


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """``outcomes`` of one sentence, at least one, as one: it went as well as what went worst, and says the last."""
    last = outcomes[-1]
    kinds = {outcome.kind for outcome in outcomes}
    return Outcome(
        kind=next((kind for kind in _WORST if kind in kinds), last.kind),
        say=last.say,
        actions=tuple(report for outcome in outcomes for report in outcome.actions),
        next_actions=tuple(action for outcome in outcomes for action in outcome.next_actions),
        question=last.question,
        telling=next((outcome.telling for outcome in outcomes if outcome.telling is not None), None),
    )


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from."""

    session: str
    """Conversation the turn belongs to."""
    area: str | None = None
    """The room the assistant or the person is in."""
    language: str = "en"
    """ISO 639-1."""
    addressed: bool = True
    """Whether what was said is surely meant for the assistant: not where it was said without a wake word or a question
    before it."""
    guest: bool = False
    """Whether whoever asks is only a guest: nobody is let in at a guest's word without the PIN."""
    turn: str = field(default="", compare=False)
    """The id of the turn; empty for what belongs to none."""
    voice: Pcm | None = field(default=None, compare=False, repr=False)
    """The sound of what was said (int16, 16 kHz), where the question before asked for it; else None. Whoever takes it
    passes it on, and keeps nothing of it."""
