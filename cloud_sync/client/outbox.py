"""What waits for the bridge: events in the assistant's own database, written in the transaction of what they tell of.

Two processes share the file: the assistant, which writes what happens, and ``hearth-sync``, which sends it. The
tables:

``sync_self``   one row: this database's incarnation, and the last number and stamp that were given before the events
                that are here; not written by each event, for that would be one page more to write
``sync_event``  what is kept for the bridge, encoded
``sync_link``   one row: how far the bridge is, by its own word
``sync_count``  what was lost or put aside, by kind
``sync_damaged``  events that were found so, as they are
``sync_receipt``  the bridge's word for what it has erased
"""

from collections.abc import Callable, Collection
from typing import Final, TypeAlias

from apsw import Connection

from cloud_sync.client.believed import Anchor, Clocks
from cloud_sync.client.counts import count
from cloud_sync.client.incarnation import Head, head
from cloud_sync.client.machine import machine as this_machine
from cloud_sync.client.room import Bounds, Room, replace, replace_all
from cloud_sync.protocol.clock import HybridClock, ms_of
from cloud_sync.protocol.event import Kind, encode, event, priority_of
from edge.errors import StorageError

PART: Final = "sync.outbox"
STEPS: Final = (
    """CREATE TABLE sync_self (
        one INTEGER PRIMARY KEY CHECK (one = 1), incarnation TEXT NOT NULL, seq INTEGER NOT NULL,
        clock INTEGER NOT NULL, machine TEXT NOT NULL, anchor_ms INTEGER NOT NULL, boot TEXT NOT NULL
    )""",
    """CREATE TABLE sync_event (
        seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, priority INTEGER NOT NULL, clock INTEGER NOT NULL,
        total INTEGER NOT NULL, event BLOB NOT NULL
    )""",
    """CREATE TABLE sync_link (
        one INTEGER PRIMARY KEY CHECK (one = 1), epoch TEXT NOT NULL DEFAULT '', acked INTEGER NOT NULL DEFAULT 0,
        acked_id BLOB NOT NULL DEFAULT x'', watermark INTEGER NOT NULL DEFAULT 0, cursor INTEGER NOT NULL DEFAULT 0
    )""",
    "INSERT INTO sync_link (one) VALUES (1)",
    "CREATE TABLE sync_count (what TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE sync_damaged (id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, event BLOB NOT NULL)",
    "CREATE TABLE sync_receipt (id TEXT PRIMARY KEY, statement BLOB NOT NULL, signature BLOB NOT NULL) WITHOUT ROWID",
)
Screen: TypeAlias = Callable[[Connection, str, object], object | None]
"""What may be told of the body of an event of that kind; None: nothing, and no event is kept."""
_LARGEST: Final = 512 * 1024
"""Bytes of one event: two of them go into a frame."""


class DatabaseOutbox:
    """The one :class:`edge.ports.Outbox`."""

    def __init__(
        self,
        device: str,
        wall_ms: Callable[[], int] | None = None,
        *,
        room: Room | None = None,
        machine: str | None = None,
        clocks: Clocks | None = None,
        screen: Screen | None = None,
    ) -> None:
        """``device``: this assistant's identity; ``wall_ms``: the wall clock, milliseconds since the epoch;
        ``machine``: which board and disk it is on, None: to be looked up; ``screen`` None: everything may be told.
        """
        self.device = device
        self.machine = this_machine() if machine is None else machine
        self._bounds, self._screen = Bounds(room or Room()), screen
        self._clocks = clocks or (Clocks(wall_ms) if wall_ms is not None else Clocks())

    def head(self, connection: Connection) -> Head:
        """Where this database is; an incarnation is minted where one is due."""
        return head(connection, self.device, self.machine)

    def now_ms(self, connection: Connection) -> int:
        """What time it is, as far as that is known: milliseconds since the epoch."""
        at = self.head(connection)
        return self._clocks.now_ms(at.anchor, ms_of(at.clock))

    def corrected(self, connection: Connection, bridge_ms: int) -> Anchor | None:
        """What is to be kept of the bridge's clock showing ``bridge_ms``; None: nothing new. Only reads."""
        return self._clocks.moved(self.head(connection).anchor, bridge_ms)

    def put(self, connection: Connection, kind: str, body: object, *, must: bool = False) -> int:
        """Keep an event for the bridge, in the transaction that ``connection`` is in, unless it may not be told.
        Returns its stamp. ``must``: also where there is no room for it.

        Raises StorageError when there is no room for one that may not be given up.
        """
        at = self.head(connection)
        if self._screen is not None and (body := self._screen(connection, kind, body)) is None:
            return at.clock
        clock = HybridClock(lambda: self._clocks.now_ms(at.anchor, ms_of(at.clock)), at.clock)
        made = event(self.device, at.incarnation, at.seq + 1, kind, clock.tick(), body)
        raw, priority = encode(made), priority_of(kind)
        if len(raw) > _LARGEST:
            raise StorageError(f"an event of {len(raw) // 1024} KiB is too large for the bridge", "make it shorter")
        # Without the yes the bridge takes nothing that waits, so that there would never be room again.
        must = must or kind == Kind.CONSENT
        if self._bounds.fits(connection, self.device, at.incarnation, len(raw), priority, must=must):
            row = (made.seq, kind, int(priority), made.clock, at.total + len(raw), raw)
            connection.execute("INSERT INTO sync_event VALUES (?, ?, ?, ?, ?, ?)", row)
        else:
            replace(connection, self.device, at.incarnation, made.seq, kind)
            count(connection, f"given_up.{kind}")
        return made.clock

    def withdraw(self, connection: Connection, kinds: Collection[str]) -> int:
        """Take back what was not sent yet of these kinds, likewise: gaps stand for it. Returns how many events."""
        acked = connection.execute("SELECT acked FROM sync_link").get
        query = "SELECT seq, kind FROM sync_event WHERE seq > ? ORDER BY seq"
        waiting = {seq: "withdrawn" for seq, kind in connection.execute(query, (acked,)) if kind in kinds}
        replace_all(connection, self.device, self.head(connection).incarnation, waiting)
        return len(waiting)
