"""How much may wait, and what goes when it is too much: the least valuable first, each loss told by a gap event.

What the bridge has already goes before anything is lost. Lists, memories, timers, deletions, consent and questions
never go: where there is no room for them, that is an error, to be said aloud.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec
from apsw import Connection

from cloud_sync.client.counts import count
from cloud_sync.protocol.event import Event, Kind, Priority, encode, event, readable
from edge.errors import StorageError

_GAP_BYTES: Final = 128
"""More than a gap event has."""
_DOWN_TO: Final = 0.9
"""Once it is full, it is emptied so far, that not each event has to look for room."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much may wait."""

    rows: int = 100_000
    """Events; gaps do not count, as there are never more of them than of others."""
    size: int = 64 * 2**20
    """Bytes."""


class Lost(msgspec.Struct, frozen=True):
    """The body of a gap event."""

    lost: dict[str, int]
    """How many of what."""


class Bounds:
    """Keeps the events of one connection within bounds."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._counted: tuple[int, int, int] | None = None
        """(PRAGMA data_version, rows, bytes) when they were last counted, and since then by what was added here."""

    def fits(
        self,
        connection: Connection,
        device: str,
        incarnation: str,
        size: int,
        priority: Priority,
        *,
        must: bool = False,
    ) -> bool:
        """Make room for an event of ``size`` bytes. False: it has to go itself. Raises StorageError when it may not.
        ``must``: it is kept also where there is no room.
        """
        if self._surely_fits(connection, size):
            self._counted = None
            return True
        version, rows, kept = self._count(connection)
        if not self._has(rows, kept + size):
            missing = (rows + 1 - int(self._room.rows * _DOWN_TO), kept + size - int(self._room.size * _DOWN_TO))
            freed_rows, freed_size = _give_up(connection, device, incarnation, priority, *missing)
            rows, kept = rows - freed_rows, kept - freed_size
        fits = must or self._has(rows, kept + size)
        if not fits and priority is Priority.KEPT:
            raise StorageError(
                f"there is no room for more that waits for the bridge: {rows} entries, {kept // 2**20} MiB",
                "see to the link to the bridge, or raise cloud.outbox_rows and cloud.outbox_mb",
            )
        self._counted = (version, rows + fits, kept + size * fits)
        return fits

    def _has(self, rows: int, size: int) -> bool:
        """Room for one more event, with which there are ``size`` bytes."""
        return rows < self._room.rows and size <= self._room.size

    def _surely_fits(self, connection: Connection, size: int) -> bool:
        """By a glance at both ends, which takes too many for what is there, never too few."""
        # Each alone: for both in one SELECT SQLite reads the whole table.
        ends = "SELECT (SELECT min(seq) FROM sync_event), (SELECT max(seq) FROM sync_event)"
        oldest, newest = connection.execute(ends).get
        if oldest is None:
            return size <= self._room.size
        totals = "SELECT total, length(event) FROM sync_event WHERE seq = ?"
        before, first = connection.execute(totals, (oldest,)).get
        total, _ = connection.execute(totals, (newest,)).get
        few = newest - oldest + 1 < self._room.rows
        return bool(few and total - before + first + size <= self._room.size)

    def _count(self, connection: Connection) -> tuple[int, int, int]:
        version = connection.execute("PRAGMA data_version").get
        if self._counted is not None and self._counted[0] == version:
            return self._counted
        query = "SELECT coalesce(sum(kind <> ?), 0), coalesce(sum(length(event)), 0) FROM sync_event"
        rows, size = connection.execute(query, (Kind.GAP.value,)).get
        return version, rows, size


def _give_up(
    connection: Connection, device: str, incarnation: str, priority: Priority, rows: int, size: int
) -> tuple[int, int]:
    """Let go of so many rows and bytes, of at most that priority, as far as there are any. Returns how many."""
    acked = connection.execute("SELECT acked FROM sync_link").get
    lost: dict[int, str] = {}
    freed_rows = freed = kept_until = 0
    for seq, length, kind in _victims(connection, acked, priority):
        if freed_rows >= rows and freed >= size:
            break
        freed_rows, freed = freed_rows + 1, freed + length
        if seq <= acked:
            kept_until = seq
        else:
            lost[seq] = kind
    connection.execute("DELETE FROM sync_event WHERE seq <= ?", (kept_until,))
    for kind, n in Counter(lost.values()).items():
        count(connection, f"given_up.{kind}", n)
    runs = replace_all(connection, device, incarnation, lost)
    return freed_rows, freed - runs * _GAP_BYTES


def _victims(connection: Connection, acked: int, priority: Priority) -> Iterator[tuple[int, int, str]]:
    """Sequence number, bytes and kind, the least valuable first."""
    gap = Kind.GAP.value
    query = "SELECT seq, length(event), kind FROM sync_event WHERE seq <= ? AND kind <> ? ORDER BY seq"
    yield from connection.execute(query, (acked, gap))
    query = "SELECT seq, length(event), kind FROM sync_event WHERE seq > ? AND priority = ? ORDER BY seq"
    for lower in sorted(Priority):
        if lower <= priority and lower is not Priority.KEPT:
            yield from connection.execute(query, (acked, lower.value))


def replace_all(connection: Connection, device: str, incarnation: str, lost: Mapping[int, str]) -> int:
    """Put gaps in the place of events that are not acknowledged; ``lost``: by number, what a gap says of it.

    Returns how many runs there were.
    """
    runs: list[tuple[int, int, Counter[str]]] = []
    for seq, what in sorted(lost.items()):
        if runs and runs[-1][1] == seq - 1:
            first, _, kinds = runs.pop()
        else:
            first, kinds = seq, Counter()
        kinds[what] += 1
        runs.append((first, seq, kinds))
    for first, seq, kinds in runs:
        replace(connection, device, incarnation, seq, kinds, first)
    return len(runs)


def replace(
    connection: Connection,
    device: str,
    incarnation: str,
    seq: int,
    what: str | Mapping[str, int],
    first: int | None = None,
) -> None:
    """Put a gap in the place of event ``seq``, or of all from ``first`` on; it becomes one with the gaps beside it.
    ``what``: what it says of them, or how often it says what.

    It has the id of the last event that it stands for: under that number the bridge may have that event already.
    """
    first = seq if first is None else first
    lost = {what: seq - first + 1} if isinstance(what, str) else dict(what)
    acked = connection.execute("SELECT acked FROM sync_link").get
    place = _row(connection, "seq = ?", seq)
    before = _row(connection, "seq < ? ORDER BY seq DESC LIMIT 1", first)
    if before is not None and acked < before.seq == first - 1 and (gap := _gap(before)) is not None:
        first, lost = gap.first, _sum(lost, gap)
    after = _row(connection, "seq > ? ORDER BY seq LIMIT 1", seq)
    if after is not None and (gap := _gap(after)) is not None and gap.first == seq + 1:
        seq, lost, place = after.seq, _sum(lost, gap), after
    clock, total = (place.clock, place.total) if place else (before.clock, before.total) if before else (0, 0)
    ident = _id(place.event) if place else b""
    made = event(device, incarnation, seq, Kind.GAP, clock, Lost(lost), covers=seq - first + 1, ident=ident)
    connection.execute("DELETE FROM sync_event WHERE seq BETWEEN ? AND ?", (first, seq))
    row = (seq, Kind.GAP.value, int(Priority.KEPT), clock, total, encode(made))
    connection.execute("INSERT INTO sync_event VALUES (?, ?, ?, ?, ?, ?)", row)


class _Row(NamedTuple):
    seq: int
    kind: str
    clock: int
    total: int
    event: bytes


def _row(connection: Connection, where: str, seq: int) -> _Row | None:
    query = f"SELECT seq, kind, clock, total, event FROM sync_event WHERE {where}"  # noqa: S608
    row = connection.execute(query, (seq,)).fetchone()
    return _Row(*row) if row is not None else None


def _gap(row: _Row) -> Event | None:
    """None where it is none, or is damaged."""
    return readable(row.event) if row.kind == Kind.GAP else None


def _id(raw: bytes) -> bytes:
    one = readable(raw)
    return one.id if one is not None else b""


def _sum(lost: dict[str, int], gap: Event) -> dict[str, int]:
    try:
        before = _LOST.decode(gap.body).lost
    except msgspec.DecodeError:
        return lost
    return {what: lost.get(what, 0) + before.get(what, 0) for what in sorted({*lost, *before})}


_LOST: Final = msgspec.msgpack.Decoder(Lost)
