"""All that has to do with who somebody is and what they may do, put together."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select

from cloud_sync.server.database import Database
from cloud_sync.server.identity.audit import Audit
from cloud_sync.server.identity.challenges import Challenges
from cloud_sync.server.identity.devices import EnrolledDevices
from cloud_sync.server.identity.enrolments import Enrolments
from cloud_sync.server.identity.people import People
from cloud_sync.server.identity.revocations import Revocations
from cloud_sync.server.identity.signing import Signer
from cloud_sync.server.identity.tokens import Tokens
from cloud_sync.server.tables import store


@dataclass(frozen=True, slots=True)
class Access:
    """One bridge's."""

    server: str
    """The bridge's id."""
    audit: Audit
    tokens: Tokens
    devices: EnrolledDevices
    enrolments: Enrolments
    revocations: Revocations
    people: People
    challenges: Challenges


def now_ms() -> int:
    """The wall clock, milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


async def access(database: Database, signer: Signer, clock: Callable[[], int] = now_ms) -> Access:
    """On a store that is up to date. ``clock``: milliseconds since the epoch."""
    async with database.transaction() as connection:
        server = (await connection.execute(select(store.c.server))).scalar_one()
    audit = Audit(clock)
    tokens = Tokens(database, audit, clock)
    return Access(
        server=server,
        audit=audit,
        tokens=tokens,
        devices=EnrolledDevices(database, tokens, audit),
        enrolments=Enrolments(database, server, signer.public, audit, clock),
        revocations=Revocations(database, audit, clock),
        people=People(database, tokens, audit, clock),
        challenges=Challenges(database, clock),
    )
