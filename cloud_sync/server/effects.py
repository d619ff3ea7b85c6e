"""What a session (:class:`cloud_sync.server.session.Session`) wants done, and what it is told became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from cloud_sync.protocol.errors import Code
from cloud_sync.protocol.event import Event
from cloud_sync.protocol.messages import Ask, Called, Cancel, Error, FromServer, Hello, Refused, Taken
from cloud_sync.server.ports import Identity

Forwarded: TypeAlias = Ask | Called | Taken | Cancel

# -- effects -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Say:
    """Send this."""

    message: FromServer


@dataclass(frozen=True, slots=True)
class Identify:
    """Who is that? Answer: :meth:`Session.identified`."""

    device: str


@dataclass(frozen=True, slots=True)
class Admit:
    """It is who it says it is: how far is the store? Answer: :meth:`Session.admitted`."""

    identity: Identity
    hello: Hello


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive events of one incarnation of a device."""

    house: str
    device: str
    incarnation: str
    events: tuple[Event, ...]
    raw: tuple[bytes, ...]
    """The same, as they came."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Commit this. Answer: :meth:`Session.kept`; until then there is no other."""

    batch: Batch


@dataclass(frozen=True, slots=True)
class Fetch:
    """Read a page of changes. Answer: :meth:`Session.fetched`; until then there is no other."""

    house: str
    device: str
    cursor: int
    limit: int
    snapshot: bool
    """A snapshot is under way, and goes on after ``cursor``."""


@dataclass(frozen=True, slots=True)
class Forward:
    """For who answers heavy questions."""

    message: Forwarded


@dataclass(frozen=True, slots=True)
class End:
    """Close the connection. Nothing comes after it."""

    code: Code | None
    """None: in peace."""


Effect: TypeAlias = Say | Identify | Admit | Keep | Fetch | Forward | End
Effects: TypeAlias = list[Effect]


# -- what was asked for --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the store is with one incarnation of a device."""

    epoch: str
    acked: int = 0
    acked_id: bytes = b""
    watermark: int = 0
    cursor: int = 0
    """The last number of the house's changes."""
    flags: Mapping[str, float] = field(default_factory=dict)
    """What is being let out in the house, in percent of its devices."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a batch."""

    acked: int
    watermark: int = 0
    refused: tuple[Refused, ...] = ()
    """Events that are kept aside."""
    error: Error | None = None
    """Why it was not taken; then all of it was not."""
