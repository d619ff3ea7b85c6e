"""What is due at a time of day, once or again and again: kept on disk, rung, or done, when its time has come.

A moment is kept as such; how it recurs, as a rule on local time, so that "every day at seven" stays seven when the
clocks change. "In ten minutes" is counted by elapsed time: it moves along when the wall clock is put right.
"""

import datetime
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import anyio
from apsw import Connection

from edge.act.calendar import When, following
from edge.act.timekeeping import LONGEST_SLEEP_S, Alert, Time, WallClockWatch
from edge.intents import Phrase
from edge.ports import Announcer, RingingEnd, Silenced, Storage

_STALE_S: Final = 600.0
"""What was due longer ago than this, while nothing could ring, is only told."""
_SNOOZE_S: Final = 300.0
MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that is due."""

    id: str
    text: str
    """What it is for, as it was said; may be empty."""
    due: float
    """The next time, in seconds since the epoch."""
    rule: str | None = None
    """RFC 5545 recurrence rule."""
    start: float = 0.0
    """The first time, in seconds since the epoch."""
    counted: bool = False
    """It was set as a length of time."""
    snoozed: float | None = None
    """When it rings again, in seconds since the epoch."""
    begun: bool = False
    """What it is for was begun; where that is read from disk, the power went before it was over."""

    @property
    def next(self) -> float:
        """When it rings, in seconds since the epoch."""
        return self.due if self.snoozed is None else self.snoozed


class Agenda:
    """The entries of one skill. Every change is on disk before it is seen in memory."""

    def __init__(
        self,
        part: str,
        storage: Storage,
        announcer: Announcer,
        time: Time,
        phrase: Callable[[Entry, bool], Phrase],
        snooze_s: float = _SNOOZE_S,
        *,
        stale_s: float = _STALE_S,
        act: Callable[[Entry], Awaitable[None]] | None = None,
    ) -> None:
        """``part`` names the tables. ``phrase`` is what is said of an entry that is due, or (True) that was missed:
        that could not be heard for ``stale_s`` seconds. ``act``: what is done, at most once, in place of ringing.
        """
        self._table = f"{part}_entry"
        self._part, self._storage, self._announcer, self._time = part, storage, announcer, time
        self._phrase, self._snooze_s = phrase, snooze_s
        self._stale_s, self._act = stale_s, act
        self._entries: dict[str, Entry] = {}
        self._ringing: dict[str, tuple[Phrase, anyio.CancelScope]] = {}
        self._watch = WallClockWatch(time)
        self._moved: set[str] = set()
        self.changed = Alert()
        """Set by every change, and when one begins or ends to ring."""
        self._loading = anyio.Lock()
        self._loaded = False

    async def load(self) -> None:
        """Read what was kept, once. Raises StorageError."""
        async with self._loading:
            if self._loaded:
                return
            await self._storage.migrate(self._part, [step.format(table=self._table) for step in _STEPS])
            rows = await self._storage.read(self._all)
            self._entries = {entry.id: entry for entry in rows}
            self._loaded = True

    def all(self) -> Sequence[Entry]:
        """The next first."""
        return sorted(self._entries.values(), key=lambda entry: entry.next)

    def local(self, moment: float) -> datetime.datetime:
        """``moment`` (seconds since the epoch) in the machine's time zone."""
        return datetime.datetime.fromtimestamp(moment, self._time.now().tzinfo)

    async def add(self, text: str, when: When) -> Entry:
        """Keep it. Raises StorageError."""
        at = when.at.timestamp()
        entry = Entry(uuid.uuid4().hex, text, at, when.rule, at, when.span_s is not None)
        await self._put(entry)
        return entry

    def entry(self, ident: str) -> Entry | None:
        """That of this id, where there is one."""
        return self._entries.get(ident)

    def rings(self, entry: Entry) -> bool:
        """Whether it rings, be it behind another."""
        return entry.id in self._ringing and entry.id not in self._moved

    async def change(self, entry: Entry, text: str, when: When | None) -> Entry:
        """It is for ``text`` from now on, and due at another time, where one is given; one that rings is silenced.
        Raises StorageError.
        """
        changed = replace(entry, text=text)
        if when is not None:
            at = when.at.timestamp()
            changed = Entry(entry.id, text, at, when.rule, at, when.span_s is not None)
            if self.rings(entry):
                # What becomes of what rang is decided.
                self._moved.add(entry.id)
        await self._put(changed)
        if when is not None:
            await self._hush(entry, Silenced(RingingEnd.STOPPED))
        return changed

    async def silence(self, entry: Entry, silenced: Silenced) -> None:
        """It is heard no more, as a person says. Raises StorageError."""
        if not self.rings(entry):
            return
        if self._announcer.ringing is not self._ringing[entry.id][0]:
            # Before it is hushed: else it is due again at once.
            await self._over(entry, silenced)
        await self._hush(entry, silenced)

    async def remove(self, entries: Sequence[Entry]) -> None:
        """They are due no more; one that rings is silenced. Raises StorageError."""
        await self._delete(entries)
        for entry in entries:
            await self._hush(entry, Silenced(RingingEnd.STOPPED))

    async def _hush(self, entry: Entry, silenced: Silenced) -> None:
        phrase, scope = self._ringing.get(entry.id, (None, None))
        if phrase is not None and self._announcer.ringing is phrase:
            await self._announcer.silence(silenced)
        elif scope is not None:
            scope.cancel()  # it waits behind another that rings

    async def serve(self) -> None:
        """Ring what is due, for as long as the assistant runs. Raises StorageError."""
        await self.load()
        async with anyio.create_task_group() as ringing:
            while True:
                await self._mind_the_clock()
                now = self._time.now().timestamp()
                waiting = [entry for entry in self.all() if entry.id not in self._ringing]
                for entry in waiting:
                    if entry.next <= now:
                        missed = entry.begun or now - entry.next > self._stale_s
                        self._ringing[entry.id] = (self._phrase(entry, missed), anyio.CancelScope())
                        ringing.start_soon(self._heard, entry, missed)
                        self.changed.set()
                later = [entry.next - now for entry in waiting if entry.next > now]
                await self.changed.wait(min([LONGEST_SLEEP_S, *later]), self._time.sleep)

    async def _heard(self, entry: Entry, missed: bool) -> None:
        phrase, scope = self._ringing[entry.id]
        with scope:
            if missed:
                await self._announcer.announce(phrase)
                await self._over(entry, Silenced(RingingEnd.UNHEARD))
            elif self._act is not None:
                # Begun before it is done: after a power cut nobody knows whether it was, and it is not done twice.
                await self._put(replace(entry, begun=True))
                await self._act(entry)
                await self._over(entry, Silenced(RingingEnd.UNHEARD))
            else:
                await self._announcer.ring(phrase, lambda silenced: self._over(entry, silenced))
        self._ringing.pop(entry.id, None)
        self._moved.discard(entry.id)
        self.changed.set()

    async def _over(self, entry: Entry, silenced: Silenced) -> None:
        if entry.id not in self._entries or entry.id in self._moved:
            return  # it was cancelled or put off meanwhile
        now = self._time.now()
        if silenced.how is RingingEnd.SNOOZED:
            await self._put(replace(entry, snoozed=now.timestamp() + (silenced.snooze_s or self._snooze_s)))
            return
        again = following(entry.rule, self.local(entry.start), now) if entry.rule else None
        if again is None:
            await self._delete([entry])
        else:
            await self._put(replace(entry, due=again.timestamp(), snoozed=None, begun=False))

    async def _mind_the_clock(self) -> None:
        if step := self._watch.stepped():
            for entry in [entry for entry in self._entries.values() if entry.counted]:
                await self._put(replace(entry, due=entry.due + step))

    async def _put(self, entry: Entry) -> None:
        row = (entry.id, entry.text, entry.due, entry.rule, entry.start, entry.counted, entry.snoozed, entry.begun)
        sql = f"INSERT OR REPLACE INTO {self._table} VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  # our own name
        await self._storage.write(lambda connection: connection.execute(sql, row))
        self._entries[entry.id] = entry
        self.changed.set()

    async def _delete(self, entries: Sequence[Entry]) -> None:
        sql = f"DELETE FROM {self._table} WHERE id = ?"  # noqa: S608  # our own name
        ids = [(entry.id,) for entry in entries]
        await self._storage.write(lambda connection: connection.executemany(sql, ids))
        for entry in entries:
            self._entries.pop(entry.id, None)
        self.changed.set()

    def _all(self, connection: Connection) -> list[Entry]:
        sql = f"SELECT id, text, due, rule, start, counted, snoozed, begun FROM {self._table}"  # noqa: S608  # our own name
        return [
            Entry(ident, text, due, rule, start, bool(counted), snoozed, bool(begun))
            for ident, text, due, rule, start, counted, snoozed, begun in connection.execute(sql)
        ]


_STEPS: Final = (
    """CREATE TABLE {table} (
    id TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    due REAL NOT NULL,       -- seconds since the epoch
    rule TEXT,               -- RFC 5545, on local time
    start REAL NOT NULL,     -- the first time, seconds since the epoch
    counted INTEGER NOT NULL,
    snoozed REAL
)""",
    "ALTER TABLE {table} ADD COLUMN begun INTEGER NOT NULL DEFAULT 0",
)
