"""How long the bridge keeps what devices told, by kind. What the house shares stays as long as the house keeps it.

Lists, facts and the rest of the state, consents, erasures and the audit log are not among it: the first are deleted by
people, the others have no content.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, select, tuple_
from sqlalchemy.exc import SQLAlchemyError

from cloud_sync.protocol.event import Kind
from cloud_sync.server.database import Database
from cloud_sync.server.heavy.tables import usage
from cloud_sync.server.tables import dead, event

EVERY_S: Final = 3_600.0
_AT_ONCE: Final = 1_000
"""Rows in one transaction: what is taken in meanwhile does not wait for long."""
_DAY_MS: Final = 86_400_000
_logger: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Keep:
    """Days, by kind of event."""

    turn: float = 90.0
    question: float = 30.0
    telemetry: float = 30.0
    audio: float = 7.0
    refused: float = 30.0
    """That something was refused or could not be applied, which has no content."""
    usage: float = 400.0
    """What each question to a larger model cost."""

    def by_kind(self) -> Mapping[str, float]:
        """Those of events."""
        return {
            Kind.TURN.value: self.turn,
            Kind.QUESTION.value: self.question,
            Kind.TELEMETRY.value: self.telemetry,
            Kind.AUDIO.value: self.audio,
        }


async def purge(owner: Database, keep: Keep, now_ms: int) -> Mapping[str, int]:
    """Delete what is too old; returns how many rows of each kind. ``owner``: a store that sees all houses."""
    gone = {kind: await _purge_kind(owner, kind, now_ms - int(days * _DAY_MS)) for kind, days in keep.by_kind().items()}
    async with owner.transaction() as connection:
        old = dead.c.received_ms < now_ms - int(keep.refused * _DAY_MS)
        gone["refused"] = (await connection.execute(delete(dead).where(old))).rowcount
        old = usage.c.at_ms < now_ms - int(keep.usage * _DAY_MS)
        gone["usage"] = (await connection.execute(delete(usage).where(old))).rowcount
    return gone


async def serve(
    open_owner: Callable[[], AbstractAsyncContextManager[Database]], keep: Keep, now_ms: Callable[[], int]
) -> None:
    """Once an hour, until it is cancelled."""
    while True:
        try:
            async with open_owner() as owner:
                gone = {kind: count for kind, count in (await purge(owner, keep, now_ms())).items() if count}
            if gone:
                _logger.info("too old, and gone: %s", ", ".join(f"{count} {kind}" for kind, count in gone.items()))
        except (SQLAlchemyError, OSError) as error:
            _logger.warning("what is too old could not be deleted: %s", type(error).__name__)
        await asyncio.sleep(EVERY_S)


async def _purge_kind(owner: Database, kind: str, before_ms: int) -> int:
    c, count = event.c, 0
    key = (c.house, c.device, c.incarnation, c.seq)
    old = select(*key).where(c.received_ms < before_ms, c.kind == kind).limit(_AT_ONCE)
    while True:
        async with owner.transaction() as connection:
            rows = [tuple(row) for row in await connection.execute(old)]
            if rows:
                await connection.execute(delete(event).where(tuple_(*key).in_(rows)))
        count += len(rows)
        if len(rows) < _AT_ONCE:
            return count
