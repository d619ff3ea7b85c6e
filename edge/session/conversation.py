"""What a person still has in mind of a conversation: the last exchanges, and the question that waits for its answer."""

import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from edge.dialogue import Context, Exchange
from edge.intents import Question

_IN_MIND_S: Final = 300.0
"""After five minutes "it" means nothing any more."""
_EXCHANGES: Final = 8
_QUESTION_S: Final = 60.0
"""A question that got no answer for so long was not heard, or is forgotten."""
_SPOKEN_S: Final = 120.0
"""Somebody who speaks within two minutes goes on with the same conversation."""
_CONVERSATIONS: Final = 64


class Conversation:
    """One session, spoken or written."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        """``now``: seconds since the epoch."""
        self._now = now
        self._context = Context()

    def context(self) -> Context:
        """What is still in mind."""
        now = self._now()
        recent = tuple(exchange for exchange in self._context.exchanges if now - exchange.at < _IN_MIND_S)
        fresh = bool(recent) and now - recent[-1].at < _QUESTION_S
        return Context(recent, self._context.question if fresh else None, now)

    def add(self, exchange: Exchange, question: Question | None) -> None:
        """A turn is over; ``question`` is what it ended with."""
        self._context = Context((*self.context().exchanges, exchange)[-_EXCHANGES:], question)

    @property
    def last_at(self) -> float | None:
        """When the last turn ended."""
        last = self._context.last
        return last.at if last else None


class Conversations:
    """All that go on, by session; the one that was quiet for longest is forgotten first."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._sessions: OrderedDict[str, Conversation] = OrderedDict()
        self._spoken = ""

    def of(self, session: str) -> Conversation:
        """The conversation of ``session``, a new one where there is none."""
        conversation = self._sessions.setdefault(session, Conversation(self._now))
        self._sessions.move_to_end(session)
        while len(self._sessions) > _CONVERSATIONS:
            self._sessions.popitem(last=False)
        return conversation

    def context(self, session: str) -> Context:
        """What is still in mind of ``session``; empty when nothing is."""
        known = self._sessions.get(session)
        return known.context() if known is not None else Context()

    def forget(self) -> None:
        """Nothing is in mind any more."""
        self._sessions.clear()

    def spoken(self) -> str:
        """The session that speech at the microphone belongs to now."""
        known = self._sessions.get(self._spoken)
        if known is None or known.last_at is None or self._now() - known.last_at > _SPOKEN_S:
            self._spoken = uuid.uuid4().hex[:12]
        return self._spoken
