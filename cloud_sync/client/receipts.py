"""What the bridge had to forget, and its word that it has."""

from dataclasses import dataclass
from typing import Any

from apsw import Connection

from cloud_sync.protocol import erasure
from cloud_sync.protocol.errors import ProtocolError
from cloud_sync.protocol.event import Kind, readable


@dataclass(frozen=True, slots=True)
class Proof:
    """One erasure."""

    id: str
    """Of its event, hexadecimal."""
    at_ms: int
    """When the bridge did it, by its clock; while it waits, when it was asked for."""
    done: bool
    """Whether the bridge has signed that it did."""
    genuine: bool
    """Whether the signature is right now, by the key that this device was enrolled with."""
    said: dict[str, Any]
    """The statement; empty while it waits."""


def proofs(connection: Connection, public: bytes) -> list[Proof]:
    """All of them, oldest first. ``public``: the bridge's key, 32 bytes."""
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'sync_receipt'").fetchone() is None:
        return []
    query = "SELECT id, statement, signature FROM sync_receipt"
    found = [_proof(public, str(ident), said, signature) for ident, said, signature in connection.execute(query)]
    done = {each.id for each in found}
    query = "SELECT event FROM sync_event WHERE kind = ?"
    for (raw,) in connection.execute(query, (Kind.ERASE.value,)):
        one = readable(raw)
        if one is not None and one.id.hex() not in done:
            found.append(Proof(one.id.hex(), one.clock >> 16, done=False, genuine=False, said={}))
    return sorted(found, key=lambda each: (each.at_ms, each.id))


def _proof(public: bytes, ident: str, said: bytes, signature: bytes) -> Proof:
    try:
        fields = erasure.verify(public, said, signature)
    except ProtocolError:
        return Proof(ident, 0, done=True, genuine=False, said={})
    return Proof(ident, int(fields.get("at_ms", 0)), done=True, genuine=fields.get("erasure") == ident, said=fields)
