"""The whole state of a house as the bridge tells it in pages: a snapshot, or all of its changes from the first on.

Held in memory until the last page has come; lost with the process, which then asks for it again.
"""

from collections.abc import Sequence
from typing import Final

from apsw import Connection

from cloud_sync.client.shadow import Shadow
from cloud_sync.protocol.event import Kind
from cloud_sync.protocol.messages import Changes, Numbered
from cloud_sync.protocol.record import Change, Record, Value, merge
from edge.errors import StorageError

_EACH: Final = 200
_MOST: Final = 64 * 2**20
"""Bytes of a whole state."""
TOO_MUCH: Final = StorageError("the bridge tells of more than a house can have", "see to the bridge")


class Whole:
    """Pages that have come so far."""

    def __init__(self, connection: Connection, page: Changes) -> None:
        """``page``: the first."""
        self.items: list[Numbered] = []
        self.size = 0
        """Bytes, about."""
        self.snapshot = page.snapshot
        acked, cursor = connection.execute("SELECT acked, cursor FROM sync_link").get
        self.acked: int = acked
        """What had been acknowledged when it began: all that is in it, unless it was given up for something later."""
        self.restored: bool = cursor == 0
        """Its store is another one than before: what it lacks was not deleted, but lost."""

    def add(self, page: Changes) -> None:
        """The next page. Raises StorageError where it is more than a house can have."""
        self.items += page.items
        self.size += sum(_EACH + len(each.event) for each in page.items)
        if self.size > _MOST:
            raise TOO_MUCH


def begins_anew(connection: Connection) -> bool:
    """Whether the changes of the house are read from the first on although many are known: those of another store."""
    query = "SELECT cursor = 0 AND EXISTS (SELECT 1 FROM sync_field WHERE clock IS NOT NULL) FROM sync_link"
    return bool(connection.execute(query).get)


def waiting(connection: Connection, acked: int) -> set[int]:
    """Stamps of the changes that the bridge had not acknowledged."""
    query = "SELECT clock FROM sync_event WHERE seq > ? AND kind = ?"
    return {int(clock) for (clock,) in connection.execute(query, (acked, Kind.CHANGE))}


def missing(known: Shadow, told: Record) -> dict[str, Value]:
    """Fields of which ``told``, the record as a restored bridge has it, lacks the last word."""
    lacks = {}
    for name, register in known.house.fields.items():
        change = Change(kind=known.kind, record=known.record, fields={name: register.value})
        if name not in known.own and merge(told, change, register.stamp).won:
            lacks[name] = register.value
    return lacks


def deletions(connection: Connection, told: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Records whose deletion a restored bridge had passed on, and does not know: not among ``told``."""
    query = "SELECT kind, record FROM sync_tombstone WHERE seen IS NOT NULL"
    known = [(str(kind), str(record)) for kind, record in connection.execute(query)]
    return sorted({*known} - {*told})
