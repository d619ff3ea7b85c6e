"""What may not come in: what the house did not allow, and what it wanted forgotten, however late it comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_sync.protocol.erasure import CONTENT, About, Erase, Subject, Wanted, is_deletion, subject_of
from cloud_sync.protocol.errors import Code
from cloud_sync.protocol.event import Kind
from cloud_sync.server import bulk, consents
from cloud_sync.server.bulk import Present
from cloud_sync.server.identity.tables import erased, erasure
from cloud_sync.server.ports import CannotApply, Received

_NO_CONSENT: Final = "the house has not allowed that this is sent"
_ERASED: Final = "what it is about was to be forgotten"
_ERASE: Final = msgspec.msgpack.Decoder(Erase)


@dataclass(frozen=True, slots=True)
class _Forgotten:
    """What the houses of a batch wanted forgotten, as far as the batch could be about it."""

    subjects: dict[tuple[str, Subject], str]
    """By house and what: the id of the erasure."""
    of_times: Sequence[tuple[Wanted, About]]
    """Those that are about more than they name."""

    def by(self, one: Received) -> str | None:
        """The erasure that ``one`` is about; None: nobody wanted it forgotten. A deletion has no content, and is let
        in.
        """
        if one.event.kind not in CONTENT or is_deletion(one.event):
            return None
        subject = subject_of(one.event)
        if subject is not None and (known := self.subjects.get((one.house, subject))) is not None:
            return known
        for wanted, about in self.of_times:
            if wanted.house == one.house and about(one.event, one.device, one.clock):
                return wanted.id
        return None


class PrivacyGate:
    """The one :class:`cloud_sync.server.ports.Gate`."""

    async def refusals(self, connection: AsyncConnection, received: Sequence[Received]) -> Sequence[CannotApply | None]:
        """Of each, in order, why it is not kept; None where it is."""
        if not received:
            return []
        given = await consents.of_devices(connection, received)
        forgotten = await _forgotten(connection, received)
        refusals: list[CannotApply | None] = []
        for one in received:
            if one.event.kind == Kind.CONSENT:
                _take(given, one)
            purpose = consents.PURPOSES.get(one.event.kind)
            if purpose is not None and not given.get((one.house, one.device, purpose), False):
                refusals.append(CannotApply(Code.CONSENT, _NO_CONSENT))
            elif forgotten is not None and (by := forgotten.by(one)) is not None:
                await _bury(connection, forgotten, one, by)
                refusals.append(CannotApply(Code.ERASED, _ERASED))
            else:
                refusals.append(None)
        return refusals

    async def met(self, connection: AsyncConnection, house: str, device: str, allowed: Sequence[str]) -> None:
        """A restored store may have lost the consents: without them, what waits there would be turned away."""
        await consents.assume(connection, house, device, allowed)


def _take(given: dict[tuple[str, str, str], bool], one: Received) -> None:
    """What is said in the middle of a batch holds for what follows in it."""
    try:
        told = consents.said(one)
    except CannotApply:
        return
    given[one.house, one.device, told.purpose] = told.allowed


async def _forgotten(connection: AsyncConnection, received: Sequence[Received]) -> _Forgotten | None:
    houses = {one.house for one in received}
    c = erasure.c
    of_them = bulk.any_of(connection, c.house, sorted(houses))
    if (await connection.execute(select(c.id).where(of_them).limit(1))).first() is None:
        return None
    query = select(c.house, c.device, c.id, c.clock, c.body).where(of_them, c.of_time.is_(True))
    of_times = [
        Wanted(row.house, row.device, row.id, row.clock, _ERASE.decode(row.body))
        for row in await connection.execute(query)
    ]
    named = {
        (one.house, subject)
        for one in received
        if one.event.kind in CONTENT and (subject := subject_of(one.event)) is not None
    }
    keys = sorted((house, subject.kind, subject.id) for house, subject in named)
    e = erased.c
    found = await connection.execute(
        select(e.house, e.kind, e.subject, e.erasure).where(
            e.house.in_(houses), tuple_(e.house, e.kind, e.subject).in_(keys)
        )
    )
    by_subject = {(row.house, Subject(row.kind, row.subject)): row.erasure for row in found}
    return _Forgotten(by_subject, [(wanted, About(wanted)) for wanted in of_times])


async def _bury(connection: AsyncConnection, forgotten: _Forgotten, one: Received, by: str) -> None:
    """A record whose beginning is turned away is not to be made of the edits that follow it."""
    if one.event.kind == Kind.CHANGE and (subject := subject_of(one.event)) is not None:
        forgotten.subjects[one.house, subject] = by
        row = {"house": one.house, "kind": subject.kind, "subject": subject.id, "erasure": by}
        await bulk.insert_named(connection, erased, [row], Present.STAYS)
