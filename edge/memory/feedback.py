"""What people say of turns afterwards: that one was right, or what was wrong with it and what they had meant."""

import json
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from apsw import Connection

from edge.intents import Intent
from edge.memory import recordings
from edge.ports import Storage

_STEPS: Final = (
    """CREATE TABLE memory_feedback (
        turn TEXT PRIMARY KEY, at REAL NOT NULL, wrong TEXT NOT NULL, heard TEXT NOT NULL, language TEXT NOT NULL,
        meant TEXT NOT NULL, intent TEXT, learnt INTEGER NOT NULL
    ) WITHOUT ROWID""",
)
_COLUMNS: Final = "turn, at, wrong, heard, language, meant, intent, learnt"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What somebody said of a turn."""

    turn: str
    at: float
    """When, seconds since the epoch."""
    wrong: str
    """As :attr:`edge.events.Feedback.wrong`; empty: it was right."""
    heard: str
    """What the assistant had heard."""
    language: str
    meant: str = ""
    """What the person had said, or had meant by it; empty: nobody told."""
    intent: Intent | None = None
    """What that means."""
    learnt: bool = False
    """Whether what was heard has that meaning from now on."""


class Verdicts:
    """All that was said of turns."""

    def __init__(self, storage: Storage, now: Callable[[], float] = time.time) -> None:
        """``now``: seconds since the epoch."""
        self._storage, self._now = storage, now
        self._ready = False

    async def give(
        self,
        turn: str,
        wrong: str,
        *,
        heard: str,
        language: str,
        meant: str = "",
        intent: Intent | None = None,
        learn: bool = False,
    ) -> Verdict:
        """Keep it in place of what was said of that turn before. ``learn``: what was ``heard`` means ``intent`` from
        now on. Raises StorageError.
        """
        await self._prepare()
        verdict = Verdict(turn, self._now(), wrong, heard, language, meant, intent, learn and intent is not None)
        row = (
            turn, verdict.at, wrong, heard, language, meant,
            None if intent is None else json.dumps({"name": intent.name, "slots": dict(intent.slots)}),
            int(verdict.learnt),
        )  # fmt: skip

        insert = "INSERT OR REPLACE INTO memory_feedback VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        await self._storage.write(lambda connection: connection.execute(insert, row))
        return verdict

    async def take_back(self, turn: str) -> str | None:
        """As if nobody had said it. Returns what was said to be wrong, None: nobody had spoken. Raises StorageError."""
        await self._prepare()

        def work(connection: Connection) -> str | None:
            removed = "DELETE FROM memory_feedback WHERE turn = ? RETURNING wrong"
            wrong: str | None = connection.execute(removed, (turn,)).get
            return wrong

        return await self._storage.write(work)

    async def of(self, turns: Collection[str]) -> dict[str, Verdict]:
        """By turn, where something was said of it. Raises StorageError."""
        return {verdict.turn: verdict for verdict in await self.all() if verdict.turn in turns} if turns else {}

    async def all(self) -> Sequence[Verdict]:
        """Newest first. Raises StorageError."""
        await self._prepare()
        query = f"SELECT {_COLUMNS} FROM memory_feedback ORDER BY at DESC"  # noqa: S608
        return await self._storage.read(lambda connection: [_verdict(*row) for row in connection.execute(query)])

    async def _prepare(self) -> None:
        if not self._ready:
            await self._storage.migrate("memory.feedback", _STEPS)
            self._ready = True


class Traces:
    """What is kept of turns beside the journal: it goes with them when they are erased."""

    def __init__(self, data_dir: Path) -> None:
        self._recordings = data_dir / recordings.FOLDER

    def erase(self, connection: Connection, turns: Collection[str] | None) -> None:
        """Those of ``turns``, None: of all; in the transaction that ``connection`` is in. Raises StorageError."""
        recordings.erase(self._recordings, turns)
        if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'memory_feedback'").fetchall():
            if turns is None:
                connection.execute("DELETE FROM memory_feedback")
            else:
                connection.executemany("DELETE FROM memory_feedback WHERE turn = ?", [(turn,) for turn in turns])


def _verdict(turn: str, at: float, wrong: str, heard: str, language: str, meant: str, *rest: Any) -> Verdict:
    intent, learnt = rest
    told = json.loads(intent) if intent else None
    found = Intent(told["name"], told["slots"]) if told else None
    return Verdict(turn, at, wrong, heard, language, meant, found, bool(learnt))
