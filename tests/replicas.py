"""Assistants of a house and their bridge, in one thread: real databases, skills' real stores, a bridge that only folds."""

import copy
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import apsw
import msgspec

from cloud_sync.client import outbox, shadow
from cloud_sync.client.outbox import DatabaseOutbox
from cloud_sync.client.replica import Replica
from cloud_sync.client.shared import SHARED, TEXT, TEXT_OR_NOTHING, Table
from cloud_sync.protocol.clock import AHEAD_MS, ms_of, stamp
from cloud_sync.protocol.event import decode
from cloud_sync.protocol.messages import Changes, Numbered
from cloud_sync.protocol.record import Change, Record, Stamp, Value, merge
from edge.act.skills.lists.store import ListStore
from edge.act.skills.routines.store import RoutineStore
from edge.database import _migrate, _open, _transaction
from edge.memory.facts import Facts

NOTES = Table("note", "note", "notes", 1, {"text": TEXT, "place": TEXT_OR_NOTHING})
"""What is edited again and again, as no skill's rows are yet."""
NOTE_STEPS = ("CREATE TABLE note (id TEXT PRIMARY KEY, text TEXT NOT NULL, place TEXT)",)
ALL = (*SHARED, NOTES)

R = TypeVar("R")
Work = Callable[[apsw.Connection], R]


def at_once(coroutine: Coroutine[Any, Any, R]) -> R:
    """The result of what waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: R = done.value
        return result
    raise AssertionError("it waits")


class Inline:
    """The port :class:`edge.ports.Storage` on a connection of this thread, with the same transactions."""

    def __init__(self, connection: apsw.Connection, before_commit: Callable[[apsw.Connection], None] | None) -> None:
        self.connection, self.before_commit = connection, before_commit

    async def migrate(self, part: str, steps: Sequence[str]) -> None:
        await self.write(lambda connection: _migrate(connection, part, steps))

    async def read(self, work: Work[R]) -> R:
        return work(self.connection)

    async def write(self, work: Work[R]) -> R:
        return _transaction(self.connection, work, self.before_commit)


class Clock:
    """A wall clock that may be wrong."""

    def __init__(self, world: list[int], skew_ms: int = 0) -> None:
        """``world``: one number, the true time in milliseconds since the epoch."""
        self.world, self.skew_ms = world, skew_ms

    def ms(self) -> int:
        return max(0, self.world[0] + self.skew_ms)

    def s(self) -> float:
        return self.ms() / 1000


class WrongOutbox(DatabaseOutbox):
    """Of a device that has learnt the time from the bridge, and stamps by its own clock all the same."""

    def __init__(self, device: str, clock: Clock) -> None:
        super().__init__(device, clock.ms, machine="board")
        self._world = clock.world

    def now_ms(self, connection: apsw.Connection) -> int:
        return self._world[0]


class Assistant:
    """One of the house, with its own database, and the two processes on it."""

    def __init__(
        self,
        device: str,
        clock: Clock,
        file: Path | None = None,
        *,
        on: bool = True,
        loaded: bool = True,
        tables: Sequence[Table] = ALL,
    ) -> None:
        """``on``: it has a bridge; ``loaded``: its skills have made their tables."""
        self.device, self.clock, self.tables = device, clock, tables
        self.connection = _open(file, checkpoints=True) if file is not None else apsw.Connection(":memory:")
        self.connection.execute("PRAGMA secure_delete = ON")
        self.outbox = WrongOutbox(device, clock)
        self.replica = Replica(device, self.outbox, tables)
        self.storage = Inline(self.connection, None)
        self.lists = ListStore(self.storage, clock.s)
        self.facts = Facts(self.storage, clock.s)
        self.routines = RoutineStore(self.storage, clock.s)
        if on:
            self.switch_on()
        if loaded:
            self.load()

    def switch_on(self) -> None:
        at_once(self.storage.migrate(outbox.PART, outbox.STEPS))
        at_once(self.storage.migrate(shadow.PART, shadow.STEPS))
        self.storage.before_commit = self.replica.seal
        self.write(self.outbox.head)

    @classmethod
    def again(cls, before: "Assistant", tables: Sequence[Table]) -> "Assistant":
        """The same after a restart, of a program that may know other ``tables``."""
        again = cls.__new__(cls)
        again.__dict__.update(before.__dict__)
        again.tables, again.replica = tables, Replica(before.device, before.outbox, tables)
        again.storage.before_commit = again.replica.seal
        return again

    def load(self) -> None:
        at_once(self.lists.names())
        at_once(self.facts.all())
        at_once(self.routines.load())
        at_once(self.storage.migrate("notes", NOTE_STEPS))

    def write(self, work: Work[R]) -> R:
        return at_once(self.storage.write(work))

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(query, values).fetchall()

    # -- what hearth-sync does -----------------------------------------------------------------------------------------

    @property
    def link(self) -> tuple[int, int]:
        """Up to where its events are acknowledged, and its cursor."""
        acked, cursor = self.connection.execute("SELECT acked, cursor FROM sync_link").get
        return acked, cursor

    @property
    def incarnation(self) -> str:
        return str(self.rows("SELECT incarnation FROM sync_self")[0][0])

    def waiting(self) -> list[bytes]:
        return [raw for (raw,) in self.rows("SELECT event FROM sync_event WHERE seq > ? ORDER BY seq", self.link[0])]

    def greet(self, bridge: "Bridge") -> None:
        """As a connection begins: a bridge with another store is read from the first change on."""
        known = bridge.streams.get((self.device, self.incarnation), 0)
        if (bridge.epoch, known) != self.rows("SELECT epoch, acked FROM sync_link")[0]:
            self.write(
                lambda connection: connection.execute(
                    "UPDATE sync_link SET cursor = iif(epoch = ?1, cursor, 0), epoch = ?1, acked = ?2",
                    (bridge.epoch, known),
                )
            )

    def push(self, bridge: "Bridge", most: int = 1_000_000, *, lose_ack: bool = False) -> None:
        self.greet(bridge)
        for raw in self.waiting()[:most]:
            acked = bridge.receive(self.device, self.incarnation, raw)
            if not lose_ack:
                self.write(
                    lambda connection, acked=acked: connection.execute("UPDATE sync_link SET acked = ?", (acked,))
                )

    def pull(self, bridge: "Bridge", limit: int = 3, pages: int = 1_000_000) -> None:
        self.greet(bridge)
        self.replica.restart()
        cursor, snapshot = self.link[1], False
        for _ in range(pages):
            page = bridge.page(cursor, limit, snapshot)
            self.write(lambda connection, page=page: self.replica.take(connection, page))
            if not page.more:
                break
            cursor, snapshot = page.cursor, page.snapshot

    # -- what can be seen ----------------------------------------------------------------------------------------------

    def shown(self) -> list[tuple[Any, ...]]:
        """Rows of the shared tables, each behind its kind and id, without what belongs to one device."""
        return sorted(
            (
                (table.kind, *row)
                for table in self.tables
                if self.rows("SELECT 1 FROM sqlite_schema WHERE name = ?", table.name)
                for row in self.rows(
                    f"SELECT {table.key}, {', '.join(table.fields)} FROM {table.name} WHERE NOT ({table.deleted})"
                )
            ),
            key=repr,
        )

    def known(self) -> list[tuple[Any, ...]]:
        """What the house knows of every record: nothing is left that only this device knows."""
        assert not self.rows("SELECT * FROM sync_field WHERE own_clock IS NOT NULL")
        fields = self.rows("SELECT kind, record, field, value, clock, device FROM sync_field ORDER BY 1, 2, 3")
        return fields + self.rows("SELECT kind, record, clock, device FROM sync_tombstone ORDER BY 1, 2")

    def items(self, name: str = "shopping") -> list[str]:
        return [item.text for item in at_once(self.lists.items(name))]

    def note(self, ident: str, column: str, value: str) -> None:
        def work(connection: apsw.Connection) -> None:
            connection.execute("INSERT INTO note (id, text) VALUES (?, '') ON CONFLICT DO NOTHING", (ident,))
            connection.execute(f"UPDATE note SET {column} = ? WHERE id = ?", (value, ident))

        self.write(work)

    def add(self, *texts: str, name: str = "shopping") -> None:
        at_once(self.lists.add(name, texts))

    def remove(self, text: str, name: str = "shopping") -> None:
        at_once(self.lists.remove([item for item in at_once(self.lists.items(name)) if item.text == text]))


class Bridge:
    """Numbers changes and keeps what counts."""

    def __init__(self, world: list[int]) -> None:
        self.world = world
        self.epoch = "1"
        self.log: list[Numbered] = []
        self.heard: list[Change] = []
        """All that ever came."""
        self.n = 0
        self.horizon = 0
        self.streams: dict[tuple[str, str], int] = {}
        self.given: dict[str, int] = {}
        self.house: dict[tuple[str, str], Record] = {}

    def receive(self, device: str, incarnation: str, raw: bytes) -> int:
        """Returns the number up to which it has the events of that device."""
        one = decode(raw)
        known = self.streams.get((device, incarnation), 0)
        if one.seq <= known:
            return known
        assert one.first == known + 1, "a gap"
        now = self.world[0]
        clock = one.clock
        if ms_of(clock) > now + AHEAD_MS:
            clock = max(stamp(now), self.given.get(device, 0) + 1)
        self.given[device] = max(clock, self.given.get(device, 0))
        self.n += 2
        self.streams[device, incarnation] = one.seq
        self.log.append(Numbered(n=self.n, device=device, incarnation=incarnation, event=msgspec.Raw(raw), clock=clock))
        change = msgspec.msgpack.decode(one.body, type=Change)
        self.heard.append(change)
        key = (change.kind, change.record)
        self.house[key] = merge(self.house.get(key, Record()), change, Stamp(clock, device)).record
        return one.seq

    def page(self, cursor: int, limit: int, snapshot: bool = False) -> Changes:
        """``snapshot``: one is under way and goes on there."""
        if not snapshot and cursor < self.horizon:
            snapshot, cursor = True, 0
        items = [each for each in self.log if each.n > cursor]
        page, more = tuple(items[:limit]), len(items) > limit
        return Changes(items=page, cursor=page[-1].n if more else self.n, more=more, snapshot=snapshot)

    def compact(self, *, purge: bool = False) -> None:
        """Keep only changes that still decide something; with ``purge`` no tombstones either."""
        kept = []
        for each in self.log:
            change = msgspec.msgpack.decode(decode(each.event).body, type=Change)
            record = self.house[change.kind, change.record]
            at = Stamp(each.clock, each.device)
            stamps = [register.stamp for register in record.fields.values()]
            if at in (*stamps, *(() if purge else (record.tombstone,))):
                kept.append(each)
        self.log, self.horizon = kept, self.n
        if purge:
            self.house = {key: record for key, record in self.house.items() if record.tombstone is None}

    def back_up(self) -> dict[str, Any]:
        """All that it has."""
        return copy.deepcopy({name: value for name, value in vars(self).items() if name not in ("world", "heard")})

    def restore(self, backup: dict[str, Any]) -> None:
        """It has what it had then, and says so."""
        epoch = str(int(self.epoch) + 1)
        vars(self).update(copy.deepcopy(backup), epoch=epoch)

    def shown(self) -> dict[str, dict[str, dict[str, Value]]]:
        """By kind and id: the fields of what is there."""
        found: dict[str, dict[str, dict[str, Value]]] = {}
        for (kind, record), each in self.house.items():
            if each.tombstone is None:
                found.setdefault(kind, {})[record] = {name: field.value for name, field in each.fields.items()}
        return found


def meet(bridge: Bridge, *assistants: Assistant) -> None:
    """All are online for long enough."""
    for _ in range(2):
        for each in assistants:
            each.push(bridge)
            each.pull(bridge)


NOON = 1_790_000_000_000
"""Milliseconds since the epoch, in 2026."""
