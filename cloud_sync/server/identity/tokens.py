"""What requests over HTTP are known by: random, short-lived, kept as a hash alone.

A device gets one with its welcome, and another before it expires. A person gets a pair: one to use for an hour, and
one that buys the next pair, once. Whoever buys with one that was spent already holds a copy: then nobody's is good.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_sync.protocol.errors import Code
from cloud_sync.server import bulk
from cloud_sync.server.database import Database
from cloud_sync.server.identity import tables
from cloud_sync.server.identity.audit import Audit
from cloud_sync.server.identity.enrolments import hashed
from cloud_sync.server.identity.roles import Forbidden, May, may
from cloud_sync.server.ports import Token

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

    async def access(self, connection: AsyncConnection, bearers: Sequence[Bearer]) -> Sequence[Token]:
        """A new token for each; in a transaction of their houses. Those of theirs that are over go."""
        houses, names = {bearer.house for bearer in bearers}, {bearer.who for bearer in bearers}
        c = tables.token.c
        mine = c.house.in_(houses) & c.who.in_(names)
        await connection.execute(delete(tables.token).where(mine, c.expires_ms < self._now_ms()))
        return await self._new(connection, bearers, _ACCESS, ACCESS_MS)

    async def pair(self, connection: AsyncConnection, bearer: Bearer) -> Pair:
        """For a person who has shown a code; in a transaction of the house."""
        (access,) = await self.access(connection, [bearer])
        (refresh,) = await self._new(connection, [bearer], _REFRESH, REFRESH_MS)
        return Pair(access.token, refresh.token, access.expires_ms)

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

    async def _new(
        self, connection: AsyncConnection, bearers: Sequence[Bearer], use: str, life_ms: int
    ) -> Sequence[Token]:
        tokens = [Token(secrets.token_urlsafe(_BYTES), self._now_ms() + life_ms) for _ in bearers]
        rows = [
            {
                "token_hash": hashed(token.token),
                "house": bearer.house,
                "who": bearer.who,
                "role": bearer.role,
                "use": use,
                "expires_ms": token.expires_ms,
            }
            for bearer, token in zip(bearers, tokens, strict=True)
        ]
        await bulk.insert_named(connection, tables.token, rows)
        return tokens

    async def _find(self, token: str, use: str) -> Row[str, str, str, int]:
        key, table = hashed(token), tables.token
        query = select(table.c.house, table.c.who, table.c.role, table.c.expires_ms)
        async with self._database.transaction(keys=[key]) as connection:
            row = (await connection.execute(query.where(table.c.token_hash == key, table.c.use == use))).first()
        if row is None:
            raise Forbidden(Code.UNKNOWN_DEVICE, "nobody has that token")
        return row
