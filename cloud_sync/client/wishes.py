"""What the device's session is told, and what it wants done: it does no I/O itself."""

from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from cloud_sync.protocol.messages import Answer, Call, Changes, Delta, Receipt, Refused, Welcome


@dataclass(frozen=True, slots=True)
class Position:
    """How far this device is."""

    device: str
    incarnation: str
    last_seq: int = 0
    """The greatest number that it has given."""
    cursor: int = 0
    epoch: str = ""
    time_ms: int = 0
    allowed: tuple[str, ...] = ()
    """What something may leave the house for."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some events, each covering the next numbers; empty: there are some, and none that fits."""

    items: tuple[msgspec.Raw, ...]
    last: int
    """The number of the last of them."""
    size: int
    """Bytes."""


# -- wishes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Find out from ``welcome`` where to go on, then call :meth:`Session.begin`, or :meth:`Session.forked`."""

    welcome: Welcome


@dataclass(frozen=True, slots=True)
class Load:
    """Read the events after number ``after``, at most ``room`` bytes of them, then call :meth:`Session.loaded`."""

    after: int
    room: int
    alone: bool
    """Nothing is on the way: one event goes in any case, also where it is larger than ``room``."""


@dataclass(frozen=True, slots=True)
class Acked:
    """Every event up to ``seq`` is in the bridge's store, and up to ``watermark`` in its backup."""

    seq: int
    watermark: int


@dataclass(frozen=True, slots=True)
class Apply:
    """Apply the page and keep its cursor, in one transaction, then call :meth:`Session.applied`."""

    page: Changes


@dataclass(frozen=True, slots=True)
class Deliver:
    """For whoever asked; where nobody listens, an Answer is kept."""

    message: Delta | Call | Answer


@dataclass(frozen=True, slots=True)
class Keep:
    """To be kept: the bridge says it once."""

    message: Receipt


@dataclass(frozen=True, slots=True)
class PutAside:
    """The bridge can't apply that event; it has it, and those after it flow."""

    refused: Refused


@dataclass(frozen=True, slots=True)
class BridgeTime:
    """What the bridge's clock shows, milliseconds since the epoch, not older than ``age_s``."""

    ms: int
    age_s: float


@dataclass(frozen=True, slots=True)
class Token:
    """For requests over HTTP."""

    token: str
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Fork:
    """Another disk has told other events under this incarnation: a new one is due before the next connection."""


@dataclass(frozen=True, slots=True)
class Ended:
    """It is over, once :meth:`Session.outgoing` gives nothing more."""

    code: str
    """A :class:`Code`, ``LOST``, or what the link found wrong before the first word; empty: in peace."""
    message: str = ""
    permanent: bool = False
    """Trying again can't help until a person has seen to it."""
    retry_after_s: float = 0.0


Wish: TypeAlias = Place | Load | Acked | Apply | Deliver | Keep | PutAside | BridgeTime | Token | Fork | Ended
