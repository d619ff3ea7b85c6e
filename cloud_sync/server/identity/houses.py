"""The houses of a bridge. What they are called is what they are known by."""

import re
from collections.abc import Sequence
from typing import Final

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from cloud_sync.protocol.errors import Code, ProtocolError
from cloud_sync.server.database import Database
from cloud_sync.server.identity.audit import Audit
from cloud_sync.server.tables import house

USUAL: Final = "home"
"""The house of whoever has one."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,47}")


async def add_house(database: Database, audit: Audit, name: str) -> None:
    """Raises ProtocolError for a name that can't be one, or is one already."""
    if not _NAME.fullmatch(name):
        raise ProtocolError(Code.MALFORMED, "a house's name has 1 to 48 small letters, digits, - or _")
    try:
        async with database.transaction(name) as connection:
            await connection.execute(insert(house).values(house=name))
            await audit.add(connection, name, "operator", "house.added")
    except IntegrityError:
        raise ProtocolError(Code.WRONG_HOUSE, f"there is a house {name} already") from None


async def houses(database: Database) -> Sequence[str]:
    """All of them. ``database``: not a worker's, which sees none without naming it."""
    async with database.transaction() as connection:
        return (await connection.execute(select(house.c.house).order_by(house.c.house))).scalars().all()
