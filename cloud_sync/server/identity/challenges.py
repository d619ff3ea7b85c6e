"""What a device signs to get a token over HTTP: a nonce of the bridge, good once and for a minute, at any worker."""

import secrets
from collections.abc import Callable
from typing import Final

from sqlalchemy import delete, insert

from cloud_sync.server.database import Database
from cloud_sync.server.identity.enrolments import hashed
from cloud_sync.server.identity.tables import challenge

_LIFE_MS: Final = 60_000
_BYTES: Final = 32


class Challenges:
    """Those that were given out."""

    def __init__(self, database: Database, now_ms: Callable[[], int]) -> None:
        """``now_ms``: milliseconds since the epoch."""
        self._database, self._now_ms = database, now_ms

    async def new(self) -> bytes:
        """32 random bytes."""
        nonce = secrets.token_bytes(_BYTES)
        async with self._database.transaction() as connection:
            await connection.execute(delete(challenge).where(challenge.c.expires_ms < self._now_ms()))
            row = {"nonce_hash": hashed(nonce.hex()), "expires_ms": self._now_ms() + _LIFE_MS}
            await connection.execute(insert(challenge).values(row))
        return nonce

    async def spend(self, nonce: bytes) -> bool:
        """Whether it was given out and is still good; it is not any more."""
        c = challenge.c
        good = (c.nonce_hash == hashed(nonce.hex())) & (c.expires_ms >= self._now_ms())
        async with self._database.transaction() as connection:
            return bool((await connection.execute(delete(challenge).where(good))).rowcount)
