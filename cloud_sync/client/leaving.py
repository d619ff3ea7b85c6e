"""Where there is no bridge any more: nothing is noticed for it, and what is deleted meanwhile leaves no text behind."""

from collections.abc import Sequence

from apsw import Connection

from cloud_sync.client import capture
from cloud_sync.client.scrub import scrub
from cloud_sync.client.shadow import Shadow, load, save
from cloud_sync.client.shared import SHARED, Table
from cloud_sync.protocol.record import Record, Stamp


def has_shared(connection: Connection) -> bool:
    """Whether there ever was a bridge."""
    query = "SELECT count(*) = 2 FROM sqlite_schema WHERE name IN ('sync_table', 'sync_event')"
    return bool(connection.execute(query).get)


def leave(connection: Connection, device: str, tables: Sequence[Table] = SHARED) -> None:
    """Take the triggers away. What is gone becomes a tombstone, to be told if there is a bridge again."""
    capture.end(connection)
    clock = connection.execute("SELECT max(clock) FROM sync_self").get or 0
    gone = []
    for table in tables:
        if not capture.is_there(connection, table):
            continue
        query = "SELECT DISTINCT record FROM sync_field WHERE kind = ?"
        for (record,) in connection.execute(query, (table.kind,)).fetchall():
            assert isinstance(record, str)
            known = load(connection, device, table.kind, record)
            if capture.read(connection, table, record) is None and table.row(known.values) is not None:
                save(connection, Shadow(table.kind, record, Record({}, Stamp(clock, device))))
                gone.append((table.kind, record))
    scrub(connection, device, gone)
