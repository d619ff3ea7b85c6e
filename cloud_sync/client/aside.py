"""Changes of the house that can't be read: kept, so that a later program may; they stop nothing else."""

from typing import Any, Final

import msgspec
from apsw import Connection

from cloud_sync.protocol.errors import ProtocolError
from cloud_sync.protocol.event import Event, check, decode
from cloud_sync.protocol.messages import Numbered
from cloud_sync.protocol.record import Change

_MOST: Final = 1_000


def read(connection: Connection, numbered: Numbered) -> tuple[Event, Change] | None:
    """The change as its device wrote it; None for what can't be read: it is set aside."""
    try:
        event = decode(numbered.event)
        check(numbered.device, numbered.incarnation, event)
        return event, msgspec.msgpack.decode(event.body, type=Change)
    except (ProtocolError, msgspec.DecodeError, RecursionError) as error:
        _put(connection, numbered, str(error))
        return None


def again(connection: Connection) -> list[Numbered]:
    """All that was set aside, and is not any more."""
    query = "DELETE FROM sync_aside RETURNING n, device, incarnation, clock, event"
    rows: list[tuple[Any, ...]] = connection.execute(query).fetchall()
    return [
        Numbered(n=n, device=device, incarnation=incarnation, clock=clock, event=msgspec.Raw(raw))
        for n, device, incarnation, clock, raw in rows
    ]


def _put(connection: Connection, numbered: Numbered, why: str) -> None:
    row = (numbered.n, numbered.device, numbered.incarnation, numbered.clock, bytes(numbered.event), why)
    connection.execute("INSERT OR REPLACE INTO sync_aside VALUES (?, ?, ?, ?, ?, ?)", row)
    oldest = "SELECT n FROM sync_aside ORDER BY n DESC LIMIT -1 OFFSET ?"
    connection.execute(f"DELETE FROM sync_aside WHERE n IN ({oldest})", (_MOST,))  # noqa: S608
