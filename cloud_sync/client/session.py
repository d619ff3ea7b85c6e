"""One connection to the bridge as the device sees it, without any I/O: frames and moments in, frames and wishes out.

Whoever drives it (:mod:`cloud_sync.client.link`) feeds what came in and what time it is, sends what
:meth:`Session.outgoing` gives, and carries out the wishes that :meth:`Session.wishes` gives: read events, keep an
acknowledgement, apply a page of changes. Times are seconds of any clock that never goes back.
"""

from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from math import inf
from typing import Final, TypeAlias

from cloud_sync.client.plausible import checked
from cloud_sync.client.send_window import SendWindow
from cloud_sync.client.wishes import (
    Apply,
    Batch,
    BridgeTime,
    Deliver,
    Ended,
    Fork,
    Keep,
    Place,
    Position,
    PutAside,
    Token,
    Wish,
)
from cloud_sync.protocol.errors import Code, ProtocolError
from cloud_sync.protocol.frames import Codec, device_codec
from cloud_sync.protocol.messages import (
    DEAD_S,
    PING_S,
    VERSIONS,
    Ack,
    Answer,
    Ask,
    Bye,
    Call,
    Called,
    Cancel,
    Challenge,
    Changes,
    Delta,
    Error,
    FromDevice,
    FromServer,
    Hello,
    Nudge,
    Ping,
    Pong,
    Pull,
    Receipt,
    Refused,
    Renewed,
    Taken,
    Welcome,
)

UNANSWERED_S: Final = 120.0
"""A bridge that answers pings, but for so long neither acknowledges nor gives what was asked for, is ill."""
LOST: Final = "lost"
"""How a connection ended that was cut: there is nobody to say goodbye to."""
_SHORT_PAUSE_S: Final = 1.0
_PAGES: Final = 200
"""That may be pulled at once; after that one a second: each is a write, for which the assistant's own have to wait."""

Sign: TypeAlias = Callable[[str, bytes, str, str], bytes]
"""The signature for (server, nonce, device, incarnation). Raises ProtocolError where it is not the known bridge."""


class State(Enum):
    """How far the greeting is."""

    EXPECTED = auto()
    """The bridge has the first word."""
    GREETED = auto()
    """Hello was said."""
    PLACING = auto()
    """The bridge is there; it is being looked up what it lacks."""
    LIVE = auto()
    CLOSED = auto()


class Session:
    """One connection, from its first byte to its last."""

    def __init__(
        self,
        here: Position,
        sign: Sign,
        now: float,
        *,
        random: Callable[[], float],
        software: str = "",
        versions: tuple[int, int] = VERSIONS,
    ) -> None:
        """``random``: a number from 0 to 1, for the splay."""
        self.state = State.EXPECTED
        self.cursor = here.cursor
        self._here, self._sign, self._random = here, sign, random
        self._software, self._versions = software, versions
        self._codec: Codec[FromServer] = device_codec()
        self._wishes: list[Wish] = []
        self._urgent: deque[FromDevice] = deque()
        self._heard_at = now
        self._ping_at = now + PING_S
        self._ping, self._ping_sent, self._ponged = 0, now, False
        self._window = SendWindow(now)
        # -- changes down
        self._known, self._pulled_at = 0, now
        """Up to which there are changes, as far as is known here."""
        self._pulling, self._applying, self._applying_more = False, False, False
        self._pages_until, self._pull_at = now, inf
        """So far into the future pages were pulled already, at one a second; when the next is due that had to wait."""
        self.wants = True
        """Whether changes are to be pulled."""

    # -- what the driver asks ----------------------------------------------------------------------------------------

    @property
    def live(self) -> bool:
        """Whether questions can be asked."""
        return self.state is State.LIVE

    @property
    def idle(self) -> bool:
        """Whether all that there was is acknowledged."""
        return self.live and self._window.idle

    @property
    def acked(self) -> int:
        """Every event up to this number is with the bridge."""
        return self._window.acked

    def wishes(self) -> list[Wish]:
        """What is to be done now, in this order; each is given once."""
        wishes, self._wishes = self._wishes, []
        return wishes

    @property
    def has_wishes(self) -> bool:
        """Whether :meth:`wishes` would give any."""
        return bool(self._wishes)

    def outgoing(self) -> bytes | None:
        """The next frame to send, if there is one: never a batch before something small. Once it is on its way,
        :meth:`advance` may have something to wish.
        """
        if self._urgent:
            return self._codec.encode(self._urgent.popleft())
        batch = self._window.next()
        return self._codec.encode(batch) if batch is not None else None

    def deadline(self) -> float:
        """When :meth:`advance` is to be called, if nothing happens before."""
        dead_at = self._heard_at + DEAD_S
        if self.state is not State.LIVE:
            return dead_at
        return min(dead_at, self._ping_at, self._unanswered_at(), self._window.load_at(), self._pull_at)

    # -- what the driver tells ---------------------------------------------------------------------------------------

    def receive(self, frame: bytes, now: float) -> None:
        """A frame came in."""
        if self.state is State.CLOSED:
            return
        self._heard_at = now
        try:
            self._take(checked(self._codec.decode(frame)), now)
        except ProtocolError as error:
            self._urgent.append(Bye(reason=str(error)))
            self._end(Ended(error.code.value, error.message))
        else:
            self._fill(now)

    def advance(self, now: float) -> None:
        """It is ``now``."""
        if self.state is State.CLOSED:
            return
        if now >= self._heard_at + DEAD_S:
            self._end(Ended(Code.TIMEOUT, "nothing was heard of the bridge"))
            return
        if self.state is not State.LIVE:
            return
        if now >= self._unanswered_at():
            self._end(Ended(Code.TIMEOUT, "the bridge answers pings and nothing else"))
            return
        if now >= self._ping_at:
            self._ping, self._ping_sent, self._ponged = self._ping + 1, now, False
            self._ping_at = now + PING_S
            self._urgent.append(Ping(n=self._ping))
        if now >= self._pull_at:
            self._pull_at = inf
            self._pull(now)
        self._fill(now)

    def lost(self, now: float) -> None:
        """The connection is gone."""
        self._urgent.clear()
        # A bridge that is busy may say so, and then go.
        self._end(Ended(LOST, "the connection was cut", retry_after_s=max(0.0, self._window.paused_until - now)))

    def begin(self, after: int, cursor: int, now: float) -> None:
        """The bridge lacks what comes after number ``after``; its changes up to ``cursor`` are here."""
        if self.state is not State.PLACING:
            return
        self.state = State.LIVE
        self.cursor = cursor
        self._window.begin(after)
        self._ping_at = now + PING_S
        self._pull(now)
        self._fill(now)

    def forked(self) -> None:
        """What the bridge has under this incarnation, another disk has told."""
        self._wishes.append(Fork())
        self._urgent.append(Bye(reason=Code.FORK.value))
        self._end(Ended(Code.FORK, "another disk has told other events under this incarnation"))

    def loaded(self, after: int, batch: Batch | None, now: float) -> None:
        """The events after number ``after`` that were wished for; None: there are none; empty: none that fits."""
        if self.state is State.LIVE:
            self._window.loaded(after, batch, now)
            self._fill(now)

    def look(self, now: float) -> None:
        """There may be new events."""
        self._window.look()
        if self.state is State.LIVE:
            self._fill(now)

    def applied(self, cursor: int | None, now: float) -> None:
        """The page up to ``cursor`` was applied, and the cursor kept; None: it is not wanted now, and nor is any other
        until :meth:`want`.
        """
        more = self._applying_more
        self._applying = False
        if cursor is None:
            self.wants = False
            return
        self.cursor = cursor
        if self.state is State.LIVE and (more or self._known > cursor):
            self._pull(now)

    def want(self, now: float) -> None:
        """Changes are wanted from now on."""
        if not self.wants:
            self.wants = True
            if self.state is State.LIVE:
                self._pull(now)

    def say(self, message: Ask | Called | Taken | Cancel) -> bool:
        """Have that told. False where there is nobody to tell it to."""
        # An answer that comes while it is looked up where to begin is taken then, too.
        if self.state not in (State.PLACING, State.LIVE):
            return False
        self._urgent.append(message)
        return True

    def leave(self, reason: str) -> None:
        """End it in peace."""
        if self.state is not State.CLOSED:
            self._urgent.append(Bye(reason=reason))
            self._end(Ended(""))

    # -- messages ----------------------------------------------------------------------------------------------------

    def _take(self, message: FromServer, now: float) -> None:
        match message:
            case Error():
                self._on_error(message, now)
            case Bye():
                self._end(Ended("", message.reason, retry_after_s=message.retry_after_s))
            case Challenge() if self.state is State.EXPECTED:
                self._on_challenge(message, now)
            case Welcome() if self.state is State.GREETED:
                self._on_welcome(message, now)
            case Nudge() if self.state in (State.GREETED, State.PLACING):
                # The house goes on while it is looked up here where to begin.
                self._known = max(self._known, message.cursor)
            case _ if self.state in (State.LIVE, State.PLACING):
                self._on_live(message, now)
            case _:
                what = type(message).__name__.lower()
                raise ProtocolError(Code.MALFORMED, f"{what} has no place before the greeting is done, or after it")

    def _on_challenge(self, challenge: Challenge, now: float) -> None:
        (oldest, newest), (theirs_oldest, theirs_newest) = self._versions, challenge.versions
        if oldest > theirs_newest or newest < theirs_oldest:
            what = f"this device speaks {oldest} to {newest}, the bridge {theirs_oldest} to {theirs_newest}"
            self._urgent.append(Bye(reason=f"{Code.VERSION.value}: {what}"))
            self._end(Ended(Code.VERSION, what, permanent=True))
            return
        here = self._here
        self._urgent.append(
            Hello(
                device=here.device,
                incarnation=here.incarnation,
                versions=self._versions,
                signature=self._sign(challenge.server, challenge.nonce, here.device, here.incarnation),
                last_seq=here.last_seq,
                cursor=here.cursor,
                epoch=here.epoch,
                time_ms=here.time_ms,
                software=self._software,
                allowed=here.allowed,
            )
        )
        self.state = State.GREETED
        self._ping_sent = now

    def _on_welcome(self, welcome: Welcome, now: float) -> None:
        if not self._versions[0] <= welcome.version <= self._versions[1]:
            raise ProtocolError(Code.VERSION, f"the bridge chose {welcome.version}, which this device does not speak")
        self.state = State.PLACING
        self._window.open(welcome.window, welcome.watermark, now + welcome.splay_s * self._random())
        if welcome.time_ms:
            self._wishes.append(BridgeTime(welcome.time_ms, now - self._ping_sent))
        if welcome.token:
            self._wishes.append(Token(welcome.token, welcome.token_expires_ms))
        self._wishes.append(Place(welcome))

    def _on_live(self, message: FromServer, now: float) -> None:
        match message:
            case Ack():
                if (acked := self._window.acknowledge(message, now)) is not None:
                    self._wishes.append(acked)
            case Refused():
                if self._window.refuse(message.seq):
                    self._wishes.append(PutAside(message))
            case Changes():
                self._on_changes(message)
            case Nudge():
                self._known = max(self._known, message.cursor)
                if self._known > self.cursor:
                    self._pull(now)
            case Delta() | Call() | Answer():
                self._wishes.append(Deliver(message))
            case Receipt():
                self._wishes.append(Keep(message))
            case Pong():
                self._on_pong(message, now)
            case Renewed():
                self._wishes.append(Token(message.token, message.token_expires_ms))
            case _:
                raise ProtocolError(Code.MALFORMED, f"a second {type(message).__name__.lower()}")

    def _on_pong(self, pong: Pong, now: float) -> None:
        if pong.n == self._ping and pong.time_ms and not self._ponged:
            self._ponged = True
            self._wishes.append(BridgeTime(pong.time_ms, now - self._ping_sent))

    def _on_changes(self, page: Changes) -> None:
        if not self._pulling or (page.cursor < self.cursor and not page.snapshot):
            return  # nobody asked for it: it came twice, or late
        self._pulling, self._applying, self._applying_more = False, True, page.more
        self._wishes.append(Apply(page))

    def _on_error(self, error: Error, now: float) -> None:
        live = self.state is State.LIVE
        if error.permanent:
            self._end(Ended(error.code, error.message, permanent=True, retry_after_s=error.retry_after_s))
        elif error.code == Code.FORK:
            self._wishes.append(Fork())
            self._end(Ended(error.code, error.message))
        elif error.code == Code.GAP and live and error.expected > 0 and self._window.go_back(error.expected):
            pass  # what is missing is read and sent again
        elif error.code in (Code.BUSY, Code.QUOTA) and live:
            self._window.paused_until = now + max(error.retry_after_s, _SHORT_PAUSE_S)
        else:
            self._end(Ended(error.code, error.message, retry_after_s=error.retry_after_s))

    # -- what goes out -----------------------------------------------------------------------------------------------

    def _unanswered_at(self) -> float:
        """When the bridge should have answered by."""
        return min(self._window.waits_since, self._pulled_at if self._pulling else inf) + UNANSWERED_S

    def _fill(self, now: float) -> None:
        if self.state is State.LIVE and now >= self._window.load_at():
            self._wishes.append(self._window.load())

    def _pull(self, now: float) -> None:
        if self.wants and not self._pulling and not self._applying:
            if now < self._pages_until - _PAGES:
                self._pull_at = self._pages_until - _PAGES
                return
            self._pages_until, self._pull_at = max(self._pages_until, now) + 1, inf
            self._pulling, self._pulled_at = True, now
            self._urgent.append(Pull(cursor=self.cursor))

    def _end(self, ended: Ended) -> None:
        if self.state is not State.CLOSED:
            self.state = State.CLOSED
            self._window.drop()
            self._wishes.append(ended)
