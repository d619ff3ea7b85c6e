"""What each device may send, by its own word: kept as it says it, and held to.

A device that was never heard about a purpose has said no. What comes in after a no, is refused with ``consent``, and
nothing of it is kept.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_sync.protocol.errors import Code
from cloud_sync.protocol.event import Kind
from cloud_sync.server import bulk
from cloud_sync.server.bulk import Present
from cloud_sync.server.identity.audit import Audit
from cloud_sync.server.identity.tables import consent
from cloud_sync.server.ports import CannotApply, Received

PURPOSES: Final[Mapping[str, str]] = {
    Kind.QUESTION: "answers",
    Kind.TURN: "history",
    Kind.CHANGE: "memory",
    Kind.TELEMETRY: "telemetry",
    Kind.AUDIO: "audio",
}
"""What events of a kind serve. Those of no purpose (consent itself, erasures, gaps) are always taken in."""
ANSWERS: Final = PURPOSES[Kind.QUESTION]


class Said(msgspec.Struct, frozen=True):
    """The body of an event of kind ``consent``."""

    purpose: str
    allowed: bool
    how: str = ""


_DECODER: Final = msgspec.msgpack.Decoder(Said)


def said(received: Received) -> Said:
    """What a ``consent`` event says. Raises CannotApply."""
    try:
        return _DECODER.decode(received.event.body)
    except (msgspec.DecodeError, RecursionError):
        raise CannotApply(Code.MALFORMED, "not a consent") from None


class ConsentApplier:
    """Keeps what is said. One of :class:`cloud_sync.server.ports.Applier`."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    async def apply(self, connection: AsyncConnection, received: Received) -> None:
        """From now on. Raises CannotApply."""
        told = said(received)
        if told.purpose not in PURPOSES.values():
            raise CannotApply(Code.MALFORMED, "consent for something that there is not")
        row = {
            "house": received.house,
            "device": received.device,
            "purpose": told.purpose,
            "allowed": told.allowed,
            "how": told.how[:32],
            "clock": received.clock,
            "at_ms": received.received_ms,
        }
        await bulk.insert_named(connection, consent, [row], Present.OVERWRITTEN)
        action = "consent.given" if told.allowed else "consent.withdrawn"
        detail = {"purpose": told.purpose, "how": told.how[:32]}
        await self._audit.add(connection, received.house, received.device, action, detail)

    async def applied(self, received: Sequence[Received]) -> None:
        """Nothing is left to do."""


async def assume(connection: AsyncConnection, house: str, device: str, purposes: Sequence[str]) -> None:
    """Take a yes for these purposes, where nothing is known."""
    row = {"house": house, "device": device, "allowed": True, "how": "greeting", "clock": 0, "at_ms": 0}
    known = [row | {"purpose": purpose} for purpose in purposes if purpose in PURPOSES.values()]
    if known:
        await bulk.insert_named(connection, consent, known, Present.STAYS)


async def allowed(connection: AsyncConnection, house: str, device: str, purpose: str) -> bool:
    """Whether that device may send what serves ``purpose``; in a transaction of its house."""
    c = consent.c
    query = select(c.allowed).where(c.house == house, c.device == device, c.purpose == purpose)
    return bool((await connection.execute(query)).scalar())


async def of_devices(connection: AsyncConnection, received: Sequence[Received]) -> dict[tuple[str, str, str], bool]:
    """By house, device and purpose, as far as anything was said."""
    c, key = consent.c, ("house", "device")
    devices = sorted({(one.house, one.device) for one in received})
    rows = await bulk.matching(connection, consent, key, devices, (*key, c.purpose.name, c.allowed.name))
    return {(house, device, purpose): bool(allowed) for house, device, purpose, allowed in rows}
