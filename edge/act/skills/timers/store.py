"""Timers on disk. Kept is the time of day at which each ends, for that goes on while the power is off."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from apsw import Connection

from edge.act.skills.timers.timer import Timer
from edge.ports import Storage

_STEPS: Final = (
    """CREATE TABLE timers_timer (
        id TEXT PRIMARY KEY,
        name TEXT,
        area TEXT,
        length_s REAL NOT NULL,
        due REAL,           -- seconds since the epoch; NULL while it is paused
        left_s REAL NOT NULL,
        seen REAL NOT NULL  -- what the clock showed when this row was last written
    )""",
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A timer as it is on disk."""

    timer: Timer
    """Without an end, which is on a clock that knows nothing of other runs."""
    due: float | None
    """Seconds since the epoch; None while it is paused."""
    seen: float
    """What the wall clock showed when this was last written."""


class TimerStore:
    """All timers."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def load(self) -> Sequence[Kept]:
        """All of them. Raises StorageError."""
        await self._storage.migrate("timers", _STEPS)
        return await self._storage.read(_all)

    async def save(self, timers: Sequence[Timer], elapsed: float, now: float) -> None:
        """Keep ``timers`` as they are; ``elapsed`` and ``now`` are what the two clocks show. Raises StorageError."""
        rows = [
            (t.id, t.name, t.area, t.length_s, None if t.ends is None else now + t.ends - elapsed, t.left_s, now)
            for t in timers
        ]
        await self._storage.write(
            lambda connection: connection.executemany(
                "INSERT OR REPLACE INTO timers_timer VALUES (?, ?, ?, ?, ?, ?, ?)", rows
            )
        )

    async def remove(self, timers: Sequence[Timer]) -> None:
        """They are over. Raises StorageError."""
        ids = [(timer.id,) for timer in timers]
        await self._storage.write(
            lambda connection: connection.executemany("DELETE FROM timers_timer WHERE id = ?", ids)
        )


def _all(connection: Connection) -> list[Kept]:
    rows = connection.execute("SELECT id, name, area, length_s, due, left_s, seen FROM timers_timer ORDER BY due")
    return [
        Kept(Timer(ident, name, area, length_s, None, left_s), due, seen)
        for ident, name, area, length_s, due, left_s, seen in rows
    ]
