"""Forgetting, on the device's end: what waits here about it goes, and the bridge is told that it must forget."""

from collections.abc import Sequence
from typing import Final

from apsw import Connection

from cloud_sync.client.outbox import DatabaseOutbox
from cloud_sync.client.room import replace
from cloud_sync.protocol.erasure import CONTENT, About, Erase, Wanted
from cloud_sync.protocol.event import Kind, readable
from edge.privacy import consent

_AT_ONCE: Final = 2_000
"""Ids in one event."""
_GONE: Final = "forgotten"
"""What a gap event says of them."""


class DeviceErasures:
    """The one :class:`edge.ports.Erasures`."""

    def __init__(self, outbox: DatabaseOutbox) -> None:
        self._outbox = outbox

    def forget(
        self,
        connection: Connection,
        *,
        turns: Sequence[str] = (),
        records: Sequence[tuple[str, str]] = (),
        time: tuple[float, float] | None = None,
    ) -> None:
        """Have that forgotten by everybody, in the transaction that ``connection`` is in. Raises StorageError."""
        first = 0
        while first < max(len(turns), len(records)) or (first == 0 and time is not None):
            some = Erase(
                turns=tuple(turns[first : first + _AT_ONCE]),
                records=tuple(records[first : first + _AT_ONCE]),
                since_ms=int(time[0] * 1000) if time is not None and first == 0 else 0,
                until_ms=int(time[1] * 1000) if time is not None and first == 0 else 0,
            )
            self._tell(connection, some)
            first += _AT_ONCE
        if time is not None:
            _forget_questions(connection, *time)

    def forget_everything(self, connection: Connection) -> None:
        """All that this house told until now. Raises StorageError."""
        self._tell(connection, Erase(everything=True))
        for table in ("sync_lost", "sync_aside", "sync_damaged", "sync_question", "sync_answer"):
            _empty(connection, table)
        if not consent.allowed(connection, consent.Purpose.MEMORY):
            # Where it is shared, it is told one by one that they are gone, and goes with that.
            _empty(connection, "sync_field")

    def _tell(self, connection: Connection, erase: Erase) -> None:
        clock = self._outbox.put(connection, Kind.ERASE, erase)
        self._take_back(connection, Wanted("", self._outbox.device, "", clock, erase))

    def _take_back(self, connection: Connection, wanted: Wanted) -> None:
        """What waits here about it; and what is kept for a bridge that is restored from a backup."""
        about, device = About(wanted), self._outbox.device
        acked = connection.execute("SELECT acked FROM sync_link").get
        marks = ", ".join("?" * len(CONTENT))
        query = f"SELECT seq, event FROM sync_event WHERE kind IN ({marks}) ORDER BY seq"  # noqa: S608
        kept = list(connection.execute(query, sorted(CONTENT)))
        # What is damaged is put aside when its turn comes.
        events = ((seq, readable(raw)) for seq, raw in kept)
        gone = [seq for seq, one in events if one is not None and about(one, device, one.clock)]
        incarnation = self._outbox.head(connection).incarnation
        for seq in gone:
            if seq <= acked:
                connection.execute("DELETE FROM sync_event WHERE seq = ?", (seq,))
            else:
                replace(connection, device, incarnation, seq, _GONE)


def _forget_questions(connection: Connection, since: float, until: float) -> None:
    """Those that waited here, with their answers, of that time: seconds since the epoch."""
    asked = (("cloud_question", "asked", 1.0), ("sync_question", "asked_ms", 1000.0), ("sync_answer", "at_ms", 1000.0))
    for table, column, unit in asked:
        if _is_there(connection, table):
            query = f"DELETE FROM {table} WHERE {column} BETWEEN ? AND ?"  # noqa: S608
            connection.execute(query, (since * unit, until * unit))


def _empty(connection: Connection, table: str) -> None:
    if _is_there(connection, table):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608


def _is_there(connection: Connection, table: str) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)).fetchone() is not None
