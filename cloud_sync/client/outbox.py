"""What waits for the bridge: events in the assistant's own database, written in the transaction of what they tell of.

Two processes share the file: the assistant, which writes what happens, and ``hearth-sync``, which sends it. The
tables:

``sync_self``   one row: this database's incarnation, the last number given, the last stamp of the clock
``sync_event``  what is kept for the bridge, encoded
``sync_link``   one row: how far the bridge is, by its own word
"""

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from apsw import Connection

from cloud_sync.protocol.clock import HybridClock
from cloud_sync.protocol.event import encode, event, priority_of

PART: Final = "sync.outbox"
STEPS: Final = (
    """CREATE TABLE sync_self (
        one INTEGER PRIMARY KEY CHECK (one = 1), incarnation TEXT NOT NULL, seq INTEGER NOT NULL, clock INTEGER NOT NULL
    )""",
    """CREATE TABLE sync_event (
        seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, priority INTEGER NOT NULL, event BLOB NOT NULL
    )""",
    """CREATE TABLE sync_link (
        one INTEGER PRIMARY KEY CHECK (one = 1), epoch TEXT NOT NULL DEFAULT '', acked INTEGER NOT NULL DEFAULT 0,
        watermark INTEGER NOT NULL DEFAULT 0, cursor INTEGER NOT NULL DEFAULT 0
    )""",
)


class DatabaseOutbox:
    """The one :class:`edge.ports.Outbox`."""

    def __init__(self, device: str, now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        """``device``: this assistant's identity; ``now_ms``: milliseconds since the epoch."""
        self._device, self._now_ms = device, now_ms

    def put(self, connection: Connection, kind: str, body: Mapping[str, Any]) -> None:
        """Keep an event for the bridge, in the transaction that ``connection`` is in."""
        incarnation, seq, last = _self(connection)
        clock = HybridClock(self._now_ms, last)
        made = event(self._device, incarnation, seq + 1, kind, clock.tick(), body)
        connection.execute(
            "INSERT INTO sync_event VALUES (?, ?, ?, ?)", (made.seq, kind, int(priority_of(kind)), encode(made))
        )
        connection.execute("UPDATE sync_self SET seq = ?, clock = ?", (made.seq, clock.last))


def _self(connection: Connection) -> tuple[str, int, int]:
    """Incarnation, last seq, last stamp; they are made up where this database has none."""
    query = "SELECT incarnation, seq, clock FROM sync_self"
    if (row := connection.execute(query).fetchone()) is None:
        row = (secrets.token_hex(8), 0, 0)
        connection.execute("INSERT INTO sync_self VALUES (1, ?, ?, ?)", row)
    return row
