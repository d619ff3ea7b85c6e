"""How well the assistant serves, counted while it runs: in memory, on disk now and then, in the log once a week."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import anyio

from edge.errors import StorageError
from edge.events import AnyEvent
from edge.observe.kpi_store import KpiStore
from edge.observe.kpis import Judge
from edge.observe.weeks import Week, as_row, monday, weeks
from edge.ports import Storage

_log = logging.getLogger("hearth")
_WRITE_S: Final = 300.0
"""Not with each turn: an SD card bears only so many writes, and what is lost at a power cut is five minutes' counts."""
_FAREWELL_S: Final = 0.5
_TOLD: Final = "told"
"""Counted on a week's Monday once the log has its line."""
_WEEK: Final = timedelta(7)


class ServiceFigures:
    """Feed it every event, and run :meth:`serve`."""

    def __init__(
        self,
        storage: Storage,
        now: Callable[[], float] = time.time,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        """``now``: seconds since the epoch; ``elapsed``: seconds, monotonic."""
        self._store, self._now, self._elapsed = KpiStore(storage), now, elapsed
        self._judge = Judge()
        self._told: date | None = None
        """The last week that is in the log."""

    def take(self, event: AnyEvent) -> None:
        """Count it."""
        self._judge.take(event, self._elapsed(), self._today())

    async def serve(self) -> None:
        """Keep what is counted, until cancelled."""
        try:
            while True:
                await self._attempt()
                await anyio.sleep(_WRITE_S)
        finally:
            with anyio.move_on_after(_FAREWELL_S, shield=True):
                await self._attempt(everything=True)

    async def write(self, *, everything: bool = False) -> None:
        """Keep what was counted since. ``everything``: tasks that may go on are judged as they are. Raises
        StorageError.
        """
        self._judge.close(self._elapsed())
        if counts := self._judge.taken(everything=everything):
            await self._store.add(counts, self._today())

    async def weeks(self, count: int) -> Sequence[Week]:
        """The last ``count`` weeks up to this one, the oldest first. Raises StorageError."""
        await self.write()
        return await weeks_of(self._store, count, self._today())

    async def _attempt(self, *, everything: bool = False) -> None:
        try:
            await self.write(everything=everything)
            await self._tell()
        except StorageError as error:
            _log.warning("how well it serves can't be kept: %s", error)

    async def _tell(self) -> None:
        """One line about the week that is over, once."""
        begins = monday(self._today()) - _WEEK
        if self._told == begins:
            return
        days = await self._store.since(begins)
        (week,) = weeks(days, begins, begins)
        if _TOLD not in days.get(begins, {}) and (week.tasks or week.wakes):
            _log.info("the week", extra=as_row(week))
            await self._store.add({begins: {_TOLD: 1}}, self._today())
        self._told = begins

    def _today(self) -> date:
        return datetime.fromtimestamp(self._now()).date()


async def weeks_of(store: KpiStore, count: int, today: date) -> Sequence[Week]:
    """The last ``count`` weeks of what is kept. Raises StorageError."""
    first = monday(today) - _WEEK * (count - 1)
    return weeks(await store.since(first), first, today)
