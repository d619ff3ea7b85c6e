"""Tickets: a WebSocket of a program that can't send headers shows one in its address, where secrets must not be."""

import secrets
import time
from collections.abc import Callable
from typing import Final

from edge.api.web.access import Person

LIFE_S: Final = 30.0
_MOST: Final = 256


class Tickets:
    """Those that are good now: each once, and for half a minute."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """``now``: seconds."""
        self._now = now
        self._given: dict[str, tuple[float, Person]] = {}

    def give(self, who: Person) -> str:
        """One for ``who``."""
        now = self._now()
        self._given = {ticket: entry for ticket, entry in self._given.items() if now < entry[0]}
        while len(self._given) >= _MOST:
            del self._given[next(iter(self._given))]
        ticket = secrets.token_urlsafe(32)
        self._given[ticket] = now + LIFE_S, who
        return ticket

    def take(self, ticket: str) -> Person | None:
        """Whose it was; from now on nobody's."""
        until, who = self._given.pop(ticket, (0.0, None))
        return who if self._now() < until else None
