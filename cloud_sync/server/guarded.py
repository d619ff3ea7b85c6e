"""Heavy questions behind what the house allowed, each with its lines in the audit log: who asked, which model answered,
what it wanted done. Never a word of the question or of the answer.
"""

from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_sync.protocol.errors import Code
from cloud_sync.protocol.messages import Answer, Ask, Call, Called, Delta, Error, Receipt
from cloud_sync.server import consents
from cloud_sync.server.database import Database
from cloud_sync.server.identity.audit import Audit, Detail
from cloud_sync.server.ports import Applier, Heavy, Received

_LONGEST = 64


class GuardedHeavy:
    """Another :class:`cloud_sync.server.ports.Heavy`, guarded."""

    def __init__(self, heavy: Heavy, database: Database, audit: Audit) -> None:
        self._heavy, self._database, self._audit = heavy, database, audit

    async def ask(self, house: str, device: str, ask: Ask) -> AsyncIterator[Delta | Call | Answer | Error]:
        """Everything that is said to ``ask``, in order; a refusal where the house has not allowed that it is asked."""
        if not await self._begun(house, device, ask):
            message = "the house has not allowed that questions are sent"
            yield Answer(id=ask.id, text="", finish="refused", code=Code.CONSENT, message=message)
            return
        async for said in self._heavy.ask(house, device, ask):
            match said:
                case Call():
                    await self._note(house, device, "tool.called", {"id": ask.id, "name": said.name[:_LONGEST]})
                case Answer():
                    await self._note(house, device, "answered", _about(said))
            yield said

    async def called(self, house: str, device: str, called: Called) -> bool:
        """What the device did. False: nobody here waits for it."""
        waited_for = await self._heavy.called(house, device, called)
        if waited_for:
            await self._note(house, device, "tool.done", {"id": called.id, "characters": len(called.content)})
        return waited_for

    async def cancel(self, house: str, device: str, id_: str) -> bool:
        """Nobody listens any more."""
        return await self._heavy.cancel(house, device, id_)

    async def taken(self, house: str, device: str, id_: str) -> None:
        """The device keeps the answer itself now."""
        await self._heavy.taken(house, device, id_)

    async def waiting(self, connection: AsyncConnection, houses: Sequence[str], devices: Sequence[str]) -> set[str]:
        """Those of ``devices`` for which something is kept."""
        return await self._heavy.waiting(connection, houses, devices)

    async def kept(self, house: str, device: str) -> Sequence[Answer | Receipt]:
        """What the device has not taken yet."""
        return await self._heavy.kept(house, device)

    async def _begun(self, house: str, device: str, ask: Ask) -> bool:
        async with self._database.transaction(house) as connection:
            allowed = await consents.allowed(connection, house, device, consents.ANSWERS)
            await self._audit.add(connection, house, device, "asked" if allowed else "asked.refused", _metadata(ask))
        return allowed

    async def _note(self, house: str, device: str, action: str, detail: Detail) -> None:
        async with self._database.transaction(house) as connection:
            await self._audit.add(connection, house, device, action, detail)


class AuditedQuestions:
    """An applier of kept questions, each with a line in the audit log."""

    def __init__(self, applier: Applier, audit: Audit) -> None:
        self._applier, self._audit = applier, audit

    async def apply(self, connection: AsyncConnection, received: Received) -> None:
        """Both or none. Raises CannotApply."""
        await self._applier.apply(connection, received)
        ask = msgspec.msgpack.decode(received.event.body, type=Ask)
        await self._audit.add(connection, received.house, received.device, "asked.later", _metadata(ask))

    async def applied(self, received: Sequence[Received]) -> None:
        """After the commit."""
        await self._applier.applied(received)


def _metadata(ask: Ask) -> Mapping[str, str | int | Sequence[str]]:
    return {
        "id": ask.id[:_LONGEST],
        "language": ask.language[:_LONGEST],
        "characters": len(ask.question),
        "history": len(ask.history),
        "state": len(ask.state),
        "tools": [tool.name[:_LONGEST] for tool in ask.tools[:16]],
    }


def _about(answer: Answer) -> Mapping[str, str | int | bool]:
    return {
        "id": answer.id[:_LONGEST],
        "finish": answer.finish,
        "code": answer.code,
        "model": answer.model[:_LONGEST],
        "tokens_in": answer.tokens_in,
        "tokens_out": answer.tokens_out,
        "cached": answer.cached,
    }
