"""How well the assistant serves, by day, on disk: a few numbers that outlive the turns they were counted from.

Nothing in them tells what was said, nor by whom; all the same they go when everything is to be forgotten.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from apsw import Connection

from edge.observe.kpis import Counts
from edge.ports import Storage

_STEPS: Final = (
    """CREATE TABLE kpi_day (
        day TEXT NOT NULL, what TEXT NOT NULL, n REAL NOT NULL, PRIMARY KEY (day, what)
    ) WITHOUT ROWID""",
)
_ADD: Final = "INSERT INTO kpi_day VALUES (?, ?, ?) ON CONFLICT (day, what) DO UPDATE SET n = n + excluded.n"
_KEEP_DAYS: Final = 800
"""Two years and a bit, so that a season can be compared with the one a year before."""


class KpiStore:
    """The table of an assistant."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._ready = False

    async def add(self, counts: Counts, today: date) -> None:
        """Count these in; what is too old goes. Raises StorageError."""
        await self._prepare()
        rows = [(day.isoformat(), str(what), n) for day, of_day in counts.items() for what, n in of_day.items()]

        def work(connection: Connection) -> None:
            connection.executemany(_ADD, rows)
            connection.execute("DELETE FROM kpi_day WHERE day < ?", ((today - timedelta(_KEEP_DAYS)).isoformat(),))

        await self._storage.write(work)

    async def since(self, first: date) -> Mapping[date, Mapping[str, float]]:
        """All days from ``first`` on of which anything is known, the oldest first. Raises StorageError."""
        await self._prepare()
        query = "SELECT day, what, n FROM kpi_day WHERE day >= ? ORDER BY day, what"

        def work(connection: Connection) -> Mapping[date, Mapping[str, float]]:
            days: dict[date, dict[str, float]] = {}
            for day, what, n in connection.execute(query, (first.isoformat(),)):
                days.setdefault(date.fromisoformat(day), {})[what] = n
            return days

        return await self._storage.read(work)

    async def _prepare(self) -> None:
        if not self._ready:
            await self._storage.migrate("kpi", _STEPS)
            self._ready = True
