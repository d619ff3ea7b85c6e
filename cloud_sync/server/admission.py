"""What the store says to devices that have proved who they are, for many that come at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import select

from cloud_sync.protocol.messages import Hello
from cloud_sync.server import rollouts
from cloud_sync.server.database import Database
from cloud_sync.server.effects import Standing
from cloud_sync.server.ports import Devices, Gate, Identity, Token
from cloud_sync.server.tables import house, stream


@dataclass(frozen=True, slots=True)
class Welcomed:
    """What one of them is told."""

    standing: Standing
    token: Token


class Admission:
    """Of one store."""

    def __init__(self, database: Database, devices: Devices, epoch: str, gate: Gate | None) -> None:
        """``epoch``: of the store; ``gate``: what may not come in, None: all may."""
        self._database, self._devices, self._gate = database, devices, gate
        self._epoch: Final = epoch

    async def welcome(self, arrivals: Sequence[tuple[Identity, Hello]]) -> Sequence[Welcomed]:
        """One for each of ``arrivals``, in their order. Raises SQLAlchemyError, OSError."""
        tokens = await self._devices.admitted(arrivals)
        names = sorted({identity.device for identity, _ in arrivals})
        houses = sorted({identity.house for identity, _ in arrivals})
        async with self._database.transaction(*houses) as connection:
            streams = await connection.execute(
                select(stream).where(stream.c.house.in_(houses), stream.c.device.in_(names))
            )
            at = {(row.device, row.incarnation): row for row in streams}
            counted = await connection.execute(select(house.c.house, house.c.n).where(house.c.house.in_(houses)))
            last = {row.house: row.n for row in counted}
            flags = await rollouts.of_houses(connection, houses)
            for identity, hello in arrivals:
                if self._gate is not None and hello.allowed and hello.epoch != self._epoch:
                    await self._gate.met(connection, identity.house, identity.device, hello.allowed)
        welcomed = []
        for (identity, hello), token in zip(arrivals, tokens, strict=True):
            standing = Standing(self._epoch, cursor=last.get(identity.house, 0), flags=flags.get(identity.house, {}))
            if (row := at.get((identity.device, hello.incarnation))) is not None:
                standing = replace(standing, acked=row.acked, acked_id=row.acked_id, watermark=row.watermark)
            welcomed.append(Welcomed(standing, token))
        return welcomed
