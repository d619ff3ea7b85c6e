"""One device that is connected: performs what its session wants, and tells it what came of that."""

import secrets
from typing import TYPE_CHECKING, Final, Protocol

from cloud_sync.protocol.errors import Code, ProtocolError
from cloud_sync.protocol.messages import Changes, FromServer
from cloud_sync.server.effects import Admit, Effects, End, Fetch, Forward, Identify, Keep, Kept, Say, Standing
from cloud_sync.server.ports import Identity, Token
from cloud_sync.server.session import Session

if TYPE_CHECKING:
    from cloud_sync.server.admission import Welcomed
    from cloud_sync.server.worker import Worker

_RETRY_S: Final = 5.0


class Link(Protocol):
    """The way to the device. Nothing is waited for: what can't be written yet is kept, and nothing more is read."""

    def send(self, frame: bytes) -> None:
        """Send it, unless the link is down."""

    def greeted(self) -> None:
        """The other end has said who it is; from now on it waits for us."""

    def close(self, code: Code | None) -> None:
        """Once everything is sent. ``code``: why; None: in peace."""


class Connection:
    """From the moment that it is there until it is gone."""

    __slots__ = ("_link", "_worker", "id", "session", "token_expires_ms")

    def __init__(self, worker: "Worker", link: Link) -> None:
        self._worker, self._link = worker, link
        self.id = secrets.token_hex(4)
        self.token_expires_ms = 0
        """Of its token for HTTP; 0: it has none."""
        self.session = Session(worker.codec, worker.server, secrets.token_bytes(32), worker.now())

    def opened(self) -> None:
        """The link is up."""
        self.perform(self.session.opened(self._worker.now_ms()))
        self._worker.arrived(self)

    def received(self, frame: bytes) -> None:
        """A frame came in."""
        self.perform(self.session.received(frame, self._worker.now(), self._worker.now_ms()))

    def lost(self) -> None:
        """The link is down."""
        self._worker.left(self)

    def tick(self) -> None:
        """A second went by."""
        self.perform(self.session.tick(self._worker.now()))

    def tell(self, message: FromServer) -> None:
        """Something that another part has to say."""
        self.perform(self.session.told(message))

    def pass_on(self, frame: bytes) -> None:
        """The same, as another worker has encoded it."""
        if self.session.identity is not None:
            self._link.send(frame)

    def perform(self, effects: Effects) -> None:
        """Do what the session wants."""
        for effect in effects:
            match effect:
                case Say():
                    self._say(effect.message)
                case Identify():
                    self._link.greeted()
                    self._worker.identities.put(effect.device, self._identified)
                case Admit():
                    self._worker.admissions.put((effect.identity, effect.hello), self._admitted)
                case Keep():
                    self._worker.keep(effect.batch, self._kept)
                case Fetch():
                    self._worker.pages.put(effect, self._fetched)
                case Forward():
                    self._worker.forward(self, effect.message)
                case End():
                    self._worker.ended(self, effect.code)
                    self._link.close(effect.code)

    def _say(self, message: FromServer) -> None:
        try:
            self._link.send(self._worker.codec.encode(message))
        except ProtocolError as error:
            self.perform(self.session.failed(error.code, "what was to be said is too large", _RETRY_S))

    def _identified(self, found: "tuple[Identity | None] | None") -> None:
        self.perform(self.session.identified(found[0]) if found is not None else self._unavailable())

    def renew(self, token: Token) -> None:
        """It gets another token, before its last one expires."""
        self.token_expires_ms = token.expires_ms
        self.perform(self.session.renewed(token))

    def _admitted(self, welcomed: "Welcomed | None") -> None:
        if welcomed is None:
            self.perform(self._unavailable())
            return
        standing: Standing = welcomed.standing
        self.token_expires_ms = welcomed.token.expires_ms
        effects = self.session.admitted(standing, welcomed.token, self._worker.splay_s(), self._worker.now_ms())
        self.perform(effects)
        if self.session.identity is not None:
            self._worker.admitted(self, self.session.identity)

    def _kept(self, kept: Kept | None) -> None:
        self.perform(self.session.kept(kept) if kept is not None else self._unavailable())

    def _fetched(self, page: Changes | None) -> None:
        self.perform(self.session.fetched(page) if page is not None else self._unavailable())

    def _unavailable(self) -> Effects:
        return self.session.failed(Code.BUSY, "the store does not answer", _RETRY_S)
