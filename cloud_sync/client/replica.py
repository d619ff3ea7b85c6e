"""This assistant's copy of what the house shares: local changes go out as events, those of others come in.

All of it happens inside the caller's transactions: what a skill writes and the event that tells of it, a page of
changes and the cursor behind it. A cut leaves the old or the new.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from apsw import Connection

from cloud_sync.client import aside, capture, shadow
from cloud_sync.client.outbox import DatabaseOutbox
from cloud_sync.client.plenty import Plenty
from cloud_sync.client.scrub import scrub
from cloud_sync.client.shadow import Shadow
from cloud_sync.client.shared import SHARED, Table
from cloud_sync.client.whole import TOO_MUCH, Whole, begins_anew, deletions, missing, waiting
from cloud_sync.protocol.clock import ms_of, stamp
from cloud_sync.protocol.event import Event, Kind
from cloud_sync.protocol.messages import Changes, Numbered
from cloud_sync.protocol.record import Change, Record, Register, Stamp, Value, merge
from edge.errors import StorageError

_DAY_MS: Final = 86_400_000
TOMBSTONE_DAYS: Final = 90
LOST_DAYS: Final = 30
_MOST_BYTES: Final = 512 * 2**20
"""Of the database: once it is so large, nothing further is taken in from the bridge."""


class Replica:
    """For one connection. Its methods are called inside a transaction."""

    def __init__(self, device: str, outbox: DatabaseOutbox, tables: Sequence[Table] = SHARED) -> None:
        """``device``: this assistant's identity."""
        self._device, self._outbox = device, outbox
        self._tables = {table.kind: table for table in tables}
        self._schema = self._paused = -1
        self._there: dict[str, Table] = {}
        """Those of the tables that are there and as they are declared, by kind."""
        self._whole: Whole | None = None
        self._tried = False

    # -- what is written here ----------------------------------------------------------------------------------------

    def seal(self, connection: Connection) -> None:
        """The last word in each transaction: tell the bridge what was changed. Raises StorageError when no more can
        wait for it.
        """
        if not self._watch(connection):
            return
        pending = _keys(connection, "SELECT kind, record FROM sync_pending ORDER BY kind, record")
        deleted = [
            (kind, record)
            for kind, record in pending
            if (table := self._there.get(kind)) is not None and self._tell(connection, table, record)
        ]
        scrub(connection, self._device, deleted)
        if pending:
            # Also what was touched just now, to take away what was deleted elsewhere.
            self._settled(connection)

    def pause(self, connection: Connection) -> None:
        """The house shares nothing for now. What it is to have is told when :meth:`seal` is called again."""
        ((version,),) = connection.execute("PRAGMA schema_version")
        if version != self._paused:
            if capture.watching(connection):
                capture.end(connection)
            ((self._paused,),) = connection.execute("PRAGMA schema_version")

    def _watch(self, connection: Connection) -> bool:
        """Tables may come with any migration, and with them triggers, and what is in them already. False: our own are
        still to come.
        """
        ((version,),) = connection.execute("PRAGMA schema_version")
        if version != self._schema:
            if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'sync_table'").fetchall():
                return False
            self._there = {kind: table for kind, table in self._tables.items() if capture.is_there(connection, table)}
            for table, fields in capture.begin(connection, self._there.values()):
                self._show_what_was_kept(connection, table, fields)
                if fields is not None:
                    self._tell_again(connection, table)
                capture.touch_all(connection, table)
            ((self._schema,),) = connection.execute("PRAGMA schema_version")
        return True

    def _show_what_was_kept(self, connection: Connection, table: Table, fields: frozenset[str] | None) -> None:
        """Records and fields of others that came before there was a place for them."""
        if fields is not None and fields >= table.fields.keys():
            return
        for _, record in _keys(connection, "SELECT DISTINCT kind, record FROM sync_field WHERE kind = ?", table.kind):
            here = capture.read(connection, table, record)
            row = table.row(shadow.load(connection, self._device, table.kind, record).values)
            if row is not None and (here is None) is (fields is None):
                new = row if here is None else {**here, **{name: row[name] for name in row.keys() - (fields or ())}}
                capture.write(connection, table, record, new)

    def _tell_again(self, connection: Connection, table: Table) -> None:
        """What the bridge has not passed on may have been taken back meanwhile, with the consent to share it."""
        waiting = "SELECT DISTINCT kind, record FROM sync_field WHERE kind = ? AND own_clock IS NOT NULL"
        for _, record in _keys(connection, waiting, table.kind):
            known = shadow.load(connection, self._device, table.kind, record)
            if capture.read(connection, table, record) is not None:
                known.own.clear()
                shadow.save(connection, known)
        deleted = "SELECT kind, record FROM sync_tombstone WHERE kind = ? AND seen IS NULL"
        for _, record in _keys(connection, deleted, table.kind):
            self._put(connection, Change(kind=table.kind, record=record, deleted=True))

    def tell_again(self, connection: Connection, clock: int) -> None:
        """What was written here at that stamp, and not passed on yet: the event that told of it is damaged."""
        written = "SELECT DISTINCT kind, record FROM sync_field WHERE own_clock = ?"
        for kind, record in _keys(connection, written, clock):
            known = shadow.load(connection, self._device, kind, record)
            fields = {name: each.value for name, each in known.own.items() if each.stamp.clock == clock}
            self._write(connection, known, fields)
            shadow.save(connection, known)
        deleted = "SELECT kind, record FROM sync_tombstone WHERE clock = ? AND device = ? AND seen IS NULL"
        for kind, record in _keys(connection, deleted, clock, self._device):
            self._put(connection, Change(kind=kind, record=record, deleted=True))

    def _tell(self, connection: Connection, table: Table, record: str) -> bool:
        """Whether it is deleted now, and was not before."""
        known = shadow.load(connection, self._device, table.kind, record)
        row = capture.read(connection, table, record)
        if known.deleted:
            if row is not None:
                capture.write(connection, table, record, None)
        elif row is not None:
            values = known.values
            fields = {name: value for name, value in row.items() if name not in values or values[name] != value}
            if fields:
                self._write(connection, known, fields)
                shadow.save(connection, known)
        # A record of which too little has come for a row was not deleted by anybody.
        elif table.row(known.values) is not None:
            at = self._put(connection, Change(kind=table.kind, record=record, deleted=True))
            shadow.save(connection, Shadow(table.kind, record, Record({}, at)))
            return True
        return False

    def _write(
        self, connection: Connection, known: Shadow, fields: Mapping[str, Value], *, again: bool = False
    ) -> None:
        if fields:
            change = Change(kind=known.kind, record=known.record, fields=dict(fields))
            at = self._put(connection, change, again=again)
            known.own |= {name: Register(value, at) for name, value in fields.items()}

    def _put(self, connection: Connection, change: Change, *, again: bool = False) -> Stamp:
        # What the bridge has lost is told again whatever the room: until it was, no page could be taken in.
        return Stamp(self._outbox.put(connection, Kind.CHANGE, change, must=again), self._device)

    # -- what comes from the house -----------------------------------------------------------------------------------

    def take(self, connection: Connection, page: Changes) -> None:
        """Take a page in as it came, and its cursor; with the pages of a whole state, all at its last."""
        if self._whole is not None and self._whole.snapshot != page.snapshot:
            self._whole = None
        if self._whole is None and (page.snapshot or begins_anew(connection)):
            self._whole = Whole(connection, page)
        if self._whole is None:
            self.apply(connection, page.items, page.cursor)
            return
        try:
            self._whole.add(page)
        except StorageError:
            self._whole = None
            raise
        if not page.more:
            self._swap(connection, self._whole, page.cursor)

    def restart(self) -> None:
        """The link is another one: pages of a whole state that have come so far count for nothing."""
        self._whole = None

    def apply(self, connection: Connection, changes: Sequence[Numbered], cursor: int) -> None:
        """Take ``changes`` in, and the ``cursor`` behind them. Taking them in again changes nothing."""
        self.seal(connection)
        if _size(connection) > _MOST_BYTES:
            raise TOO_MUCH
        now = stamp(self._outbox.now_ms(connection))
        if not self._tried:
            # This program may understand what an older one could not.
            self._tried, changes = True, [*aside.again(connection), *changes]
        shadows: dict[tuple[str, str], Shadow] = {}
        deleted: list[tuple[str, str]] = []
        passed_on: set[tuple[str, str]] = set()
        plenty = Plenty(connection, self._tables)
        for numbered in changes:
            if (read := aside.read(connection, numbered)) is None:
                continue
            one, change = read
            key = (change.kind, change.record)
            if (known := shadows.get(key)) is None:
                known = shadow.load(connection, self._device, *key)
                if not change.deleted and not plenty.takes(known):
                    continue
                shadows[key] = known
            if change.deleted:
                passed_on.add(key)
                if known.own or known.house.fields:
                    deleted.append(key)
            self._merge(connection, known, change, one, numbered, now)
        seen = self._seen(connection, now, changes)
        for key, known in shadows.items():
            shadow.save(connection, known, seen=seen if key in passed_on else None)
            self._show(connection, known)
        scrub(connection, self._device, deleted)
        self._settle(connection, changes, now, cursor)

    def _merge(
        self, connection: Connection, known: Shadow, change: Change, one: Event, numbered: Numbered, now: int
    ) -> None:
        if numbered.device == self._device:
            for name in change.fields.keys() & known.own.keys():
                if known.own[name].stamp.clock == one.clock:
                    # From now on it counts as the house has it, be that under an earlier stamp.
                    del known.own[name]
        merged = merge(known.house, change, Stamp(numbered.clock, numbered.device))
        known.house = merged.record
        shadow.keep_lost(connection, known, merged.lost.items(), now)

    def _show(self, connection: Connection, known: Shadow) -> None:
        if (table := self._there.get(known.kind)) is not None:
            row = None if known.deleted else table.row(known.values)
            if row != capture.read(connection, table, known.record):
                capture.write(connection, table, known.record, row)

    def _seen(self, connection: Connection, now: int, changes: Sequence[Numbered]) -> int:
        """A stamp of now, for what is purged by its age: by a clock that is behind, it would soon be old."""
        return max(now, self._outbox.head(connection).clock, *(each.clock for each in changes))

    def _settle(self, connection: Connection, changes: Sequence[Numbered], now: int, cursor: int) -> None:
        latest = max((each.clock for each in changes), default=0)
        connection.execute("UPDATE sync_self SET clock = max(clock, ?)", (latest,))
        connection.execute("UPDATE sync_link SET cursor = ?", (cursor,))
        self._purge(connection, now)
        # Everything that was touched since the seal was touched by us.
        self._settled(connection)

    def _settled(self, connection: Connection) -> None:
        # Of tables that are still to be brought up to date, it has to wait.
        connection.executemany("DELETE FROM sync_pending WHERE kind = ?", [(kind,) for kind in self._there])

    # -- the whole state ---------------------------------------------------------------------------------------------

    def _swap(self, connection: Connection, whole: Whole, cursor: int) -> None:
        """What the house has becomes what ``whole`` says, except for what the bridge had not acknowledged, and for what
        it has lost: that is told again.
        """
        self.seal(connection)
        self._whole = None
        now = stamp(self._outbox.now_ms(connection))
        house: dict[tuple[str, str], Record] = {}
        returned: set[int] = set()
        for numbered in whole.items:
            if (read := aside.read(connection, numbered)) is not None:
                one, change = read
                key = (change.kind, change.record)
                house[key] = merge(house.get(key, Record()), change, Stamp(numbered.clock, numbered.device)).record
                if numbered.device == self._device:
                    returned.add(one.clock)
        kept = waiting(connection, whole.acked) - returned
        deleted = [key for key, record in house.items() if record.tombstone is not None]
        seen = self._seen(connection, now, whole.items)
        lost = deletions(connection, deleted) if whole.restored else []
        for key in _keys(connection, "SELECT DISTINCT kind, record FROM sync_field"):
            house.setdefault(key, Record())
        plenty = Plenty(connection, self._tables)
        for key, record in house.items():
            known = shadow.load(connection, self._device, *key)
            if record.tombstone is None and not plenty.takes(known):
                continue
            known.own = {name: each for name, each in known.own.items() if each.stamp.clock in kept}
            if not known.deleted and record.tombstone is None and whole.restored:
                self._write(connection, known, missing(known, record), again=True)
            # Tombstones of before stay: nothing outranks them, and they are purged by their age alone.
            stamps = [each for each in (known.house.tombstone, record.tombstone) if each is not None]
            known.house = Record({}, min(stamps)) if stamps else record
            shadow.save(connection, known, seen=seen if record.tombstone is not None else None)
            self._show(connection, known)
        for kind, ident in lost:
            self._put(connection, Change(kind=kind, record=ident, deleted=True), again=True)
        scrub(connection, self._device, deleted)
        self._settle(connection, whole.items, now, cursor)

    # -- what is old -------------------------------------------------------------------------------------------------

    def _purge(self, connection: Connection, now: int) -> None:
        old = stamp(max(0, ms_of(now) - TOMBSTONE_DAYS * _DAY_MS))
        purged = _keys(connection, "SELECT kind, record FROM sync_tombstone WHERE seen < ?", old)
        for kind, record in purged:
            if (table := self._there.get(kind)) is not None:
                capture.write(connection, table, record, None)
            connection.execute("DELETE FROM sync_tombstone WHERE kind = ? AND record = ?", (kind, record))
        old = stamp(max(0, ms_of(now) - LOST_DAYS * _DAY_MS))
        connection.execute("DELETE FROM sync_lost WHERE at < ?", (old,))


def _size(connection: Connection) -> int:
    pages, size = (connection.execute(f"PRAGMA {name}").get for name in ("page_count", "page_size"))
    return int(pages) * int(size)


def _keys(connection: Connection, query: str, *values: str | int) -> list[tuple[str, str]]:
    """Kinds and ids of records, read to the end: what follows may write the same table."""
    return [(str(kind), str(record)) for kind, record in connection.execute(query, values).fetchall()]
