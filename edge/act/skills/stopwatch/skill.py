"""One stopwatch for the house."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from apsw import Connection

from edge.act.timekeeping import Time
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase
from edge.ports import Storage

_STEPS: Final = (
    """CREATE TABLE stopwatch_run (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        before REAL NOT NULL,  -- seconds that were counted before it was last started
        started REAL,          -- seconds since the epoch; NULL while it stands
        lap REAL NOT NULL      -- what it showed at the last lap
    )""",
)


@dataclass(frozen=True, slots=True)
class _Run:
    """What the stopwatch shows."""

    before: float = 0.0
    """Seconds counted before it was last started."""
    started: float | None = None
    """When it was, on the clock of elapsed time; None while it stands."""
    lap: float = 0.0
    """What it showed at the last lap."""


class Stopwatch:
    """Starts, stops and reads it."""

    intents = frozenset({"HearthStopwatch"})
    deadline_s = 5.0

    def __init__(self, storage: Storage, time: Time) -> None:
        self._storage, self._time = storage, time
        self._run: _Run | None = None
        self._loaded = False

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """What the form says: start, stop, resume, reset, lap, status. Raises StorageError."""
        await self._load()
        now, run = self._time.elapsed(), self._run
        if intent.form == "start" and (run is None or run.started is None):
            return await self._become(_Run(started=now), "stopwatch_started")
        if run is None:
            return Outcome(OutcomeKind.FAILED, Phrase("stopwatch_none"))
        shown = run.before + (now - run.started if run.started is not None else 0.0)
        values = {"seconds": shown, "lap": shown - run.lap, "running": run.started is not None}
        match intent.form:
            case "stop":
                return await self._become(replace(run, before=shown, started=None), "stopwatch_stopped", values)
            case "resume":
                started = run.started if run.started is not None else now
                return await self._become(replace(run, started=started), "stopwatch_resumed", values)
            case "reset":
                return await self._become(None, "stopwatch_reset")
            case "lap":
                return await self._become(replace(run, lap=shown), "stopwatch_lap", values)
            case _:
                return Outcome(OutcomeKind.DONE, Phrase("stopwatch_shows", values))

    async def _become(self, run: _Run | None, key: str, values: Mapping[str, object] | None = None) -> Outcome:
        await self._storage.write(lambda connection: self._keep(connection, run))
        self._run = run
        return Outcome(OutcomeKind.DONE, Phrase(key, values or {}))

    async def _load(self) -> None:
        if self._loaded:
            return
        await self._storage.migrate("stopwatch", _STEPS)
        row = await self._storage.read(
            lambda connection: connection.execute("SELECT before, started, lap FROM stopwatch_run").fetchone()
        )
        if row is not None:
            before, started, lap = row
            away = self._time.now().timestamp() - started if started is not None else None
            # A clock that shows less than when it was started was set meanwhile: nothing is known of the time between.
            since = None if away is None else self._time.elapsed() - max(0.0, away)
            self._run = _Run(before, since, lap)
        self._loaded = True

    def _keep(self, connection: Connection, run: _Run | None) -> None:
        connection.execute("DELETE FROM stopwatch_run")
        if run is not None:
            age = None if run.started is None else self._time.elapsed() - run.started
            started = None if age is None else self._time.now().timestamp() - age
            connection.execute("INSERT INTO stopwatch_run VALUES (1, ?, ?, ?)", (run.before, started, run.lap))
