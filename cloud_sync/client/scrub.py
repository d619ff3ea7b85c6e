"""What was deleted is taken out of the events that still wait here, or are kept until the bridge has a backup."""

from collections.abc import Collection
from typing import Final

import msgspec
from apsw import Connection

from cloud_sync.protocol.event import Event, Kind, encode, readable, renumbered
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
    for seq, raw in found:
        assert isinstance(raw, bytes)
        one, change = _read(raw)
        if one is None or change is None:
            continue
        if change.fields and (change.kind, change.record) in wanted:
            body = msgspec.msgpack.encode(Change(kind=change.kind, record=change.record))
            emptied = msgspec.structs.replace(one, body=msgspec.Raw(body))
            incarnation = connection.execute("SELECT incarnation FROM sync_self").get
            sealed = encode(renumbered(device, incarnation, one.seq, emptied))
            connection.execute("UPDATE sync_event SET event = ? WHERE seq = ?", (sealed, seq))


def _read(raw: bytes) -> tuple[Event | None, Change | None]:
    """None for what is damaged, or no change."""
    one = readable(raw)
    try:
        return one, msgspec.msgpack.decode(one.body, type=Change) if one is not None else None
    except msgspec.DecodeError:
        return one, None
