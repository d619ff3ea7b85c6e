"""The messages, as MessagePack maps with a ``type``. Fields that one end does not know are ignored; new ones have a
default, so that neighbouring versions understand each other.

In order: the bridge sends ``challenge``; the device ``hello``; the bridge ``welcome``, or ``error`` and the end. Then::

    device ─ events ─►  bridge        in order of seq, without gaps; as many bytes unacknowledged as ``window`` allows
           ◄─ ack ────                cumulative, after the store has committed
           ─ pull ───►
           ◄─ changes ─               by cursor; a page and its cursor are applied in one transaction
           ◄─ nudge ──                there is something to pull
           ─ ask ────►
           ◄─ delta* ─ answer         in order of ``n``; ``call`` in between asks the device to do something
           ─ taken ──►                the answer is kept: the bridge need not send it again
           ─ ping ───►  ◄─ pong       every 20 s; a link that is silent for 45 s is dead

``error`` that is ``permanent`` ends what was tried until a person sees to it; any other is tried again.
"""

from typing import Final, TypeAlias

import msgspec

VERSIONS: Final = (1, 1)
"""The oldest and the newest version that this program speaks."""
BATCH_BYTES: Final = 64 * 1024
"""At most so many bytes of events in one message, before compression."""
PING_S: Final = 20.0
DEAD_S: Final = 45.0
"""A link on which nothing was heard for so long is taken for dead."""


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=str.lower):
    """Anything that is said."""


# -- greeting ------------------------------------------------------------------------------------------------------


class Challenge(Message, frozen=True):
    """First word of the bridge."""

    server: str
    """The bridge's id: what it was enrolled with."""
    nonce: bytes
    """32 random bytes, to be signed with the device's key: see :func:`cloud_sync.protocol.keys.signed`."""
    versions: tuple[int, int]
    time_ms: int
    """Its clock, milliseconds since the epoch."""


class Hello(Message, frozen=True):
    """Who it is, and how far it is."""

    device: str
    incarnation: str
    versions: tuple[int, int]
    signature: bytes
    last_seq: int
    """The greatest number that it has given."""
    cursor: int = 0
    """Up to which it has the changes of the house, in ``epoch``."""
    epoch: str = ""
    time_ms: int = 0
    software: str = ""
    allowed: tuple[str, ...] = ()
    """The purposes for which something may leave the house now: for a bridge that was never told, or has lost it."""


class Welcome(Message, frozen=True):
    """The bridge knows it."""

    version: int
    epoch: str
    """Another one than before: the store was restored from a backup, and lacks what came after."""
    house: str
    acked: int
    """Every event up to this number is in the store."""
    acked_id: bytes = b""
    """The id of that event: another one than the device knows under that number means a fork."""
    watermark: int = 0
    """Up to this number they are in a backup, too: the device need not keep them."""
    window: int = 256 * 1024
    """Bytes that may be on the way unacknowledged."""
    splay_s: float = 0.0
    """Begin to send after a random part of this time."""
    time_ms: int = 0
    token: str = ""
    """For requests over HTTP."""
    token_expires_ms: int = 0
    flags: dict[str, float] = {}
    """What is being let out by and by, to how many percent of the devices; names that a device does not know say
    nothing to it. Told anew at each greeting."""


class Renewed(Message, frozen=True):
    """A new token, before the old one expires."""

    token: str
    token_expires_ms: int


# -- events up -----------------------------------------------------------------------------------------------------


class Events(Message, frozen=True):
    """Some of what happened: encoded :class:`cloud_sync.protocol.event.Event`, each covering the next numbers."""

    items: tuple[msgspec.Raw, ...]


class Ack(Message, frozen=True):
    """Committed."""

    seq: int
    watermark: int = 0


class Refused(Message, frozen=True):
    """That event can't be applied; it is kept aside, and those after it flow."""

    seq: int
    code: str
    message: str


# -- changes down --------------------------------------------------------------------------------------------------


class Pull(Message, frozen=True):
    """What is new after ``cursor``."""

    cursor: int
    limit: int = 500


class Numbered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One change as the house counts it."""

    n: int
    """Rises by any step."""
    device: str
    incarnation: str
    event: msgspec.Raw
    """As the device wrote it."""
    clock: int
    """The stamp that counts: the event's own, or, where that was too far ahead of the bridge, an earlier one."""


class Changes(Message, frozen=True):
    """A page of changes, in order."""

    items: tuple[Numbered, ...]
    cursor: int
    """To be kept, in the same transaction, once they are applied."""
    more: bool = False
    snapshot: bool = False
    """The cursor was older than what is kept: these pages, to the last, are the whole state instead."""


class Nudge(Message, frozen=True):
    """There are changes up to ``cursor``."""

    cursor: int


# -- heavy questions -----------------------------------------------------------------------------------------------


class Exchanged(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was said before."""

    said: str
    answered: str


class Tool(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that the device may be asked to do; it decides, under its own rules."""

    name: str
    description: str
    parameters: msgspec.Raw
    """JSON Schema of the arguments, as MessagePack."""


class Ask(Message, frozen=True):
    """A question for the larger model. All text is masked already."""

    id: str
    question: str
    language: str = "en"
    history: tuple[Exchanged, ...] = ()
    """Oldest first."""
    state: tuple[str, ...] = ()
    """Facts about the house that may leave it, a line each."""
    tools: tuple[Tool, ...] = ()
    expires_ms: int = 0
    """After that nobody wants to know any more; 0: never."""
    traceparent: str = ""
    """The trace that the answer's making belongs to: see :mod:`cloud_sync.protocol.trace`. Empty: none is made."""


class Delta(Message, frozen=True):
    """A piece of the answer; ``n`` counts from 0."""

    id: str
    n: int
    text: str


class Call(Message, frozen=True):
    """The model wants something done."""

    id: str
    call: str
    name: str
    arguments: msgspec.Raw
    """A MessagePack map."""


class Called(Message, frozen=True):
    """What came of it."""

    id: str
    call: str
    content: str


class Answer(Message, frozen=True):
    """The whole answer. It comes after the deltas, or alone where the device was away."""

    id: str
    text: str
    finish: str = "stop"
    """``stop``: it is whole; ``cut``: what follows is lost; ``refused``, with a ``code``: there is none."""
    code: str = ""
    message: str = ""
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    cached: bool = False


class Taken(Message, frozen=True):
    """The answer is kept on the device."""

    id: str


class Cancel(Message, frozen=True):
    """Nobody listens to the answer any more."""

    id: str


# -- deletion ------------------------------------------------------------------------------------------------------


class Receipt(Message, frozen=True):
    """What an ``erase`` has done, signed by the bridge; without anything of the content."""

    id: str
    """Of the event, hexadecimal."""
    statement: bytes
    """JSON: what was erased, how many, when."""
    signature: bytes


# -- the link itself -----------------------------------------------------------------------------------------------


class Ping(Message, frozen=True):
    """Is anybody there?"""

    n: int


class Pong(Message, frozen=True):
    """Yes."""

    n: int
    time_ms: int = 0


class Error(Message, frozen=True):
    """Something is refused; ``code`` is one of :class:`cloud_sync.protocol.errors.Code`."""

    code: str
    message: str
    permanent: bool = False
    retry_after_s: float = 0.0
    expected: int = 0
    """Of a gap: the number that should come next."""


class Bye(Message, frozen=True):
    """The end, in peace."""

    reason: str = ""
    retry_after_s: float = 0.0


FromDevice: TypeAlias = Hello | Events | Pull | Ask | Called | Taken | Cancel | Ping | Bye
FromServer: TypeAlias = (
    Challenge
    | Welcome
    | Renewed
    | Ack
    | Refused
    | Changes
    | Nudge
    | Delta
    | Call
    | Answer
    | Receipt
    | Pong
    | Error
    | Bye
)
