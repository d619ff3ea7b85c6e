"""How devices come into a house: by a code that is good for ten minutes and for one device."""

import hashlib
from collections.abc import Callable
from typing import Final

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_sync.protocol import enrolment
from cloud_sync.protocol.enrolment import Enrol, Enrolled
from cloud_sync.protocol.errors import Code, ProtocolError
from cloud_sync.server.database import Database
from cloud_sync.server.identity import tables
from cloud_sync.server.identity.audit import OPERATOR, Audit
from cloud_sync.server.identity.revocations import restore
from cloud_sync.server.identity.roles import Role
from cloud_sync.server.tables import device, house

LIFE_MS: Final = 10 * 60_000
"""How long a code is good for."""
TRIES: Final = 5
"""Wrong codes from one address within ``LIFE_MS``; more are not looked at."""
TRIES_OF_ALL: Final = 50
"""From all addresses together: 2**40 codes are far from guessed by so many."""
_LONGEST: Final = 64


class TooManyTries(ProtocolError):
    """Come back after ``retry_after_s``."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(Code.BUSY, "too many wrong codes; try again in ten minutes")
        self.retry_after_s = retry_after_s


class Enrolments:
    """Makes codes, and takes devices in that bring one."""

    def __init__(self, database: Database, server: str, public: bytes, audit: Audit, now_ms: Callable[[], int]) -> None:
        """``server``, ``public``: the bridge's id and its key; ``now_ms``: milliseconds since the epoch."""
        self._database, self._server, self._public = database, server, public
        self._audit, self._now_ms = audit, now_ms

    async def new_code(self, of_house: str, name: str = "", by: str = OPERATOR) -> str:
        """A code for one device of that house. ``name``: what the device will be called, whatever it says itself;
        ``by``: who wants it. Raises ProtocolError where there is no such house.
        """
        code = enrolment.new_code()
        row = {"code_hash": hashed(code), "house": of_house, "name": name, "expires_ms": self._now_ms() + LIFE_MS}
        async with self._database.transaction(of_house) as connection:
            known = await connection.execute(select(house.c.house).where(house.c.house == of_house))
            if known.first() is None:
                raise ProtocolError(Code.WRONG_HOUSE, f"there is no house {of_house}")
            over = tables.enrolment.c.expires_ms < self._now_ms()
            await connection.execute(delete(tables.enrolment).where(tables.enrolment.c.house == of_house, over))
            await connection.execute(insert(tables.enrolment).values(row))
            await self._audit.add(connection, of_house, by, "enrolment.code", {"name": name})
        return code

    async def enrol(self, asked: Enrol, address: str) -> Enrolled:
        """Take a device in. ``address``: where the request comes from. Raises ProtocolError; nothing is kept then but
        that somebody tried.
        """
        await self.not_too_often(address)
        if not 0 < len(asked.device) <= _LONGEST or len(asked.name) > _LONGEST:
            raise ProtocolError(Code.MALFORMED, "a device's id and name have 1 to 64 characters")
        enrolment.proven(asked)
        key = hashed(asked.code)
        async with self._database.transaction(keys=[key]) as connection:
            row = (
                await connection.execute(
                    # Whoever comes at the same moment with the same code finds it gone.
                    delete(tables.enrolment)
                    .where(tables.enrolment.c.code_hash == key, tables.enrolment.c.role == Role.DEVICE.value)
                    .returning(tables.enrolment.c.house, tables.enrolment.c.name, tables.enrolment.c.expires_ms)
                )
            ).first()
        if row is None:
            await self.tried(address)
            raise ProtocolError(Code.EXPIRED, "that code is wrong, used or too old")
        if row.expires_ms < self._now_ms():
            raise ProtocolError(Code.EXPIRED, "that code is too old")
        async with self._database.transaction(row.house, keys=[asked.device]) as connection:
            await self._take_in(connection, asked, row.house, row.name or asked.name)
        return Enrolled(server=self._server, public=self._public, house=row.house)

    async def _take_in(self, connection: AsyncConnection, asked: Enrol, of_house: str, name: str) -> None:
        query = select(device.c.house, device.c.public_key, device.c.revoked_ms).where(device.c.device == asked.device)
        known = (await connection.execute(query)).first()
        if known is not None:
            if known.house != of_house:
                raise ProtocolError(Code.WRONG_HOUSE, "that device belongs to another house")
            if known.revoked_ms is None and known.public_key != asked.public:
                raise ProtocolError(Code.BAD_SIGNATURE, "that device has another key: revoke it first")
        fields = {"public_key": asked.public, "name": name, "enrolled_ms": self._now_ms(), "revoked_ms": None}
        if known is None:
            new = {"device": asked.device, "house": of_house, "role": "device", **fields}
            await connection.execute(insert(device).values(new))
        else:
            change = device.update().where(device.c.device == asked.device, device.c.house == of_house)
            await connection.execute(change.values(fields))
        await restore(connection, asked.device)
        await self._audit.add(connection, of_house, asked.device, "device.enrolled", {"name": name})

    async def not_too_often(self, address: str) -> None:
        """Raises TooManyTries when too many wrong codes came from there, or from everywhere."""
        since = self._now_ms() - LIFE_MS
        tries = tables.attempt
        async with self._database.transaction() as connection:
            await connection.execute(delete(tries).where(tries.c.at_ms < since))
            count = select(func.count()).select_from(tries)
            here = (await connection.execute(count.where(tries.c.address == address))).scalar_one()
            everywhere = (await connection.execute(count)).scalar_one()
        if here >= TRIES or everywhere >= TRIES_OF_ALL:
            raise TooManyTries(LIFE_MS / 1000)

    async def tried(self, address: str) -> None:
        """A wrong code came from there."""
        async with self._database.transaction() as connection:
            await connection.execute(insert(tables.attempt).values(address=address, at_ms=self._now_ms()))


def hashed(secret: str) -> str:
    """What is kept of a code or a token. They are random and soon over, so that a plain hash gives nothing away."""
    return hashlib.sha256(secret.encode()).hexdigest()
