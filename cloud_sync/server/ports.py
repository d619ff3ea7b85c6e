"""What the bridge's parts are to one another: seams without code."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_sync.protocol.erasure import Wanted
from cloud_sync.protocol.errors import Code
from cloud_sync.protocol.event import Event
from cloud_sync.protocol.messages import Answer, Ask, Call, Called, Delta, Error, Hello, Receipt


@dataclass(frozen=True, slots=True)
class Identity:
    """A device that the bridge knows."""

    device: str
    house: str
    public_key: bytes
    """Ed25519, 32 bytes."""
    role: str = "device"
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """For requests over HTTP."""

    token: str = ""
    expires_ms: int = 0


class Devices(Protocol):
    """Who is who."""

    async def known(self, devices: Sequence[str]) -> Sequence[Identity | None]:
        """Of each, in order; None: nobody has enrolled it. Many are asked for at once when many come at once."""

    async def admitted(self, arrivals: Sequence[tuple[Identity, Hello]]) -> Sequence[Token]:
        """They have proved who they are and are welcomed now: what each gets for its requests over HTTP, and a line
        in the audit log.
        """

    async def renewed(self, identities: Sequence[Identity]) -> Sequence[Token]:
        """They are still there: another token for each, before its last one expires."""

    async def refused(self, device: str, code: Code) -> None:
        """It was not let in: a line in the audit log."""


@dataclass(frozen=True, slots=True)
class Received:
    """One event in the transaction that takes it in."""

    house: str
    device: str
    incarnation: str
    event: Event
    clock: int
    """The stamp that counts."""
    received_ms: int


class CannotApply(Exception):
    """The event is kept aside; those after it flow."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class Applier(Protocol):
    """What happens, beside being kept, with events of a kind (a question is queued, a consent recorded)."""

    async def apply(self, connection: AsyncConnection, received: Received) -> None:
        """In the transaction that takes the event in, under the lock of its device: both happen or none.

        Raises CannotApply; what was written is undone then, the event alone is kept aside.
        """

    async def applied(self, received: Sequence[Received]) -> None:
        """After the commit: what need not be a part of it (wake a worker). May be left out by a crash."""


class Gate(Protocol):
    """What may not come in at all, of whole batches, before any of it is written."""

    async def refusals(self, connection: AsyncConnection, received: Sequence[Received]) -> Sequence[CannotApply | None]:
        """Of each, in order, why it is not kept (only that there was something is); None where it is. In the
        transaction that takes them in, under the locks of their devices.
        """

    async def met(self, connection: AsyncConnection, house: str, device: str, allowed: Sequence[str]) -> None:
        """A device comes that this store has not met, with what it may send by its own word; in a transaction of its
        house. What it says later counts more.
        """


class Forgets(Protocol):
    """A part of the bridge that keeps something of what was said, in tables of its own."""

    async def forget(self, connection: AsyncConnection, wanted: Wanted) -> int:
        """Erase what that is about, in the transaction that takes it in. Returns how many rows had content."""


class Receipts(Protocol):
    """Proofs of what was erased."""

    async def waiting(self, connection: AsyncConnection, houses: Sequence[str], devices: Sequence[str]) -> set[str]:
        """Those of ``devices`` of these ``houses`` for which something is kept, in a transaction of the houses: many
        are asked for at once when many connect.
        """

    async def untaken(self, house: str, device: str) -> Sequence[Receipt]:
        """Those that the device has not taken yet, oldest first."""

    async def taken(self, house: str, device: str, id_: str) -> bool:
        """The device keeps that one itself now. False: that is none of its receipts."""


class Heavy(Protocol):
    """Answers what is too heavy for a board."""

    def ask(self, house: str, device: str, ask: Ask) -> AsyncIterator[Delta | Call | Answer | Error]:
        """Everything that is said to ``ask``, in order; an answer comes last, and is kept until it is taken. The
        question goes on when the connection is lost.
        """

    async def called(self, house: str, device: str, called: Called) -> bool:
        """What the device did. False: nobody here waits for it; another worker may."""

    async def cancel(self, house: str, device: str, id_: str) -> bool:
        """Nobody listens any more. False: it is not answered here."""

    async def taken(self, house: str, device: str, id_: str) -> None:
        """The device keeps the answer itself now."""

    async def waiting(self, connection: AsyncConnection, houses: Sequence[str], devices: Sequence[str]) -> set[str]:
        """Those of ``devices`` of these ``houses`` for which something is kept, in a transaction of the houses: many
        are asked for at once when many connect.
        """

    async def kept(self, house: str, device: str) -> Sequence[Answer | Receipt]:
        """What the device has not taken yet: it is sent when it connects."""
