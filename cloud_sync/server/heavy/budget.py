"""How much a house may ask, and what it has asked: decided and written down under the lock of the house."""

import datetime
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_sync.server.database import Database
from cloud_sync.server.heavy.settings import HeavySettings
from cloud_sync.server.heavy.tables import budget, usage

_MINUTE_MS: Final = 60_000
RUNNING: Final = "running"


class Refused(Exception):
    """The house may not ask now."""

    def __init__(self, what: str, retry_after_s: float) -> None:
        """``what``: the limit it has come to, in words."""
        super().__init__(what)
        self.what, self.retry_after_s = what, retry_after_s


@dataclass(frozen=True, slots=True)
class Cost:
    """What a question cost."""

    endpoint: str = ""
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    estimated: bool = False
    cost: int = 0
    """Millionths of the currency."""
    first_ms: int | None = None
    latency_ms: int = 0
    cached: bool = False


class Budget:
    """Of all houses."""

    def __init__(
        self,
        database: Database,
        settings: HeavySettings,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """``now_ms``: milliseconds since the epoch."""
        self._database, self._settings, self._now_ms = database, settings, now_ms
        self._longest_ms = round(max((each.whole_s for each in settings.endpoints), default=0.0) * 1000) + round(
            settings.tool_rounds * settings.tool_s * 1000
        )

    async def admit(self, house: str, device: str) -> int:
        """Note that a question begins; returns its number. Raises Refused."""
        now = self._now_ms()
        async with self._database.transaction(house) as connection:
            used = await self._locked(connection, house, day_of(now))
            await self._check(connection, house, now, used)
            row = {"house": house, "device": device, "at_ms": now, "day": day_of(now), "outcome": RUNNING}
            return int((await connection.execute(insert(usage).values(row).returning(usage.c.n))).scalar_one())

    async def settle(self, house: str, number: int, outcome: str, cost: Cost) -> None:
        """The question of that number is over."""
        now = self._now_ms()
        async with self._database.transaction(house) as connection:
            await self._locked(connection, house, day_of(now))
            ended = update(usage).where(usage.c.house == house, usage.c.n == number)
            await connection.execute(
                ended.values(
                    outcome=outcome,
                    endpoint=cost.endpoint,
                    model=cost.model,
                    tokens_in=cost.tokens_in,
                    tokens_out=cost.tokens_out,
                    estimated=cost.estimated,
                    cost=cost.cost,
                    first_ms=cost.first_ms,
                    latency_ms=cost.latency_ms,
                    cached=cost.cached,
                )
            )
            more = budget.c.tokens + cost.tokens_in + cost.tokens_out
            await connection.execute(update(budget).where(budget.c.house == house).values(tokens=more))

    async def _locked(self, connection: AsyncConnection, house: str, day: str) -> int:
        """Tokens that the house has used on ``day``. Its row is locked until the transaction ends."""
        dialect = postgresql if self._database.is_postgres else sqlite
        row = dialect.insert(budget).values(house=house, day=day, tokens=0)
        await connection.execute(row.on_conflict_do_nothing())
        found = (await connection.execute(select(budget).where(budget.c.house == house).with_for_update())).one()
        if found.day != day:
            await connection.execute(update(budget).where(budget.c.house == house).values(day=day, tokens=0))
            return 0
        return int(found.tokens)

    async def _check(self, connection: AsyncConnection, house: str, now: int, used: int) -> None:
        settings = self._settings
        if settings.tokens_a_day and used >= settings.tokens_a_day:
            raise Refused(f"{settings.tokens_a_day} tokens a day", _until_tomorrow_s(now))
        recent = select(func.count(), func.min(usage.c.at_ms)).where(
            usage.c.house == house, usage.c.at_ms > now - _MINUTE_MS
        )
        count, first = (await connection.execute(recent)).one()
        if settings.requests_a_minute and count >= settings.requests_a_minute:
            raise Refused(f"{settings.requests_a_minute} requests a minute", (first + _MINUTE_MS - now) / 1000)
        # What runs for longer than anything may was left behind by a worker that died.
        runs = select(func.count()).where(
            usage.c.house == house, usage.c.outcome == RUNNING, usage.c.at_ms > now - self._longest_ms
        )
        if settings.concurrent and (await connection.execute(runs)).scalar_one() >= settings.concurrent:
            raise Refused(f"{settings.concurrent} at a time", 1.0)


def day_of(ms: int) -> str:
    """The day of UTC, YYYY-MM-DD, of a moment in milliseconds since the epoch."""
    return datetime.datetime.fromtimestamp(ms / 1000, datetime.UTC).date().isoformat()


def _until_tomorrow_s(ms: int) -> float:
    day_ms = 86_400_000
    return (day_ms - ms % day_ms) / 1000
