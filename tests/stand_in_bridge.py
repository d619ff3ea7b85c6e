"""A bridge for tests of the device alone: answers as it is told to, and keeps what is kept as the real one does."""

from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

import anyio
from apsw import Connection

from edge.ports import Bridge, Cloud, Finish, Late, LinkLost, Piece, Query, Told, ToolCall, Whole
from edge.privacy.masking import Masked
from edge.sections import CloudSettings

SETTINGS = CloudSettings(url="wss://bridge.test")


@dataclass
class Hold:
    """In a script: the answer stands still until the test goes on."""

    reached: anyio.Event = field(default_factory=anyio.Event)
    go_on: anyio.Event = field(default_factory=anyio.Event)


Script = Sequence[Told | Hold | str]


class Answering:
    """One question, answered by a script; a text is a piece of the answer."""

    def __init__(self, script: Script) -> None:
        self._script = deque(script)
        self.results: list[tuple[str, str]] = []
        self.finished = self.cancelled = False

    async def __aiter__(self) -> AsyncIterator[Told]:
        said = ""
        while self._script:
            match self._script.popleft():
                case Hold() as hold:
                    hold.reached.set()
                    await hold.go_on.wait()
                case str() as text:
                    said += text
                    yield Piece(text)
                case Whole() | LinkLost() as end:
                    self.finished = True
                    yield end
                case told:
                    yield told
        if not self.finished:
            self.finished = True
            yield Whole(said, Finish.WHOLE)

    async def called(self, call: ToolCall, content: str) -> None:
        self.results.append((call.call, content))

    async def aclose(self) -> None:
        self.cancelled = not self.finished


class StandInBridge:
    """The link is up until ``up`` is changed."""

    def __init__(self, *scripts: Script) -> None:
        self.up = True
        self._scripts = deque(scripts)
        self.asked: list[Query] = []
        self.kept: list[Query] = []
        self.answering: list[Answering] = []
        self.answers: dict[str, Late] = {}
        self.touched = 0
        """How often it was asked for anything at all."""

    async def ask(self, query: Query) -> Answering:
        self.touched += 1
        self.asked.append(query)
        self.answering.append(Answering(self._scripts.popleft() if self.up else [LinkLost()]))
        return self.answering[-1]

    def keep(self, connection: Connection, query: Query) -> None:
        self.touched += 1
        self.kept.append(query)

    def late(self, connection: Connection) -> Sequence[Late]:
        return list(self.answers.values())

    def told(self, connection: Connection, ident: str) -> None:
        self.answers.pop(ident, None)

    def answer_late(self, text: str, finish: Finish = Finish.WHOLE) -> None:
        """The answer to the question that was kept last comes in."""
        ident = self.kept[-1].id
        self.answers[ident] = Late(ident, text, finish)


@dataclass
class Names:
    """Masks the names that it is given."""

    placeholders: Mapping[str, str] = field(default_factory=dict)
    """Name → placeholder."""

    def mask(self, text: str) -> Masked:
        found = {}
        for name, placeholder in self.placeholders.items():
            if name in text:
                text = text.replace(name, placeholder)
                found[placeholder] = name
        return Masked(text, found)


@dataclass
class Agreed:
    """Consent to everything, or to nothing."""

    allowed: bool = True

    def allows(self, purpose: str) -> bool:
        return self.allowed


def cloud(
    bridge: Bridge, settings: CloudSettings = SETTINGS, *, names: Mapping[str, str] | None = None, agreed: bool = True
) -> Cloud:
    return Cloud(bridge, Names(names or {}), Agreed(agreed), settings)
