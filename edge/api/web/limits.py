"""How often somebody may ask for what costs much, and strangers for anything."""

import time
from dataclasses import dataclass
from typing import Final

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.requests import HTTPConnection

from edge.api.web.access import person
from edge.api.web.attempts import too_many
from edge.api.web.places import place

_STRANGERS: Final = "120/minute"
"""The page asks for a handful until somebody has logged in: enough for several people behind one address."""


class Rates:
    """What was asked for in the last while, in memory."""

    def __init__(self, strangers: str = _STRANGERS) -> None:
        """``strangers``: how often one address may ask without being known."""
        self._strangers = parse(strangers)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def stranger(self, connection: HTTPConnection) -> None:
        """Somebody asks who is not known. Raises Refusal."""
        await self.hit(self._strangers, "stranger", source(connection))

    async def hit(self, limit: RateLimitItem, what: str, who: str) -> None:
        """Raises Refusal when ``who`` has asked for ``what`` too often."""
        if not await self._limiter.hit(limit, what, who):
            window = await self._limiter.get_window_stats(limit, what, who)
            raise too_many(max(1.0, window.reset_time - time.time()), "too many requests")


@dataclass(frozen=True, slots=True)
class Limit:
    """A dependency of a route that costs much: ``dependencies=[Depends(Limit("30/minute", "transcribe"))]``."""

    rate: str
    """For each person, or each address where nobody is known. https://limits.readthedocs.io/en/stable/quickstart.html"""
    what: str
    """Routes that share it have the same."""

    async def __call__(self, connection: HTTPConnection) -> None:
        """Raises Refusal, with the time to wait."""
        rates: Rates = connection.state.rates
        who = person(connection)
        key = (who.id or who.login or who.via) if who is not None else source(connection)
        await rates.hit(parse(self.rate), self.what, key)


def source(connection: HTTPConnection) -> str:
    """Where it comes from, as it is counted."""
    return place(connection.client.host) if connection.client is not None else ""
