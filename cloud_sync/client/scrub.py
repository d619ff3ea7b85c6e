"""What was deleted is taken out of the events that still wait here, or are kept until the bridge has a backup."""

from collections.abc import Collection
from typing import Final

import msgspec
from apsw import Connection

from cloud_sync.protocol.errors import ProtocolError
from cloud_sync.protocol.event import Event, Kind, check, decode, encode, renumbered
from cloud_sync.protocol.record import Change

_ONE_BY_ONE: Final = 20
"""Up to so many are looked for by their ids; for more, every event is read once."""


def scrub(connection: Connection, device: str, records: Collection[tuple[str, str]]) -> None:
    """Events about ``records`` (kind, id) say nothing any more; they keep their numbers, ids and stamps."""
    wanted = set(records)
    query = "SELECT seq, event FROM sync_event WHERE kind = ?"
    if not wanted:
        return
    damaged = "DELETE FROM sync_damaged WHERE instr(event, CAST(? AS BLOB))"
    connection.executemany(damaged, [(record,) for _, record in wanted])
    if len(wanted) > _ONE_BY_ONE:
        found = connection.execute(query, (Kind.CHANGE,)).fetchall()
    else:
        near = f"{query} AND instr(event, CAST(? AS BLOB))"
        found = [row for _, record in wanted for row in connection.execute(near, (Kind.CHANGE, record))]
    incarnation = str(connection.execute("SELECT incarnation FROM sync_self").get) if found else ""
    for seq, raw in found:
        assert isinstance(raw, bytes)
        if (one := _sound(device, incarnation, raw)) is None:
            # Not sealed anew, as if it were sound; but what it may say goes. A gap will stand for it.
            if any(record.encode() in raw for _, record in wanted):
                connection.execute("UPDATE sync_event SET event = x'' WHERE seq = ?", (seq,))
            continue
        if (change := _change(one)) is not None and change.fields and (change.kind, change.record) in wanted:
            body = msgspec.msgpack.encode(Change(kind=change.kind, record=change.record))
            emptied = msgspec.structs.replace(one, body=msgspec.Raw(body))
            sealed = encode(renumbered(device, incarnation, one.seq, emptied))
            connection.execute("UPDATE sync_event SET event = ? WHERE seq = ?", (sealed, seq))


def _sound(device: str, incarnation: str, raw: bytes) -> Event | None:
    """None for what is damaged."""
    try:
        one = decode(raw)
        check(device, incarnation, one)
    except ProtocolError:
        return None
    return one


def _change(one: Event) -> Change | None:
    """None for what is no change."""
    try:
        return msgspec.msgpack.decode(one.body, type=Change)
    except msgspec.DecodeError:
        return None
