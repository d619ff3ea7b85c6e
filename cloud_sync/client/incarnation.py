"""Under which numbers this database tells what happens: an incarnation, in which each number is given once.

A new one begins with each new database, on another machine or disk (the database was copied), and where the bridge
shows that another disk has told other events under the same numbers (the database was put back to an older state). What
is kept here is told again under the new numbers.
"""

import secrets
from dataclasses import dataclass

from apsw import Connection

from cloud_sync.client.believed import Anchor
from cloud_sync.client.counts import count
from cloud_sync.protocol.errors import ProtocolError
from cloud_sync.protocol.event import check, decode, encode, renumbered


@dataclass(frozen=True, slots=True)
class Head:
    """Where this database is."""

    incarnation: str
    seq: int
    """The last number that was given."""
    clock: int
    """The last stamp that was given or seen."""
    total: int
    """Bytes of all events that were ever kept here, up to that number."""
    anchor: Anchor


def head(connection: Connection, device: str, machine: str) -> Head:
    """Where it is now. An incarnation is made up where there is none, or where the machine is another one than before.

    ``machine``: see :func:`cloud_sync.client.machine.machine`.
    """
    query = "SELECT incarnation, seq, clock, machine, anchor_ms, boot FROM sync_self"
    if (row := connection.execute(query).fetchone()) is None:
        row = (secrets.token_hex(8), 0, 0, machine, 0, "")
        connection.execute("INSERT INTO sync_self VALUES (1, ?, ?, ?, ?, ?, ?)", row)
    if row[3] != machine and machine:
        if row[3]:
            mint(connection, device)
        connection.execute("UPDATE sync_self SET machine = ?", (machine,))
        row = connection.execute(query).fetchone()
        assert row is not None
    incarnation, seq, clock, _, anchor_ms, boot = row
    last = connection.execute("SELECT seq, clock, total FROM sync_event ORDER BY seq DESC LIMIT 1").fetchone()
    given, stamped, total = last or (0, 0, 0)
    return Head(incarnation, max(seq, given), max(clock, stamped), total, Anchor(anchor_ms, boot))


def mint(connection: Connection, device: str) -> str:
    """Begin a new incarnation: what is kept here is numbered anew, in the same order. Returns it.

    Also what the bridge has: as long as it is in no backup, it must be told again should the bridge be restored from
    one. The bridge knows it by its id, and takes nothing twice.
    """
    old, given = connection.execute("SELECT incarnation, clock FROM sync_self").get
    newest = connection.execute("SELECT coalesce(max(clock), 0) FROM sync_event").get
    clock = max(given, newest)
    new, seq = secrets.token_hex(8), 0
    # New numbers are never greater than the old ones, so that none meets one which still has its turn to come.
    for (known,) in list(connection.execute("SELECT seq FROM sync_event ORDER BY seq")):
        raw = connection.execute("SELECT event FROM sync_event WHERE seq = ?", (known,)).get
        try:
            event = decode(raw)
            check(device, old, event)
        except ProtocolError:
            # It is seen to when its turn comes.
            seq += 1
            connection.execute("UPDATE sync_event SET seq = ? WHERE seq = ?", (seq, known))
            continue
        seq += event.covers
        again = encode(renumbered(device, new, seq, event))
        connection.execute("UPDATE sync_event SET seq = ?, event = ? WHERE seq = ?", (seq, again, known))
    connection.execute("UPDATE sync_self SET incarnation = ?, seq = 0, clock = ?", (new, clock))
    connection.execute("UPDATE sync_link SET acked = 0, acked_id = x'', watermark = 0")
    return new


def put_aside(connection: Connection, seq: int, raw: bytes) -> None:
    """Keep a damaged event for whoever may want to look at it."""
    connection.execute("INSERT INTO sync_damaged (seq, event) VALUES (?, ?)", (seq, raw))
    count(connection, "damaged")
