"""Who a device is, as the bridge's connections ask: :class:`cloud_sync.server.ports.Devices`."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import select

from cloud_sync.protocol.errors import Code
from cloud_sync.protocol.messages import Hello
from cloud_sync.server.database import Database
from cloud_sync.server.identity.audit import Audit, Done
from cloud_sync.server.identity.tokens import Bearer, Tokens
from cloud_sync.server.ports import Identity, Token
from cloud_sync.server.tables import device

_log = logging.getLogger(__name__)
_QUIET_S: Final = 60.0


class EnrolledDevices:
    """Those in the store."""

    def __init__(
        self, database: Database, tokens: Tokens, audit: Audit, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``clock``: seconds."""
        self._database, self._tokens, self._audit, self._clock = database, tokens, audit, clock
        self._told: dict[tuple[str, Code], float] = {}

    async def known(self, devices: Sequence[str]) -> Sequence[Identity | None]:
        """Of each, in order; None: nobody has enrolled it."""
        c = device.c
        query = select(c.device, c.house, c.public_key, c.role, c.revoked_ms).where(c.device.in_(set(devices)))
        async with self._database.transaction(keys=devices) as connection:
            rows = {row.device: row for row in await connection.execute(query)}
        found = (rows.get(name) for name in devices)
        return [
            row and Identity(row.device, row.house, bytes(row.public_key), row.role, row.revoked_ms is not None)
            for row in found
        ]

    async def admitted(self, arrivals: Sequence[tuple[Identity, Hello]]) -> Sequence[Token]:
        """A new token for each, and a line in the audit log."""
        bearers = [Bearer(identity.house, identity.device, identity.role) for identity, _ in arrivals]
        logins = [
            Done(
                identity.house,
                identity.device,
                "device.login",
                {"incarnation": hello.incarnation, "software": hello.software[:64]},
            )
            for identity, hello in arrivals
        ]
        async with self._database.transaction(*sorted({bearer.house for bearer in bearers})) as connection:
            tokens = await self._tokens.access(connection, bearers)
            await self._audit.add_all(connection, logins)
        return tokens

    async def renewed(self, identities: Sequence[Identity]) -> Sequence[Token]:
        """Another token for each."""
        bearers = [Bearer(identity.house, identity.device, identity.role) for identity in identities]
        async with self._database.transaction(*sorted({bearer.house for bearer in bearers})) as connection:
            return await self._tokens.access(connection, bearers)

    async def refused(self, device_id: str, code: Code) -> None:
        """A line in the audit log of its house, at most one a minute and reason: whoever knocks for ever shall not fill
        it. A stranger has no house, and is named in the program's log alone.
        """
        (identity,) = await self.known([device_id])
        _log.warning("refused %r: %s", device_id[:64], code.value)
        if identity is None or not self._worth_a_line(device_id, code):
            return
        async with self._database.transaction(identity.house) as connection:
            await self._audit.add(connection, identity.house, device_id, "device.refused", {"code": code.value})

    def _worth_a_line(self, device_id: str, code: Code) -> bool:
        now = self._clock()
        self._told = {key: at for key, at in self._told.items() if now - at < _QUIET_S}
        return self._told.setdefault((device_id, code), now) == now


async def devices_of(database: Database, house: str) -> Sequence[tuple[str, str, int, int | None, int | None]]:
    """Of each device of ``house``: id, name, when it was enrolled, when it was last here, when it was revoked."""
    columns = (device.c.device, device.c.name, device.c.enrolled_ms, device.c.seen_ms, device.c.revoked_ms)
    query = select(*columns).where(device.c.house == house).order_by(device.c.enrolled_ms)
    async with database.transaction(house) as connection:
        return [(row[0], row[1], row[2], row[3], row[4]) for row in await connection.execute(query)]
