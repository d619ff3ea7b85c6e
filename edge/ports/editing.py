"""What skills keep for people, as it is seen and changed by hand: on the page, by another program.

Each operation does what the same words would do: what is changed by hand behaves in every way like what was said.
Where ``version`` is given, it is that of what whoever asks has seen; where another one is kept by now, nothing is
changed. All of them raise StorageError; NoSuchEntry where the id is not known; ChangedMeanwhile; NotKept for what the
skill would have refused to do for a voice, too.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from edge.errors import NotKept
from edge.ports.skills import Countdown, Countdowns


def version_of(*content: object) -> str:
    """Another one for other content, 12 hexadecimal digits."""
    return hashlib.blake2s(repr(content).encode(), digest_size=6).hexdigest()


def one_line(text: str, longest: int, what: str) -> str:
    """``text`` without line breaks and needless spaces. ``longest``: in characters; ``what``: what it is, for people.

    Raises NotKept where nothing is left of it, or more than that.
    """
    line = " ".join(text.split())
    if not 0 < len(line) <= longest:
        raise NotKept(f"{what} has 1 to {longest} characters", "")
    return line


@runtime_checkable
class Kept(Protocol):
    """A skill that keeps something which is seen and changed by hand."""

    @property
    def keeps(self) -> str:
        """What: ``timers``, ``lists``, …"""

    async def changed(self, after: int) -> int:
        """The number of the last change, once it is greater than ``after``; -1: at once."""

    async def emptied(self) -> None:
        """All of it was erased from the storage: nothing of it stays in memory, and nothing of it rings. Raises
        AssistantError.
        """


@runtime_checkable
class Editable(Protocol):
    """A skill that can also be used by hand."""

    @property
    def by_hand(self) -> Kept:
        """One of the protocols below."""


@runtime_checkable
class EditableTimers(Kept, Countdowns, Protocol):
    """Timers. They are seen as countdowns."""

    async def start(self, length_s: float, name: str | None, area: str | None) -> Countdown:
        """It runs from now on. ``area``: the room that it belongs to."""

    async def timer(self, ident: str) -> Countdown:
        """That of this id."""

    async def rename(self, ident: str, name: str | None) -> Countdown:
        """It is called otherwise; None: it has no name."""

    async def prolong(self, ident: str, seconds: float) -> Countdown:
        """It ends so much later, or earlier if that is negative; one that rings is silenced until then."""

    async def hold(self, ident: str, *, still: bool) -> Countdown:
        """It stands still, or goes on."""

    async def cancel(self, ident: str) -> None:
        """It is gone; one that rings is silenced."""


@dataclass(frozen=True, slots=True)
class Recurrence:
    """How something comes again, on local time."""

    unit: str
    """day, week, month, year."""
    interval: int = 1
    """Every so many of them."""
    days: tuple[int, ...] = ()
    """Of a week: 0 is Monday; empty: the day of the first time."""


@dataclass(frozen=True, slots=True)
class Dated:
    """Something that is due at a time of day."""

    id: str
    text: str
    """What it is for; may be empty."""
    at: float
    """The next time that it rings, seconds since the epoch."""
    again: Recurrence | None
    """None: once."""
    snoozed: bool
    """It rang, and shall ring again at ``at``."""
    ringing: bool
    version: str


@runtime_checkable
class EditableAgenda(Kept, Protocol):
    """Alarms, reminders: what rings at a time of day."""

    async def entries(self) -> Sequence[Dated]:
        """The next first."""

    async def add(self, text: str, when: float | str, again: Recurrence | None = None) -> Dated:
        """Keep one. ``when``: the first time (seconds since the epoch), or the words that say it ("tomorrow at seven",
        "every weekday at 6:30"), which also say how it comes again.
        """

    async def edit(
        self,
        ident: str,
        *,
        text: str | None = None,
        when: float | str | None = None,
        again: Recurrence | None = None,
        version: str | None = None,
    ) -> Dated:
        """What is not None changes; ``again`` goes with ``when``. One that rings is silenced."""

    async def remove(self, ident: str) -> None:
        """It is due no more; one that rings is silenced."""

    async def silence(self, ident: str, snooze_s: float | None = None) -> None:
        """One that rings is heard no more; ``snooze_s``: until so many seconds have passed; 0: as long as is usual."""


@dataclass(frozen=True, slots=True)
class Postponed:
    """A command for later."""

    id: str
    said: str
    """The command, as it was said."""
    undoes: bool
    """It ends what the command began."""
    for_s: float | None
    """So many seconds after it is done it is undone."""
    at: float
    """Seconds since the epoch."""
    again: Recurrence | None


@runtime_checkable
class EditableSchedule(Kept, Protocol):
    """Commands for later. They are made by saying them, for what would be asked about them is asked then."""

    async def postponed(self) -> Sequence[Postponed]:
        """The next first."""

    async def remove(self, ident: str) -> None:
        """It will not be done."""


@dataclass(frozen=True, slots=True)
class ListedItem:
    """Something that is, or was, on a list."""

    id: str
    text: str
    done: bool
    changed: float
    """Seconds since the epoch."""
    version: str


@dataclass(frozen=True, slots=True)
class NamedList:
    """A list that there is."""

    name: str
    waiting: int
    """How many of its items are not done."""
    done: int


@runtime_checkable
class EditableLists(Kept, Protocol):
    """Lists, by their names; the shopping list and the one of what is to do are always there."""

    async def lists(self) -> Sequence[NamedList]:
        """In alphabetical order."""

    async def make(self, name: str) -> str:
        """Make an empty one, and give its name as it is written. Raises NotKept where there is one of that name."""

    async def rename_list(self, name: str, new: str) -> None:
        """With all that is on it."""

    async def delete_list(self, name: str) -> None:
        """With all that is on it."""

    async def items(self, name: str) -> Sequence[ListedItem]:
        """What waits in its order, then what is done, the latest first."""

    async def add(self, name: str, texts: Sequence[str]) -> Sequence[ListedItem]:
        """At the end; what is on it already is not there twice. Returns what it is now, for each of ``texts``."""

    async def edit(
        self,
        name: str,
        ident: str,
        *,
        text: str | None = None,
        done: bool | None = None,
        before: str | None = None,
        version: str | None = None,
    ) -> ListedItem:
        """What is not None changes. ``before``: the id of the item that comes behind it from now on; empty: none."""

    async def remove_items(self, name: str, idents: Sequence[str]) -> None:
        """They are gone, and what they said with them."""


@dataclass(frozen=True, slots=True)
class Routine:
    """One phrase for several sentences."""

    name: str
    steps: tuple[str, ...]
    """Sentences, in the order in which they are done."""
    editable: bool
    """False: a person wrote it into a file."""
    version: str


@dataclass(frozen=True, slots=True)
class StepCheck:
    """What is understood of a step."""

    text: str
    intents: tuple[str, ...]
    """Names of what it asks for; empty: it is not understood."""
    wrong: str = ""
    """Why it can't be a step; empty: it can."""


@runtime_checkable
class EditableRoutines(Kept, Protocol):
    """Routines, by their names."""

    async def routines(self) -> Sequence[Routine]:
        """In alphabetical order."""

    def check(self, steps: Sequence[str]) -> Sequence[StepCheck]:
        """What each step means in the house as it is now; nothing is done. Takes milliseconds."""

    async def write(self, old: str | None, name: str, steps: Sequence[str], version: str | None = None) -> Routine:
        """Keep one; ``old`` None: a new one, else in place of the one of that name. Raises NotKept, which names the
        step that is not understood.
        """

    async def forget(self, name: str) -> None:
        """It is gone, and what it did with it."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """One thing that somebody told."""

    id: str
    text: str
    topic: str | None
    """Of which there is only one, such as ``name``."""
    created: float
    """Seconds since the epoch."""
    version: str


@runtime_checkable
class EditableFacts(Kept, Protocol):
    """What a person told to remember."""

    async def facts(self, about: str = "") -> Sequence[Remembered]:
        """All, oldest first; those that ``about`` may be about, the likeliest first."""

    async def remember(self, text: str, topic: str | None = None) -> Remembered:
        """It takes the place of what was known of its topic, and of a fact in the same words."""

    async def reword(self, ident: str, text: str, version: str | None = None) -> Remembered:
        """It says something else from now on."""

    async def forget_facts(self, idents: Sequence[str]) -> int:
        """Erased, here and wherever it was told. Returns how many there were."""
