"""Who is who, as the store has it."""

from collections.abc import Sequence

from sqlalchemy import select

from cloud_sync.protocol.errors import Code
from cloud_sync.protocol.messages import Hello
from cloud_sync.server.database import Database
from cloud_sync.server.ports import Identity, Token
from cloud_sync.server.tables import device


class StoredDevices:
    """The one :class:`cloud_sync.server.ports.Devices`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def known(self, devices: Sequence[str]) -> Sequence[Identity | None]:
        """Of each, in order."""
        c = device.c
        query = select(c.device, c.house, c.public_key, c.role, c.revoked_ms).where(c.device.in_(set(devices)))
        async with self._database.transaction() as connection:
            rows = {row.device: row for row in await connection.execute(query)}
        found = (rows.get(name) for name in devices)
        return [
            row and Identity(row.device, row.house, bytes(row.public_key), row.role, row.revoked_ms is not None)
            for row in found
        ]

    async def admitted(self, arrivals: Sequence[tuple[Identity, Hello]]) -> Sequence[Token]:
        """None gets any token."""
        return [Token() for _ in arrivals]

    async def refused(self, device: str, code: Code) -> None:
        """Nothing is written."""
