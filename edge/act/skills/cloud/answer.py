"""An answer of the larger model while it comes: cut into sentences, names put back, errands run in between."""

import math
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import replace
from enum import StrEnum
from typing import Final, TypeAlias

import anyio

from edge.act.skills.cloud.errands import Errands
from edge.act.skills.cloud.request import Prepared
from edge.intents import Outcome, OutcomeKind, Phrase, together
from edge.ports import Asking, Finish, LinkLost, Piece, Told, ToolCall, Whole
from edge.privacy.masking import unmask
from edge.sentences import Sentences

_PAUSE_S: Final = 15.0
"""An answer that stands still for so long in the middle is lost."""
_WAITING_S: Final = 120.0
"""So long it is waited for in all, once it has begun: a piece every few seconds would keep the room for days."""
_CALLS: Final = 16
"""So many wishes in one answer: of all but the first few nothing is done, and then nobody listens to it."""
_NOTHING: Final = Phrase("nothing")


Lost: TypeAlias = Callable[[str], Awaitable[None]]


class End(StrEnum):
    """How an answer ended."""

    WHOLE = "whole"
    LOST = "lost"
    """The link is gone; the rest may come later."""
    CUT = "cut"
    """The rest does not come."""
    REFUSED = "refused"


class StreamedAnswer:
    """The one :class:`edge.intents.Telling` of this skill. :meth:`begin` comes first."""

    def __init__(self, asking: Asking, prepared: Prepared, errands: Errands, lost: Lost | None) -> None:
        """``lost`` is called with what was told when the link goes in the middle; None: then the rest does not come."""
        self._asking, self._errands, self._lost = asking, errands, lost
        self._names = prepared.names
        self._cut = Sentences(prepared.query.language)
        self._told: AsyncGenerator[str, None] = self._come()
        self._first: str | None = None
        self.heard = ""
        """The sentences that were given out so far."""
        self.end: End | None = None
        """None while it comes."""
        self.code = ""
        """Why it was refused."""

    async def begin(self) -> bool:
        """Returns once the first sentence is there, or the end without one: then False."""
        self._first = await anext(self._told, None)
        return self._first is not None

    async def __aiter__(self) -> AsyncIterator[str]:
        sentence = self._first
        while sentence is not None:
            self.heard = f"{self.heard} {sentence}".lstrip()
            yield sentence
            sentence = await anext(self._told, None)

    @property
    def outcome(self) -> Outcome:
        """What was done on the way, and what is to be said of what is missing."""
        whole = Outcome(OutcomeKind.DONE if self.end is End.WHOLE else OutcomeKind.FAILED, self._closing())
        errands = self._errands.outcomes
        if not errands:
            return whole
        # Errands are told last, each in its own words, so that a question among them is the last that is heard.
        said = Phrase("cloud_then", {str(n): each.say for n, each in enumerate((whole, *errands))})
        return replace(together([whole, *errands]), say=said)

    @property
    def did_something(self) -> bool:
        """Whether anything was done here, or a person is to be asked."""
        return bool(self._errands.outcomes)

    async def aclose(self) -> None:
        """Nobody listens any more."""
        await self._told.aclose()
        await self._asking.aclose()

    def _closing(self) -> Phrase:
        match self.end:
            case End.LOST:
                return Phrase("cloud_lost" if self._lost is not None else "cloud_cut")
            case End.CUT | End.REFUSED:
                return Phrase("cloud_cut")
        return _NOTHING

    async def _come(self) -> AsyncGenerator[str, None]:
        pieces = aiter(self._asking)
        came, waited, calls = False, 0.0, 0
        while self.end is None:
            # How long the first may take, whoever begins decides.
            asked = anyio.current_time()
            told = await self._next(pieces, min(_PAUSE_S, _WAITING_S - waited) if came else math.inf)
            waited += anyio.current_time() - asked if came else 0.0
            match told:
                case Piece(text):
                    came = True
                    for sentence in self._cut.push(text):
                        yield self._named(sentence)
                case ToolCall() if (calls := calls + 1) > _CALLS:
                    self.end = End.CUT
                case ToolCall() as call:
                    await self._asking.called(call, await self._errands.run(call))
                case Whole(text, finish, code):
                    for sentence in self._ended("" if came else text, finish, code):
                        yield self._named(sentence)
                case LinkLost():
                    self.end = End.LOST
                    if self.heard and self._lost is not None:
                        await self._lost(self.heard)

    @staticmethod
    async def _next(pieces: AsyncIterator[Told], within_s: float) -> Told:
        with anyio.move_on_after(within_s):
            return await anext(pieces, LinkLost())
        return LinkLost()

    def _ended(self, missing: str, finish: Finish, code: str) -> list[str]:
        """The last sentences. ``missing``: the whole answer, where it did not come in pieces."""
        self.end = {Finish.WHOLE: End.WHOLE, Finish.CUT: End.CUT, Finish.REFUSED: End.REFUSED}[finish]
        self.code = code
        sentences = self._cut.push(missing) if missing else []
        # Half a sentence that breaks off says nothing, or the wrong thing.
        return [*sentences, *self._cut.end()] if self.end is End.WHOLE else sentences

    def _named(self, sentence: str) -> str:
        return unmask(sentence, self._names)
