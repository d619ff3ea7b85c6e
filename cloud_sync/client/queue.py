"""The outbox as ``hearth-sync`` works it off: what comes next, what the bridge has, and what is put right on the way.

Functions on a connection of the shared database. Those that write say so; they run in a transaction.
"""

from dataclasses import dataclass
from typing import Final

import msgspec
from apsw import Connection

from cloud_sync.client.counts import count
from cloud_sync.client.incarnation import put_aside
from cloud_sync.client.outbox import DatabaseOutbox
from cloud_sync.client.room import replace
from cloud_sync.client.wishes import Batch, Position
from cloud_sync.protocol.errors import ProtocolError
from cloud_sync.protocol.event import Event, Kind, check, decode, encode, renumbered
from cloud_sync.protocol.messages import Welcome
from edge.privacy.consent import given

_HEAD_BYTES: Final = 3
"""What MessagePack needs to begin a list."""


@dataclass(frozen=True, slots=True)
class Broken:
    """An event that can't be sent as it is: :func:`repair` it."""

    seq: int
    why: str
    """``damaged``, ``missing`` or ``expired``."""
    first: int
    """From this number on; it is ``seq`` itself, but where several are missing."""


def position(connection: Connection, outbox: DatabaseOutbox) -> Position:
    """How far this device is. Writes where an incarnation is due."""
    at = outbox.head(connection)
    epoch, cursor = connection.execute("SELECT epoch, cursor FROM sync_link").get
    allowed = tuple(sorted(each.purpose.value for each in given(connection).values() if each.allowed))
    return Position(outbox.device, at.incarnation, at.seq, cursor, epoch, outbox.now_ms(connection), allowed)


def batch(
    connection: Connection, here: Position, after: int, room: int, *, alone: bool, now_ms: int
) -> Batch | Broken | None:
    """The events after number ``after``, at most ``room`` bytes; None: there are none; empty: none that fits.

    ``alone``: one goes in any case. Broken: the first of them has to be seen to before.
    """
    items: list[msgspec.Raw] = []
    last, size, more = after, 0, False
    for seq, raw in connection.execute("SELECT seq, event FROM sync_event WHERE seq > ? ORDER BY seq", (after,)):
        sound = _sound(here, last, seq, raw, now_ms)
        if isinstance(sound, Broken):
            if not items:
                return sound
            break
        if size + len(sound) + _HEAD_BYTES > room and (items or not alone):
            more = True
            break
        items.append(msgspec.Raw(sound))
        last, size = seq, size + len(sound) + _HEAD_BYTES
    return Batch(tuple(items), last, size) if items or more else None


def repair(connection: Connection, here: Position, broken: Broken) -> None:
    """Put a gap in its place, and count it. Writes."""
    if broken.why == "damaged":
        raw = connection.execute("SELECT event FROM sync_event WHERE seq = ?", (broken.seq,)).get
        put_aside(connection, broken.seq, raw)
    else:
        count(connection, broken.why, broken.seq - broken.first + 1)
    replace(connection, here.device, here.incarnation, broken.seq, broken.why, broken.first)


@dataclass(frozen=True, slots=True)
class Placed:
    """What the bridge has, compared with what is known here."""

    after: int
    """Every event up to this number is with the bridge."""
    ident: bytes
    """The id of that event; empty where it is not known."""
    is_new: bool
    """To be :func:`settled <settle>`: the bridge has lost something, or was restored, or was never met."""


def place(connection: Connection, here: Position, welcome: Welcome) -> Placed | None:
    """Where to go on, by what the bridge says that it has; None: it has what another disk has told."""
    epoch, acked, acked_id = connection.execute("SELECT epoch, acked, acked_id FROM sync_link").get
    if welcome.acked > here.last_seq:
        return None
    known = acked_id if acked == welcome.acked else b""
    row = connection.execute("SELECT event FROM sync_event WHERE seq = ?", (welcome.acked,)).fetchone()
    if row is not None:
        known = _id(row[0]) or known
    if known and welcome.acked_id and known != welcome.acked_id:
        return None
    return Placed(welcome.acked, known or welcome.acked_id, welcome.acked < acked or epoch != welcome.epoch)


def settle(connection: Connection, placed: Placed, welcome: Welcome) -> bool:
    """Write down what is new about the bridge. Writes. Returns whether it was restored since we met."""
    epoch = connection.execute("SELECT epoch FROM sync_link").get
    if epoch != welcome.epoch:
        # Its changes are counted anew, and what it lost is among the events that are still kept here.
        connection.execute("UPDATE sync_link SET epoch = ?, cursor = 0", (welcome.epoch,))
    acknowledge(connection, placed.after, min(welcome.watermark, placed.after), placed.ident)
    return bool(epoch) and epoch != welcome.epoch


def acknowledge(connection: Connection, acked: int, watermark: int, ident: bytes = b"") -> None:
    """The bridge has everything up to ``acked``, and in its backup up to ``watermark``, which need not be kept here.
    Writes. ``ident``: the id of event ``acked``, where it is not here any more.
    """
    row = connection.execute("SELECT event FROM sync_event WHERE seq = ?", (acked,)).fetchone()
    known = (row is not None and _id(row[0])) or ident
    connection.execute("UPDATE sync_link SET acked = ?, acked_id = ?, watermark = ?", (acked, known, watermark))
    given, stamped = connection.execute(
        "SELECT coalesce(max(seq), 0), coalesce(max(clock), 0) FROM sync_event WHERE seq <= ?", (watermark,)
    ).get
    if given:
        connection.execute("UPDATE sync_self SET seq = max(seq, ?), clock = max(clock, ?)", (given, stamped))
        connection.execute("DELETE FROM sync_event WHERE seq <= ?", (watermark,))


def newest(connection: Connection) -> int:
    """The greatest number that waits or waited here; 0: none."""
    found: int = connection.execute("SELECT coalesce(max(seq), 0) FROM sync_event").get
    return found


def _sound(here: Position, last: int, seq: int, raw: bytes, now_ms: int) -> bytes | Broken:
    """The event ``seq`` as it goes out after number ``last``."""
    try:
        one = decode(raw)
        check(here.device, here.incarnation, one)
    except ProtocolError:
        return Broken(seq, "damaged", seq)
    if one.seq != seq or one.covers < 1:
        return Broken(seq, "damaged", seq)
    if one.first > last + 1:
        return Broken(one.first - 1, "missing", last + 1)
    if one.first <= last:
        # The bridge had some of what was given up since.
        return encode(_shortened(here, one, seq - last))
    if one.kind == Kind.QUESTION and _expired(one, now_ms):
        return Broken(seq, "expired", seq)
    return raw


def _shortened(here: Position, gap: Event, covers: int) -> Event:
    return renumbered(here.device, here.incarnation, gap.seq, msgspec.structs.replace(gap, covers=covers))


def _expired(question: Event, now_ms: int) -> bool:
    try:
        expires = _EXPIRES.decode(question.body).expires_ms
    except msgspec.DecodeError:
        return False
    return 0 < expires <= now_ms


def _id(raw: bytes) -> bytes:
    try:
        return decode(raw).id
    except ProtocolError:
        return b""


class _Expires(msgspec.Struct, frozen=True):
    expires_ms: int = 0


_EXPIRES: Final = msgspec.msgpack.Decoder(_Expires)
