"""What the devices of a house read: its changes by number, or, for who comes too late for those, its whole state."""

from typing import Final

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_sync.protocol.messages import Changes, Numbered
from cloud_sync.server.database import Database
from cloud_sync.server.tables import change, device, house

_PAGE_BYTES: Final = 512 * 1024
"""Of events, at most, unless a single one is larger."""


async def page(
    database: Database, of_house: str, of_device: str, cursor: int, limit: int, snapshot: bool = False
) -> Changes:
    """The changes after ``cursor``, ``limit`` of them at most. ``snapshot``: one is under way and goes on there.

    What is kept of older changes are those from which some value that holds comes (see
    :mod:`cloud_sync.server.compaction`). They, from the first to the last, are the state: that is what a snapshot is.
    """
    async with database.transaction(of_house) as connection:
        last, horizon = await _standing(connection, of_house)
        # A cursor that this store never gave is from before it was restored.
        if not snapshot and (cursor < horizon or cursor > last):
            snapshot, cursor = True, 0
        found = await connection.execute(
            select(change.c.n, change.c.device, change.c.incarnation, change.c.raw, change.c.clock)
            .where(change.c.house == of_house, change.c.n > cursor)
            .order_by(change.c.n)
            .limit(limit + 1)
        )
        items: list[Numbered] = []
        size, more = 0, False
        for row in found:
            size += len(row.raw)
            if items and (len(items) == limit or size > _PAGE_BYTES):
                more = True
                break
            raw = msgspec.Raw(row.raw)
            items.append(Numbered(n=row.n, device=row.device, incarnation=row.incarnation, event=raw, clock=row.clock))
        # What this page was asked after is kept there: it tells which tombstones everybody has seen.
        seen = update(device).where(device.c.device == of_device, device.c.cursor < cursor)
        if not snapshot:
            await connection.execute(seen.values(cursor=cursor))
    reached = items[-1].n if items else 0
    return Changes(items=tuple(items), cursor=reached if more else max(reached, last), more=more, snapshot=snapshot)


async def _standing(connection: AsyncConnection, of_house: str) -> tuple[int, int]:
    query = select(house.c.n, house.c.horizon).where(house.c.house == of_house)
    row = (await connection.execute(query)).first()
    return (row.n, row.horizon) if row is not None else (0, 0)
