"""Skills: what they may be, and what they are built with."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from edge.chunk import Pcm
from edge.dialogue import Context
from edge.intents import Intent, Origin, Outcome, Phrase, Understanding
from edge.ports.bridge import Cloud
from edge.ports.house import House, Naming, Neighbours, Post
from edge.ports.keeping import Consents, Erasures, Meaning, Storage
from edge.ports.sound import ListeningSwitch, Loudness


class Skill(Protocol):
    """Something the assistant can do."""

    @property
    def intents(self) -> frozenset[str]:
        """Names of the intents it takes."""

    @property
    def deadline_s(self) -> float:
        """Seconds after which its work is abandoned."""

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """Do what ``intent`` asks for, and tell what became of it, no more than what was confirmed. Cancelled after
        :attr:`deadline_s`, and when somebody interrupts. Raises AssistantError, of which the person hears.
        """


@runtime_checkable
class Foresight(Protocol):
    """A skill that knows beforehand why it can't do something."""

    def objection(self, intent: Intent, origin: Origin) -> Outcome | None:
        """What running ``intent`` would ask or say no to; None where it would be tried."""


@runtime_checkable
class Service(Protocol):
    """A skill that also does something unasked, such as ringing when a timer is over."""

    async def serve(self) -> None:
        """Runs as long as the assistant, beside its turns; cancelled at the end. What it raises ends the assistant."""


@runtime_checkable
class Afterthought(Protocol):
    """A skill that now and then has something to ask once an answer is known."""

    async def afterthought(self, outcomes: Sequence[Outcome], origin: Origin) -> Outcome | None:
        """What is said, and asked, after ``outcomes`` of a command that was spoken here; None, as a rule: nothing."""


@runtime_checkable
class Prepared(Protocol):
    """A skill that has something to read before it is asked."""

    async def load(self) -> None:
        """Called once, before the first sentence. Raises StorageError, SettingsError."""


@runtime_checkable
class Vocabulary(Protocol):
    """A skill whose sentences hold names that people give, of lists or of routines."""

    @property
    def revision(self) -> int:
        """Rises whenever the names change."""

    def names(self) -> Mapping[str, Sequence[str]]:
        """By list of its sentence files: the names that there are now."""


@runtime_checkable
class Shared(Protocol):
    """A skill that holds in memory what the house's other assistants may change."""

    async def refresh(self) -> None:
        """Another process has written: look whether anything is different. Raises StorageError."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something that a tool is told."""

    name: str
    kind: str
    """The JSON type."""
    required: bool = False
    choices: tuple[str, ...] = ()
    """The only values there are; empty: any."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be done for whoever means it. All of its text is data from outside."""

    intent: str
    """What is understood where it is meant."""
    about: str
    """What it is for."""
    examples: tuple[str, ...] = ()
    """What a person says for it."""
    parameters: tuple[Parameter, ...] = ()


@runtime_checkable
class Catalogue(Protocol):
    """A skill with things to offer that nobody has written sentences for."""

    def offers(self) -> Sequence[Offer]:
        """What there is now."""


class CountdownState(StrEnum):
    """What a countdown does."""

    RUNNING = "running"
    PAUSED = "paused"
    RINGING = "ringing"


@dataclass(frozen=True, slots=True)
class Countdown:
    """Something that rings when its time is over."""

    id: str
    name: str | None
    """As it was said."""
    area: str | None
    """The room it was started from."""
    ends_at: float | None
    """Seconds since the epoch; None while it is paused."""
    left_s: float
    """Seconds until it is over, when this was asked."""
    state: CountdownState
    length_s: float = 0.0
    """What it was set to; 0: that is not known."""


@runtime_checkable
class Countdowns(Protocol):
    """A skill that counts time down, for displays."""

    async def countdowns(self, after: int) -> tuple[int, Sequence[Countdown]]:
        """All of them, the next to end first and paused ones last, once they have changed; and that change's number.

        ``after``: the number of the change that is known, -1 for none. Raises StorageError.
        """


class History(Protocol):
    """What was said in each session."""

    def context(self, session: str) -> Context:
        """What is still in mind of ``session``; empty when nothing is."""


class Interpreter(Protocol):
    """Carries out sentences as if somebody had said them."""

    def understand(self, text: str, origin: Origin) -> Understanding | None:
        """What the sentence means by itself to the grammar, which takes milliseconds; None when nothing."""

    async def run(self, text: str, origin: Origin) -> Sequence[Outcome]:
        """Understand ``text`` and do all that it asks for, in order, as whatever guards a spoken command allows.

        One outcome for each command; one that is not understood when nothing is. Raises AssistantError.
        """

    def objection(self, intent: Intent, origin: Origin) -> Outcome | None:
        """What would be asked before ``intent`` is done, clear as it may be, or why it can't be done; None: neither."""

    async def perform(self, intents: Sequence[Intent], origin: Origin) -> Sequence[Outcome]:
        """Do what was understood before, likewise; after a question, no more. Raises AssistantError."""


class RingingEnd(StrEnum):
    """How something stopped to ring."""

    STOPPED = "stopped"
    SNOOZED = "snoozed"
    UNHEARD = "unheard"
    """Nobody came for ten minutes."""


@dataclass(frozen=True, slots=True)
class Silenced:
    """What a person said to something that rings."""

    how: RingingEnd
    snooze_s: float | None = None
    """In how many seconds it shall ring again; None: as long as is usual for what rings."""


class Announcer(Protocol):
    """Is heard without having been asked: never while a person is listened to or answered, one thing at a time."""

    @property
    def ringing(self) -> Phrase | None:
        """What rings now, be it that a turn has hushed it."""

    @property
    def audible(self) -> bool:
        """Whether there is a loudspeaker: without one, all of it goes out as events alone."""

    async def announce(self, phrase: Phrase, area: str | None = None) -> None:
        """Say ``phrase`` once; returns when it was heard. ``area``: the room that it is for; None: for all."""

    async def pass_on(self, phrase: Phrase, pcm: Pcm) -> bool:
        """Play a sound, say ``phrase``, and play ``pcm`` (int16, 16 kHz), which somebody spoke; returns whether all of
        it was heard.
        """

    async def ring(self, phrase: Phrase, over: Callable[[Silenced], Awaitable[None]]) -> None:
        """Play a sound, and say ``phrase``, again and again, until a person ends it or ten minutes are over.

        ``over`` is told how it ended, and done before the person hears so: here belongs what must be kept of it.
        """

    async def silence(self, silenced: Silenced) -> Phrase | None:
        """End what rings now and return its phrase; None when nothing does."""


@dataclass(frozen=True, slots=True)
class SkillContext:
    """What a skill is built with."""

    house: House
    confirm_s: float
    """How long a device has to show that it did what it was told, in seconds."""
    storage: Storage
    """Where it keeps what must survive a restart, in tables of its own."""
    announcer: Announcer
    """How it is heard unasked."""
    history: History
    """What was said before."""
    interpreter: Interpreter
    """For whatever does several things at one word."""
    loudness: Loudness
    """Its voice, where it has one."""
    listening: ListeningSwitch
    """Its microphone, where it has one."""
    data_dir: Path
    """Where files lie that a person writes for it."""
    meaning: Meaning | None = None
    """Where there is a model that knows the language."""
    naming: Naming | None = None
    """What devices and rooms are called; None where that can't be changed."""
    post: Post | None = None
    """Messages to and from other programs; None where there is no broker at all."""
    neighbours: Neighbours | None = None
    """The other assistants of the house; None likewise."""
    cloud: Cloud | None = None
    """The bridge; None where there is none."""
    erasures: Erasures | None = None
    """Where there is a bridge that must forget, too."""
    consents: Consents | None = None
    """What may leave the house; None where nothing ever does."""
    language: str = "en"
    """ISO 639-1."""
    settings: Mapping[str, object] = field(default_factory=dict)
    """Its section of the configuration, ``[skills.<name>]``, as the file has it."""
