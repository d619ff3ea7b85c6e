"""How long the bridge keeps what it was told."""

from pathlib import Path

import pytest
from sqlalchemy import insert, select

from cloud_sync.server import tables
from cloud_sync.server.database import Database
from cloud_sync.server.heavy.tables import usage
from cloud_sync.server.migrate import migrate
from cloud_sync.server.retention import Keep, purge

pytestmark = pytest.mark.anyio

DAY_MS = 86_400_000
NOW_MS = 1_790_000_000_000
KEPT = {
    # kind: days that are kept, days that are not
    "turn": ([0, 1, 89], [91, 400]),
    "question": ([0, 29], [31]),
    "telemetry": ([0, 29], [31]),
    "audio": ([0, 6], [8, 90]),
    "change": ([0, 400], []),
    "consent": ([0, 400], []),
    "erase": ([0, 400], []),
}


async def test_what_is_too_old_goes_by_its_kind_in_every_house(database_url: str, tmp_path: Path) -> None:
    async with Database(database_url) as owner:
        await migrate(owner)
        seq = 0
        async with owner.transaction("a", "b") as connection:
            for house in ("a", "b"):
                for kind, (young, old) in KEPT.items():
                    for days in (*young, *old):
                        seq += 1
                        row = {"house": house, "device": f"d{house}", "incarnation": "i", "seq": seq, "covers": 1}
                        row |= {"id": bytes([seq % 256]) * 16, "kind": kind, "clock": 1, "raw": b""}
                        await connection.execute(
                            insert(tables.event).values(row | {"received_ms": NOW_MS - days * DAY_MS})
                        )
                refused = {"house": house, "device": f"d{house}", "incarnation": "i", "kind": "turn", "code": "consent"}
                for number, days in ((1, 0), (2, 31)):
                    row = refused | {"seq": number, "message": "", "received_ms": NOW_MS - days * DAY_MS}
                    await connection.execute(insert(tables.dead).values(row))
                for days in (0, 399, 401):
                    at_ms = NOW_MS - days * DAY_MS
                    row = {"house": house, "device": f"d{house}", "at_ms": at_ms, "day": "", "outcome": "answered"}
                    await connection.execute(insert(usage).values(row))
        gone = await purge(owner, Keep(), NOW_MS)
        assert gone == {kind: 2 * len(old) for kind, (_, old) in KEPT.items() if old} | {"refused": 2, "usage": 2}
        async with owner.transaction("a", "b") as connection:
            left = [
                (row.kind, (NOW_MS - row.received_ms) // DAY_MS)
                for row in await connection.execute(select(tables.event))
            ]
        assert sorted(left) == sorted(2 * [(kind, days) for kind, (young, _) in KEPT.items() for days in young])
        assert await purge(owner, Keep(), NOW_MS) == dict.fromkeys(gone, 0)
        assert (await purge(owner, Keep(turn=0.0), NOW_MS + 1))["turn"] == 6
