"""Asks the tiers in order of cost; the first that is sure wins, and when none is, that is an honest answer too."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from edge.dialogue import Context
from edge.intents import Origin, Transcript, Understanding


class SyncTier(Protocol):
    """A tier of microseconds."""

    def understand(self, text: str, origin: Origin) -> Understanding | None: ...


AsyncTier = Callable[[str, Origin, Context], Awaitable[Understanding | None]]


@dataclass(frozen=True, slots=True)
class Routed:
    """The router's answer."""

    understanding: Understanding | None
    """None when no tier was sure enough."""
    ms: float
    """Time spent in all tiers that were asked, milliseconds."""


class Router:
    """``grammar`` answers at once; ``model`` (None without one) is asked only for what the grammar does not know."""

    def __init__(self, grammar: SyncTier, model: AsyncTier | None) -> None:
        self._grammar = grammar
        self._model = model

    async def understand(self, said: Transcript, origin: Origin, context: Context) -> Routed:
        """Who understood what was ``said``, after what was said before (``context``), and what it cost."""
        begun = time.perf_counter()
        found = first_understood(self._grammar, said, origin)
        if found is None and self._model is not None:
            found = await self._model(said.readings[-1], origin, context)
        return Routed(found, (time.perf_counter() - begun) * 1000)


def first_understood(grammar: SyncTier, said: Transcript, origin: Origin) -> Understanding | None:
    """What ``grammar`` makes of the likeliest reading that it can make something of."""
    return next(filter(None, (grammar.understand(text, origin) for text in said.readings)), None)
