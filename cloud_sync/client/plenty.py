"""How many records of a kind are taken in from elsewhere: what nobody could have told is not kept.

Twenty thousand lists, routines or names of lamps, all of which are part of the grammar, kept the assistant from
answering in time, and for good: they were still there when the bridge was honest again.
"""

from collections.abc import Mapping
from typing import Final

from apsw import Connection

from cloud_sync.client.shadow import Shadow
from cloud_sync.client.shared import Table

_UNKNOWN: Final = 1_000
"""Of a kind that a newer version knows."""


class Plenty:
    """For one page."""

    def __init__(self, connection: Connection, tables: Mapping[str, Table]) -> None:
        self._connection, self._tables = connection, tables
        self._there: dict[str, int] = {}

    def takes(self, known: Shadow) -> bool:
        """Whether there is room for it: always for what is known already."""
        if known.own or known.house.fields or known.deleted:
            return True
        there = self._there[known.kind] = self._count(known.kind) + 1
        return there <= (self._tables[known.kind].most if known.kind in self._tables else _UNKNOWN)

    def _count(self, kind: str) -> int:
        if kind not in self._there:
            query = "SELECT count(DISTINCT record) FROM sync_field WHERE kind = ?"
            self._there[kind] = self._connection.execute(query, (kind,)).get
        return self._there[kind]
