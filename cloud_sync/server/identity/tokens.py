"""What requests over HTTP are known by: random, short-lived, kept as a hash alone.

A device gets one with its welcome, and another before it expires. A person gets a pair: one to use for an hour, and
one that buys the next pair, once. Whoever buys with one that was spent already holds a copy: then nobody's is good.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_sync.protocol.errors import Code
from cloud_sync.server.database import Database
from cloud_sync.server.identity import tables
from cloud_sync.server.identity.audit import Audit
from cloud_sync.server.identity.enrolments import hashed
from cloud_sync.server.identity.roles import Forbidden, May, may

ACCESS_MS: Final = 60 * 60_000
"""How long a token is good for."""
REFRESH_MS: Final = 30 * 24 * 60 * 60_000
"""How long a person may stay away without a new code."""
_BYTES: Final = 32
_ACCESS, _REFRESH = "access", "refresh"


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who sends a request."""

    house: str
    who: str
    """Device or person."""
    role: str


@dataclass(frozen=True, slots=True)
class Pair:
    """What a person holds."""

    access: str
    refresh: str
    expires_ms: int
    """Of the first."""


class Tokens:
    """Gives them out, and knows them again."""

    def __init__(self, database: Database, audit: Audit, now_ms: Callable[[], int]) -> None:
        """``now_ms``: milliseconds since the epoch."""
        self._database, self._audit, self._now_ms = database, audit, now_ms

    async def access(self, connection: AsyncConnection, bearer: Bearer) -> tuple[str, int]:
        """A new token and when it expires; in a transaction of its house. Those that are over go."""
        over = tables.token.c.expires_ms < self._now_ms()
        mine = (tables.token.c.house == bearer.house) & (tables.token.c.who == bearer.who)
        await connection.execute(delete(tables.token).where(mine, over))
        return await self._new(connection, bearer, _ACCESS, ACCESS_MS)

    async def pair(self, connection: AsyncConnection, bearer: Bearer) -> Pair:
        """For a person who has shown a code; in a transaction of the house."""
        access, expires_ms = await self.access(connection, bearer)
        refresh, _ = await self._new(connection, bearer, _REFRESH, REFRESH_MS)
        return Pair(access, refresh, expires_ms)

    async def bearer(self, token: str, what: May) -> Bearer:
        """Who holds ``token``, if they may do that. Raises Forbidden."""
        row = await self._find(token, _ACCESS)
        if row.expires_ms < self._now_ms():
            raise Forbidden(Code.EXPIRED, "the token is too old")
        if not may(row.role, what):
            raise Forbidden(Code.WRONG_HOUSE, f"a {row.role} may not {what}")
        return Bearer(row.house, row.who, row.role)

    async def renewed(self, refresh: str) -> Pair:
        """The next pair for one that was not spent yet. Raises Forbidden."""
        row = await self._find(refresh, _REFRESH)
        bearer = Bearer(row.house, row.who, row.role)
        async with self._database.transaction(row.house) as connection:
            mine = (tables.token.c.house == row.house) & (tables.token.c.who == row.who)
            spent = await connection.execute(
                update(tables.token)
                .where(mine, tables.token.c.token_hash == hashed(refresh), tables.token.c.spent_ms.is_(None))
                .values(spent_ms=self._now_ms())
            )
            if spent.rowcount and row.expires_ms >= self._now_ms():
                return await self.pair(connection, bearer)
            if not spent.rowcount:
                await connection.execute(delete(tables.token).where(mine))
                await self._audit.add(connection, row.house, row.who, "token.copied")
        raise Forbidden(Code.EXPIRED, "that token was spent or is too old: log in anew")

    async def _new(self, connection: AsyncConnection, bearer: Bearer, use: str, life_ms: int) -> tuple[str, int]:
        token, expires_ms = secrets.token_urlsafe(_BYTES), self._now_ms() + life_ms
        row = {
            "token_hash": hashed(token),
            "house": bearer.house,
            "who": bearer.who,
            "role": bearer.role,
            "use": use,
            "expires_ms": expires_ms,
        }
        await connection.execute(insert(tables.token).values(row))
        return token, expires_ms

    async def _find(self, token: str, use: str) -> Row[str, str, str, int]:
        key, table = hashed(token), tables.token
        query = select(table.c.house, table.c.who, table.c.role, table.c.expires_ms)
        async with self._database.transaction(key=key) as connection:
            row = (await connection.execute(query.where(table.c.token_hash == key, table.c.use == use))).first()
        if row is None:
            raise Forbidden(Code.UNKNOWN_DEVICE, "nobody has that token")
        return row
