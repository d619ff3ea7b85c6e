"""Accounts of people: a name, a role in a house, and a code by which they get their first pair of tokens."""

import secrets
from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from cloud_sync.protocol import enrolment
from cloud_sync.protocol.errors import Code, ProtocolError
from cloud_sync.server.database import Database
from cloud_sync.server.identity import tables
from cloud_sync.server.identity.audit import Audit
from cloud_sync.server.identity.enrolments import LIFE_MS, hashed
from cloud_sync.server.identity.roles import Role
from cloud_sync.server.identity.tokens import Bearer, Pair, Tokens

_LONGEST: Final = 64
_ID_BYTES: Final = 6


class People:
    """Those of all houses."""

    def __init__(self, database: Database, tokens: Tokens, audit: Audit, now_ms: Callable[[], int]) -> None:
        """``now_ms``: milliseconds since the epoch."""
        self._database, self._tokens, self._audit, self._now_ms = database, tokens, audit, now_ms

    async def add(self, house: str, name: str, role: Role) -> str:
        """A new account; returns the code to log in with, once and within ten minutes. Raises ProtocolError."""
        if role is Role.DEVICE or not 0 < len(name) <= _LONGEST:
            raise ProtocolError(Code.MALFORMED, "a person has a name of 1 to 64 characters, and is no device")
        who = f"person-{secrets.token_hex(_ID_BYTES)}"
        row = {"person": who, "house": house, "name": name, "role": role.value, "made_ms": self._now_ms()}
        try:
            async with self._database.transaction(house) as connection:
                await connection.execute(insert(tables.person).values(row))
                await self._audit.add(connection, house, "operator", "person.added", {"name": name, "role": role.value})
        except IntegrityError:
            raise ProtocolError(Code.WRONG_HOUSE, f"house {house} has somebody called {name} already") from None
        return await self._code(house, who)

    async def new_code(self, house: str, name: str) -> str:
        """To log in with again, after the tokens were lost. Raises ProtocolError where there is nobody of that name."""
        c = tables.person.c
        mine = (c.house == house) & (c.name == name) & c.revoked_ms.is_(None)
        async with self._database.transaction(house) as connection:
            who = (await connection.execute(select(c.person).where(mine))).scalar_one_or_none()
        if who is None:
            raise ProtocolError(Code.UNKNOWN_DEVICE, f"house {house} has nobody called {name}")
        return await self._code(house, who)

    async def log_in(self, code: str) -> Pair:
        """For a code that was not used yet. Raises ProtocolError."""
        key, c = hashed(enrolment.plain(code)), tables.enrolment.c
        async with self._database.transaction(keys=[key]) as connection:
            known = (c.code_hash == key) & (c.role != Role.DEVICE.value)
            spent = delete(tables.enrolment).where(known).returning(c.house, c.name, c.role, c.expires_ms)
            row = (await connection.execute(spent)).first()
        if row is None or row.expires_ms < self._now_ms():
            raise ProtocolError(Code.EXPIRED, "that code is wrong, used or too old")
        async with self._database.transaction(row.house) as connection:
            await self._audit.add(connection, row.house, row.name, "person.login")
            return await self._tokens.pair(connection, Bearer(row.house, row.name, row.role))

    async def all(self, house: str) -> Sequence[tuple[str, str, int | None]]:
        """Name, role, and when they were turned out, of each."""
        c = tables.person.c
        query = select(c.name, c.role, c.revoked_ms).where(c.house == house).order_by(c.name)
        async with self._database.transaction(house) as connection:
            return [(row.name, row.role, row.revoked_ms) for row in await connection.execute(query)]

    async def _code(self, house: str, who: str) -> str:
        code, c = enrolment.new_code(), tables.person.c
        async with self._database.transaction(house) as connection:
            query = select(c.role).where(c.house == house, c.person == who)
            role = (await connection.execute(query)).scalar_one()
            row = {"code_hash": hashed(code), "house": house, "name": who, "role": role}
            await connection.execute(insert(tables.enrolment).values(row | {"expires_ms": self._now_ms() + LIFE_MS}))
        return code
