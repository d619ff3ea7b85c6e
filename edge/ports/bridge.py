"""The bridge, as the assistant sees it: a larger model elsewhere. What can be done here never waits for it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from apsw import Connection

from edge.privacy.masking import Masked
from edge.sections import CloudSettings


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that the model may ask the device to do."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    """JSON Schema of the arguments."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question with what goes along. All of its text is masked already."""

    id: str
    question: str
    language: str
    """ISO 639-1."""
    history: tuple[tuple[str, str], ...] = ()
    """What was said before and what was answered, oldest first."""
    state: tuple[str, ...] = ()
    """How things are in the house, a line each."""
    tools: tuple[Tool, ...] = ()
    expires_ms: int = 0
    """Milliseconds since the epoch after which nobody wants to know any more; 0: never."""
    turn: str = ""
    """The turn that waits for the answer; empty where none does."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model wants something done, and waits for what comes of it."""

    call: str
    """Its id."""
    name: str
    arguments: Mapping[str, object]


class Finish(StrEnum):
    """How an answer ended."""

    WHOLE = "stop"
    CUT = "cut"
    """What follows is lost."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Whole:
    """The end: all of the answer again."""

    text: str
    finish: Finish
    code: str = ""
    """Why it was refused: quota, consent, busy, unavailable, timeout, …"""


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The end, of which nothing is known: the whole answer may come in later, to be kept."""


Told: TypeAlias = Piece | ToolCall | Whole | LinkLost


@dataclass(frozen=True, slots=True)
class Late:
    """An answer that came when nobody listened."""

    id: str
    """Of its :class:`Query`."""
    text: str
    finish: Finish
    code: str = ""


class Asking(Protocol):
    """One question that is being answered."""

    def __aiter__(self) -> AsyncIterator[Told]:
        """What comes, until :class:`Whole` or :class:`LinkLost`."""

    async def called(self, call: ToolCall, content: str) -> None:
        """Tell the model what came of its call."""

    async def aclose(self) -> None:
        """Before the end: the model is told to stop. After it: nothing."""


class Bridge(Protocol):
    """The link to the bridge, which another process holds."""

    @property
    def up(self) -> bool:
        """Whether there is a link, as far as is known; returns at once."""

    async def ask(self, query: Query) -> Asking:
        """Ask now. Where the link is gone, the answer is :class:`LinkLost`."""

    def keep(self, connection: Connection, query: Query) -> None:
        """Have it asked once there is a link, in the transaction that ``connection`` is in: neither is ever there
        without the other. Raises StorageError when there is no room for it.
        """

    def late(self, connection: Connection) -> Sequence[Late]:
        """Answers that came when nobody listened, oldest first, until :meth:`told`."""

    def told(self, connection: Connection, ident: str) -> None:
        """The person knows the answer of that id, or that there will be none."""


class Masking(Protocol):
    """Takes out of a text what is nobody else's business."""

    def mask(self, text: str) -> Masked:
        """``text`` with placeholders for names, numbers, addresses. The same thing gets the same placeholder within a
        text.
        """


class Consent(Protocol):
    """What the people of the house allow."""

    def allows(self, purpose: str) -> bool:
        """Whether what serves ``purpose`` may leave the house now; returns at once."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """The bridge, and under what rules it is asked."""

    bridge: Bridge
    masking: Masking
    consent: Consent
    settings: CloudSettings
