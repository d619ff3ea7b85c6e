"""What the bridge says to one device, without I/O: frames and outcomes go in, effects come out.

The effects are to be performed in their order. Those that ask for something (:class:`Identify`, :class:`Admit`,
:class:`Keep`, :class:`Fetch`) are answered by calling the method that they name, whenever it is known; in the
meantime other frames may come in.
"""

from enum import Enum, auto
from typing import Final

import msgspec

from cloud_sync.protocol.errors import Code, ProtocolError
from cloud_sync.protocol.event import Event, Kind, check, decode
from cloud_sync.protocol.frames import Codec
from cloud_sync.protocol.keys import verify
from cloud_sync.protocol.messages import (
    BATCH_BYTES,
    DEAD_S,
    VERSIONS,
    Ack,
    Ask,
    Bye,
    Called,
    Cancel,
    Challenge,
    Changes,
    Error,
    Events,
    FromDevice,
    FromServer,
    Hello,
    Nudge,
    Ping,
    Pong,
    Pull,
    Renewed,
    Taken,
    Welcome,
)
from cloud_sync.server.effects import (
    Admit,
    Batch,
    Effects,
    End,
    Fetch,
    Forward,
    Identify,
    Keep,
    Kept,
    Say,
    Standing,
)
from cloud_sync.server.ports import Identity, Token

HELLO_S: Final = 10.0
"""A device that has not said who it is after so long is not waited for."""
HELLO_BYTES: Final = 4 * 1024
"""Nobody who is not known yet may send more at once."""
WINDOW: Final = 256 * 1024
"""Bytes of events that a device may have on the way."""
PAGE: Final = 1_000
"""Changes in a page, at most."""
_MAX_NUMBER: Final = 2**62
_MAX_NAME: Final = 64
_PERMANENT: Final = frozenset({Code.VERSION, Code.UNKNOWN_DEVICE, Code.REVOKED, Code.WRONG_HOUSE, Code.BAD_SIGNATURE})
"""Trying again would not help."""
_ENDING: Final = _PERMANENT | {Code.FORK, Code.INTERNAL, Code.BUSY}
"""Nothing more of that incarnation can be taken on this connection."""


class _State(Enum):
    GREETING = auto()
    """Waits for the device's hello."""
    ADMITTING = auto()
    """Waits for our own answer about it."""
    OPEN = auto()
    ENDED = auto()


class Session:
    """One connection of a device, from the challenge to the end."""

    __slots__ = (
        "_codec",
        "_fetching",
        "_flying",
        "_heard",
        "_hello",
        "_identity",
        "_keeping",
        "_next",
        "_nonce",
        "_pull",
        "_server",
        "_snapshot",
        "_state",
        "_told",
        "_waiting",
    )

    def __init__(self, codec: Codec[FromDevice], server: str, nonce: bytes, now: float) -> None:
        """``server``: the bridge's id; ``nonce``: 32 random bytes, never used before; ``now``: seconds of any clock
        that does not go back, like each ``now`` below.
        """
        self._codec, self._server, self._nonce = codec, server, nonce
        self._state = _State.GREETING
        self._heard = now
        self._hello: Hello | None = None
        self._identity: Identity | None = None
        self._next = 0
        self._keeping = False
        self._waiting: list[tuple[Event, bytes]] = []
        self._flying = 0
        self._fetching = False
        self._pull: Pull | None = None
        self._snapshot = -1
        self._told = 0

    @property
    def identity(self) -> Identity | None:
        """Who it is; None before it has proved it."""
        return self._identity if self._state is _State.OPEN else None

    @property
    def proved(self) -> Identity | None:
        """The same, and still after the end."""
        return self._identity

    @property
    def device(self) -> str:
        """Who it says it is; empty before it has."""
        return self._hello.device if self._hello is not None else ""

    @property
    def incarnation(self) -> str:
        """Which of the device's databases speaks; empty before it has said."""
        return self._hello.incarnation if self._hello is not None else ""

    @property
    def has_ended(self) -> bool:
        """Nothing is said any more."""
        return self._state is _State.ENDED

    def opened(self, time_ms: int) -> Effects:
        """The connection is there. ``time_ms``: milliseconds since the epoch."""
        return [Say(Challenge(server=self._server, nonce=self._nonce, versions=VERSIONS, time_ms=time_ms))]

    def received(self, frame: bytes, now: float, time_ms: int) -> Effects:
        """A frame came in."""
        if self._state is _State.ENDED:
            return []
        self._heard = now
        try:
            return self._take(self._decoded(frame), time_ms)
        except ProtocolError as error:
            return self._refuse(error.code, error.message)

    def tick(self, now: float) -> Effects:
        """Time passes; to be called every few seconds."""
        if self._state is _State.ENDED:
            return []
        limit = HELLO_S if self._state is _State.GREETING else DEAD_S
        if now - self._heard >= limit:
            return self._refuse(Code.TIMEOUT, f"nothing was heard for {limit:g} s")
        return []

    # -- answers to effects ----------------------------------------------------------------------------------------

    def identified(self, identity: Identity | None) -> Effects:
        """Who it says it is; None: nobody is known by that name."""
        if self._state is not _State.ADMITTING or self._hello is None:
            return []
        hello = self._hello
        if identity is None:
            return self._refuse(Code.UNKNOWN_DEVICE, "no such device is enrolled here")
        if identity.revoked:
            return self._refuse(Code.REVOKED, "this device may not come in any more")
        try:
            verify(identity.public_key, hello.signature, self._server, self._nonce, hello.device, hello.incarnation)
        except ProtocolError as error:
            return self._refuse(error.code, error.message)
        self._identity = identity
        return [Admit(identity, hello)]

    def admitted(self, standing: Standing, token: Token, splay_s: float, time_ms: int) -> Effects:
        """The store's answer; ``splay_s``: over how long the devices that come now begin to send."""
        if self._state is not _State.ADMITTING or self._hello is None or self._identity is None:
            return []
        self._state = _State.OPEN
        self._next = standing.acked + 1
        welcome = Welcome(
            version=min(VERSIONS[1], self._hello.versions[1]),
            epoch=standing.epoch,
            house=self._identity.house,
            acked=standing.acked,
            acked_id=standing.acked_id,
            watermark=standing.watermark,
            window=WINDOW,
            splay_s=splay_s,
            time_ms=time_ms,
            token=token.token,
            token_expires_ms=token.expires_ms,
            flags=dict(standing.flags),
        )
        behind = self._hello.epoch != standing.epoch or self._hello.cursor < standing.cursor
        return [Say(welcome), *(self.nudged(standing.cursor) if behind else [])]

    def kept(self, kept: Kept) -> Effects:
        """What became of the batch."""
        self._keeping = False
        if self._state is not _State.OPEN:
            return []
        if kept.error is not None:
            # What came after it can't be contiguous: the device sends it again.
            self._waiting, self._flying, self._next = [], 0, kept.acked + 1
            code = Code(kept.error.code)
            error = msgspec.structs.replace(kept.error, permanent=code in _PERMANENT)
            return [Say(error), *([self._end(code)] if code in _ENDING else [])]
        said: Effects = [Say(refused) for refused in kept.refused]
        said.append(Say(Ack(seq=kept.acked, watermark=kept.watermark)))
        self._flying = sum(len(raw) for _, raw in self._waiting)
        return [*said, *self._keep()]

    def fetched(self, page: Changes) -> Effects:
        """The page of changes."""
        self._fetching = False
        if self._state is not _State.OPEN:
            return []
        self._snapshot = page.cursor if page.snapshot and page.more else -1
        self._told = max(self._told, page.cursor)
        said: Effects = [Say(page)]
        if self._pull is not None:
            pull, self._pull = self._pull, None
            said += self._fetch(pull)
        return said

    def failed(self, code: Code, message: str, retry_after_s: float) -> Effects:
        """What was asked for can't be had now: the device shall come again."""
        if self._state is _State.ENDED:
            return []
        return [Say(Error(code=code, message=message, retry_after_s=retry_after_s)), self._end(code)]

    # -- what happens on our side ----------------------------------------------------------------------------------

    def nudged(self, cursor: int) -> Effects:
        """There are changes up to ``cursor``."""
        if self._state is not _State.OPEN or cursor <= self._told:
            return []
        self._told = cursor
        return [Say(Nudge(cursor=cursor))]

    def told(self, message: FromServer) -> Effects:
        """Something that another part has to say: of an answer, or a receipt."""
        return [Say(message)] if self._state is _State.OPEN else []

    def renewed(self, token: Token) -> Effects:
        """Its token for HTTP would expire soon."""
        return self.told(Renewed(token=token.token, token_expires_ms=token.expires_ms))

    def revoked(self) -> Effects:
        """It may not come in any more, from now on."""
        return [] if self._state is _State.ENDED else self._refuse(Code.REVOKED, "this device may not come in any more")

    def bye(self, reason: str, retry_after_s: float = 0.0) -> Effects:
        """We go, or want it to go."""
        if self._state is _State.ENDED:
            return []
        return [Say(Bye(reason=reason, retry_after_s=retry_after_s)), self._end(None)]

    # -- inside ----------------------------------------------------------------------------------------------------

    def _decoded(self, frame: bytes) -> FromDevice:
        if self._state is not _State.OPEN and len(frame) > HELLO_BYTES:
            raise ProtocolError(Code.TOO_LARGE, "so much before it is known who says it")
        return self._codec.decode(frame)

    def _take(self, message: FromDevice, time_ms: int) -> Effects:
        match message, self._state:
            case Hello(), _State.GREETING:
                return self._greet(message)
            case Ping(), _State.ADMITTING | _State.OPEN:
                return [Say(Pong(n=message.n, time_ms=time_ms))]
            case Bye(), _:
                return [self._end(None)]
            case Events(), _State.OPEN:
                return self._events(message)
            case Pull(), _State.OPEN:
                return self._fetch(message)
            case ((Ask() | Called() | Taken() | Cancel()), _State.OPEN):
                return [Forward(message)]
        raise ProtocolError(Code.MALFORMED, f"{type(message).__name__.lower()} is not expected now")

    def _greet(self, hello: Hello) -> Effects:
        for name in (hello.device, hello.incarnation):
            if not (0 < len(name) <= _MAX_NAME and name.isascii() and name.isprintable()):
                raise ProtocolError(Code.MALFORMED, "a device and an incarnation have a short name of ASCII")
        if hello.versions[0] > VERSIONS[1] or hello.versions[1] < VERSIONS[0]:
            raise ProtocolError(Code.VERSION, f"versions {VERSIONS[0]} to {VERSIONS[1]} are spoken here")
        self._hello, self._state = hello, _State.ADMITTING
        return [Identify(hello.device)]

    def _events(self, message: Events) -> Effects:
        identity, incarnation = self._identity, self.incarnation
        assert identity is not None
        if not message.items:
            return []
        taken, following = [], None
        for item in message.items:
            one = decode(item)
            _plausible(one)
            if following is not None and one.first != following:
                raise ProtocolError(Code.MALFORMED, f"event {one.seq} does not follow {following - 1}")
            check(identity.device, incarnation, one)
            following = one.seq + 1
            taken.append((one, bytes(item)))
        if taken[0][0].first > self._next:
            gap = f"events {self._next} to {taken[0][0].first - 1} are missing"
            return [Say(Error(code=Code.GAP, message=gap, expected=self._next))]
        self._flying += sum(len(raw) for _, raw in taken)
        if self._flying > WINDOW + BATCH_BYTES:
            raise ProtocolError(Code.TOO_LARGE, "more is on the way than the window allows")
        # What comes again, comes after what is on its way already.
        self._next = max(self._next, taken[-1][0].seq + 1)
        self._waiting += taken
        return self._keep()

    def _keep(self) -> Effects:
        if self._keeping or not self._waiting or self._identity is None:
            return []
        self._keeping = True
        events, raw = zip(*self._waiting, strict=True)
        self._waiting = []
        return [Keep(Batch(self._identity.house, self._identity.device, self.incarnation, events, raw))]

    def _fetch(self, pull: Pull) -> Effects:
        if self._identity is None:
            return []
        if not 0 <= pull.cursor < _MAX_NUMBER or pull.limit < 1:
            raise ProtocolError(Code.MALFORMED, "a cursor that was never given, or a page of nothing")
        if self._fetching:
            self._pull = pull
            return []
        self._fetching = True
        going_on = pull.cursor == self._snapshot
        limit = min(pull.limit, PAGE)
        return [Fetch(self._identity.house, self._identity.device, pull.cursor, limit, snapshot=going_on)]

    def _refuse(self, code: Code, message: str) -> Effects:
        return [Say(Error(code=code, message=message, permanent=code in _PERMANENT)), self._end(code)]

    def _end(self, code: Code | None) -> End:
        self._state = _State.ENDED
        self._waiting, self._pull = [], None
        return End(code)


def _plausible(one: Event) -> None:
    """Raises ProtocolError when the store could not hold it, or nothing sane could have written it."""
    if not 0 < one.first <= one.seq < _MAX_NUMBER or not 0 <= one.clock < _MAX_NUMBER:
        raise ProtocolError(Code.MALFORMED, "an event with an impossible number or stamp")
    if one.covers != 1 and one.kind != Kind.GAP:
        raise ProtocolError(Code.MALFORMED, "an event that stands for several and is no gap")
    if len(one.id) != 16 or not (0 < len(one.kind) <= _MAX_NAME and one.kind.isascii() and one.kind.isprintable()):  # noqa: PLR2004
        raise ProtocolError(Code.MALFORMED, "an event without an id of 16 bytes or a kind with a short name")
