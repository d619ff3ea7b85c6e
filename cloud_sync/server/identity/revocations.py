"""Turning devices and people out, so that every worker knows within seconds.

Each worker asks the store every second who was turned out (:class:`cloud_sync.server.worker.Worker`): one small query,
which needs neither a message that could be lost nor a connection to any other worker.
"""

from collections.abc import Callable

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_sync.protocol.errors import Code, ProtocolError
from cloud_sync.server.database import Database
from cloud_sync.server.identity import tables
from cloud_sync.server.identity.audit import OPERATOR, Audit
from cloud_sync.server.tables import device


class Revocations:
    """Who may not connect any more."""

    def __init__(self, database: Database, audit: Audit, now_ms: Callable[[], int]) -> None:
        """``now_ms``: milliseconds since the epoch."""
        self._database, self._audit, self._now_ms = database, audit, now_ms

    async def revoke_device(self, of_house: str, who: str, by: str = OPERATOR) -> None:
        """Turn a device out, by its id or its name; ``by``: who wants it. Raises ProtocolError where there is none."""
        async with self._database.transaction(of_house) as connection:
            named = (device.c.device == who) | (device.c.name == who)
            mine = (device.c.house == of_house) & device.c.revoked_ms.is_(None)
            found = (await connection.execute(select(device.c.device).where(mine, named))).scalars().all()
            if len(found) != 1:
                what = f"no device {who}" if not found else f"several devices are called {who}: say the id"
                raise ProtocolError(Code.UNKNOWN_DEVICE, f"house {of_house} has {what}")
            at_ms = self._now_ms()
            await connection.execute(update(device).where(device.c.device == found[0], mine).values(revoked_ms=at_ms))
            await self._turn_out(connection, of_house, found[0], at_ms)
            await self._audit.add(connection, of_house, by, "device.revoked", {"device": found[0]})

    async def revoke_person(self, of_house: str, name: str) -> None:
        """Likewise a person."""
        async with self._database.transaction(of_house) as connection:
            people = tables.person
            mine = (people.c.house == of_house) & (people.c.name == name) & people.c.revoked_ms.is_(None)
            found = (await connection.execute(select(people.c.person).where(mine))).scalar_one_or_none()
            if found is None:
                raise ProtocolError(Code.UNKNOWN_DEVICE, f"house {of_house} has nobody called {name}")
            at_ms = self._now_ms()
            await connection.execute(update(people).where(mine).values(revoked_ms=at_ms))
            await self._turn_out(connection, of_house, found, at_ms)
            await self._audit.add(connection, of_house, OPERATOR, "person.revoked", {"person": name})

    async def revoked(self) -> frozenset[str]:
        """All of them, by id."""
        async with self._database.transaction() as connection:
            return frozenset((await connection.execute(select(tables.revocation.c.who))).scalars())

    async def _turn_out(self, connection: AsyncConnection, of_house: str, who: str, at_ms: int) -> None:
        await connection.execute(
            delete(tables.token).where(tables.token.c.house == of_house, tables.token.c.who == who)
        )
        codes = tables.enrolment.c
        await connection.execute(delete(tables.enrolment).where(codes.house == of_house, codes.name == who))
        await connection.execute(delete(tables.revocation).where(tables.revocation.c.who == who))
        await connection.execute(insert(tables.revocation).values(who=who, of_house=of_house, at_ms=at_ms))


async def restore(connection: AsyncConnection, who: str) -> None:
    """Let somebody in again."""
    await connection.execute(delete(tables.revocation).where(tables.revocation.c.who == who))
