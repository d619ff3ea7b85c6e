"""What is being let out by and by in a house: for each name, to how many percent of its devices.

The bridge does not know what the names mean, and each device draws its own lot. Whoever says nothing leaves it to the
devices.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_sync.protocol.errors import Code, ProtocolError
from cloud_sync.server.database import Database
from cloud_sync.server.identity.audit import Audit
from cloud_sync.server.identity.houses import houses
from cloud_sync.server.tables import rollout

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,47}")
_ALL: Final = 100.0


async def of_houses(connection: AsyncConnection, names: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
    """By house, in the transaction of whoever wants to know."""
    found: dict[str, dict[str, float]] = {}
    for row in await connection.execute(select(rollout).where(rollout.c.house.in_(names))):
        found.setdefault(row.house, {})[row.name] = row.percent
    return found


async def let_out(database: Database, audit: Audit, house: str, name: str, percent: float | None) -> None:
    """To so many percent of the devices of ``house``, at their next greeting; None: nothing is said of it any more.
    Raises ProtocolError.
    """
    if not _NAME.fullmatch(name):
        raise ProtocolError(Code.MALFORMED, "a name has 1 to 48 small letters, digits or _, a letter first")
    if percent is not None and not 0 <= percent <= _ALL:
        raise ProtocolError(Code.MALFORMED, f"{percent:g} is no percentage")
    if house not in await houses(database):
        raise ProtocolError(Code.WRONG_HOUSE, f"there is no house {house}")
    async with database.transaction(house) as connection:
        await connection.execute(delete(rollout).where(rollout.c.house == house, rollout.c.name == name))
        if percent is not None:
            await connection.execute(insert(rollout).values(house=house, name=name, percent=percent))
        said = "nothing" if percent is None else f"{percent:g}"
        await audit.add(connection, house, "operator", "rollout.changed", {"name": name, "percent": said})


async def told(database: Database, house: str) -> Mapping[str, float]:
    """What is said in ``house``."""
    async with database.transaction(house) as connection:
        return (await of_houses(connection, [house])).get(house, {})
