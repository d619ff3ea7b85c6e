"""What is known of each shared record beside its row: the stamps by which the last writer wins, and tombstones.

``sync_field``      a field as the house has it (by what the bridge has passed on), and what was written here that the
                    bridge has not passed on yet: ``own``. Shown is the later of the two.
``sync_tombstone``  records that are deleted, without content; ``seen``: when the bridge passed that on
``sync_lost``       values that were given up for others, for 30 days
``sync_aside``      what came in and can't be understood; it stops nothing else, and a later program tries again
``sync_pending``    rows that were touched in this transaction
``sync_table``      which fields of which tables are shared already

The house's part is the same on all replicas that have read the same changes, in whatever order they were made. That
is kept apart from what is only here because the bridge may give a stamp that it does not believe an earlier one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import msgspec
from apsw import Connection

from cloud_sync.protocol.record import Record, Register, Stamp, Value

PART: Final = "sync.replica"
STEPS: Final = (
    """CREATE TABLE sync_field (
        kind TEXT NOT NULL, record TEXT NOT NULL, field TEXT NOT NULL,
        value BLOB, clock INTEGER, device TEXT, own BLOB, own_clock INTEGER,
        PRIMARY KEY (kind, record, field)
    ) WITHOUT ROWID""",
    """CREATE TABLE sync_tombstone (
        kind TEXT NOT NULL, record TEXT NOT NULL, clock INTEGER NOT NULL, device TEXT NOT NULL, seen INTEGER,
        PRIMARY KEY (kind, record)
    ) WITHOUT ROWID""",
    """CREATE TABLE sync_lost (
        kind TEXT NOT NULL, record TEXT NOT NULL, field TEXT NOT NULL, clock INTEGER NOT NULL, device TEXT NOT NULL,
        value BLOB NOT NULL, at INTEGER NOT NULL,
        PRIMARY KEY (kind, record, field, clock, device, value)
    ) WITHOUT ROWID""",
    """CREATE TABLE sync_aside (
        n INTEGER PRIMARY KEY, device TEXT NOT NULL, incarnation TEXT NOT NULL, clock INTEGER NOT NULL,
        event BLOB NOT NULL, why TEXT NOT NULL
    )""",
    "CREATE TABLE sync_pending (kind TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (kind, record)) WITHOUT ROWID",
    "CREATE TABLE sync_table (kind TEXT PRIMARY KEY, fields TEXT NOT NULL) WITHOUT ROWID",
)


@dataclass(slots=True)
class Shadow:
    """One record."""

    kind: str
    record: str
    house: Record
    """By what the bridge has passed on. A tombstone is in force at once, wherever it was made."""
    own: dict[str, Register] = field(default_factory=dict)
    """What was written here and the bridge has not passed on yet."""

    @property
    def deleted(self) -> bool:
        """Whether it is."""
        return self.house.tombstone is not None

    @property
    def values(self) -> dict[str, Value]:
        """The fields as they are shown here."""
        shown = {name: register.value for name, register in self.house.fields.items()}
        for name, register in self.own.items():
            if (known := self.house.fields.get(name)) is None or known.stamp < register.stamp:
                shown[name] = register.value
        return shown


def load(connection: Connection, device: str, kind: str, record: str) -> Shadow:
    """What is known; ``device``: who we are."""
    shadow = Shadow(kind, record, Record())
    fields: dict[str, Register] = {}
    query = "SELECT field, value, clock, device, own, own_clock FROM sync_field WHERE kind = ? AND record = ?"
    for name, value, clock, author, own, own_clock in connection.execute(query, (kind, record)):
        if clock is not None:
            fields[name] = Register(_value(value), Stamp(clock, author))
        if own_clock is not None:
            shadow.own[name] = Register(_value(own), Stamp(own_clock, device))
    stamp = connection.execute(
        "SELECT clock, device FROM sync_tombstone WHERE kind = ? AND record = ?", (kind, record)
    ).fetchone()
    shadow.house = Record(fields, Stamp(*stamp) if stamp else None)
    return shadow


def save(connection: Connection, shadow: Shadow, seen: int | None = None) -> None:
    """Keep it as it is now. ``seen``: a stamp of when the bridge passed on that it is deleted."""
    key = (shadow.kind, shadow.record)
    if (stamp := shadow.house.tombstone) is not None:
        forget(connection, shadow)
        connection.execute(
            "INSERT INTO sync_tombstone VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (kind, record) DO UPDATE"
            " SET clock = ?3, device = ?4, seen = coalesce(?5, seen)",
            (*key, stamp.clock, stamp.device, seen),
        )
        return
    gone = {name for (name,) in connection.execute("SELECT field FROM sync_field WHERE kind = ? AND record = ?", key)}
    gone -= shadow.house.fields.keys() | shadow.own.keys()
    connection.executemany(
        "DELETE FROM sync_field WHERE kind = ? AND record = ? AND field = ?", [(*key, name) for name in gone]
    )
    connection.executemany(
        "INSERT OR REPLACE INTO sync_field VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(*key, name, *_row(shadow, name)) for name in shadow.house.fields.keys() | shadow.own.keys()],
    )


def forget(connection: Connection, shadow: Shadow) -> None:
    """Nothing of what it said, or ever said, is kept here."""
    key = (shadow.kind, shadow.record)
    connection.execute("DELETE FROM sync_field WHERE kind = ? AND record = ?", key)
    connection.execute("DELETE FROM sync_lost WHERE kind = ? AND record = ?", key)
    connection.execute("DELETE FROM sync_aside WHERE instr(event, CAST(? AS BLOB))", (shadow.record,))


def keep_lost(connection: Connection, shadow: Shadow, lost: Iterable[tuple[str, Register]], at: int) -> None:
    """``at``: the stamp of now."""
    connection.executemany(
        "INSERT OR IGNORE INTO sync_lost VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (shadow.kind, shadow.record, name, each.stamp.clock, each.stamp.device, _blob(each.value), at)
            for name, each in lost
        ],
    )


def _row(shadow: Shadow, name: str) -> tuple[bytes | int | str | None, ...]:
    house, own = shadow.house.fields.get(name), shadow.own.get(name)
    known = (_blob(house.value), house.stamp.clock, house.stamp.device) if house is not None else (None, None, None)
    return (*known, _blob(own.value), own.stamp.clock) if own is not None else (*known, None, None)


_blob: Final = msgspec.msgpack.Encoder().encode
_value: Final = msgspec.msgpack.Decoder(bool | int | float | str | None).decode
