"""What a house's changes leave behind in the end: those from which some value that holds comes, and nothing else.

A tombstone is given up once every device has seen it and a week has gone by, or after 90 days in any case. Whoever has
a cursor from before that would never hear of it; the horizon tells that such a one gets the whole state instead.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from cloud_sync.server.database import Database
from cloud_sync.server.tables import change, device, house, register, tombstone

EVERY_S: Final = 86_400.0
_DAY_MS: Final = 86_400_000
KEPT_MS: Final = 30 * _DAY_MS
"""What was overwritten by a later value is kept for so long."""
SEEN_MS: Final = 7 * _DAY_MS
UNSEEN_MS: Final = 90 * _DAY_MS
_logger: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Compacted:
    """What is not there any more."""

    changes: int = 0
    tombstones: int = 0


async def compact(owner: Database, now_ms: int) -> Compacted:
    """Every house, a transaction each. ``owner``: a store that sees all houses."""
    async with owner.transaction() as connection:
        houses = list((await connection.execute(select(house.c.house).order_by(house.c.house))).scalars())
    changes = tombstones = 0
    for name in houses:
        gone = await compact_house(owner, name, now_ms)
        changes, tombstones = changes + gone.changes, tombstones + gone.tombstones
    return Compacted(changes, tombstones)


async def compact_house(owner: Database, name: str, now_ms: int) -> Compacted:
    """One house, under its lock."""
    async with owner.transaction(name) as connection:
        locked = select(house.c.horizon).where(house.c.house == name).with_for_update(key_share=True)
        horizon = (await connection.execute(locked)).scalar_one()
        members = and_(device.c.house == name, device.c.revoked_ms.is_(None))
        seen = (await connection.execute(select(func.min(device.c.cursor)).where(members))).scalar_one_or_none() or 0
        t = tombstone.c
        by_all = and_(t.n <= seen, t.deleted_ms < now_ms - SEEN_MS)
        old = and_(t.house == name, or_(by_all, t.deleted_ms < now_ms - UNSEEN_MS))
        last = (await connection.execute(select(func.max(t.n)).where(old))).scalar_one_or_none() or 0
        tombstones = (await connection.execute(delete(tombstone).where(old))).rowcount
        if last > horizon:
            await connection.execute(update(house).where(house.c.house == name).values(horizon=last))
        holds = select(register.c.n).where(register.c.house == name)
        deletes = select(t.n).where(t.house == name)
        idle = and_(
            change.c.house == name,
            change.c.received_ms < now_ms - KEPT_MS,
            change.c.n.not_in(holds),
            change.c.n.not_in(deletes),
        )
        changes = (await connection.execute(delete(change).where(idle))).rowcount
    return Compacted(changes, tombstones)


async def serve(
    open_owner: Callable[[], AbstractAsyncContextManager[Database]], now_ms: Callable[[], int], every_s: float = EVERY_S
) -> None:
    """Once a day, until it is cancelled."""
    while True:
        await asyncio.sleep(every_s)
        try:
            async with open_owner() as owner:
                gone = await compact(owner, now_ms())
            _logger.info("compacted: %d changes and %d tombstones are gone", gone.changes, gone.tombstones)
        except (SQLAlchemyError, OSError) as error:
            _logger.warning("could not be compacted: %s", type(error).__name__)
