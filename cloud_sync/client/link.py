"""One connection to the bridge over a WebSocket: drives a :class:`cloud_sync.client.session.Session`."""

import logging
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version
from random import SystemRandom
from typing import Final

import anyio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, WebSocketException

from cloud_sync.client.session import LOST, Session, Sign
from cloud_sync.client.store import Store
from cloud_sync.client.wishes import (
    Acked,
    Apply,
    BridgeTime,
    Deliver,
    Ended,
    Fork,
    Keep,
    Load,
    Place,
    PutAside,
    Token,
    Wish,
)
from cloud_sync.protocol.errors import Code
from cloud_sync.protocol.frames import MAX_FRAME
from cloud_sync.protocol.messages import Answer, Ask, Call, Called, Cancel, Delta, Taken

_log = logging.getLogger(__name__)
PATH: Final = "/v1/sync"
"""Of the WebSocket, behind the bridge's address."""
OPEN_S: Final = 20.0
"""How long TCP, TLS and the upgrade may take."""
_CLOSE_S: Final = 1.0
_UNSENT: Final = 16 * 1024
"""Bytes that may lie in the machine's buffers: what is small must not wait behind more than that."""
_SERVICE_UNAVAILABLE: Final = range(500, 600)


class Link:
    """One attempt, and the connection that may come of it."""

    def __init__(
        self,
        store: Store,
        sign: Sign,
        *,
        deliver: Callable[[Delta | Call | Answer], Awaitable[None]],
        changed: Callable[[], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """``deliver`` takes what comes for whoever asked; ``changed`` is called when the link is up."""
        self._store, self._sign, self._deliver, self._changed, self._now = store, sign, deliver, changed, now
        self._session: Session | None = None
        self._wake = anyio.Event()
        self._writable = anyio.Event()
        self._heeded = anyio.Event()
        self._ended = Ended("")
        self.token: Token | None = None
        """For requests over HTTP, as long as the connection is up."""
        self.flags: Mapping[str, float] = {}
        """What the bridge lets out, in percent of the devices."""

    @property
    def live(self) -> bool:
        """Whether questions can be asked."""
        return self._session is not None and self._session.live

    @property
    def session(self) -> Session | None:
        """The one that is under way."""
        return self._session

    async def run(self, url: str, context: ssl.SSLContext | None) -> Ended:
        """Returns when it is over, and why. ``url``: ``wss://host:port``. Raises StorageError."""
        connection: ClientConnection | None = None
        try:
            async with connect(
                f"{url}{PATH}",
                ssl=context,
                compression=None,
                max_size=MAX_FRAME + 1,
                ping_interval=None,
                open_timeout=OPEN_S,
                close_timeout=_CLOSE_S,
                write_limit=_UNSENT,
                user_agent_header=None,
            ) as connection:
                _keep_buffers_short(connection)
                return await self._talk(connection)
        except ssl.SSLCertVerificationError as error:
            # Not for good: on a board without a clock every certificate is of the future, until it knows the time.
            return Ended("certificate", f"{error.verify_message}: see to cloud.ca_file, and to this machine's clock")
        except TimeoutError:
            return Ended(Code.TIMEOUT, "the bridge does not answer")
        except InvalidStatus as error:
            return _refused(error)
        except (OSError, InvalidHandshake, WebSocketException) as error:
            return Ended("unreachable", str(error))
        finally:
            self._session = None
            if connection is not None:
                # Whoever is cancelled, or talked to without end, does not come to the end of a closing handshake.
                connection.transport.abort()

    def look(self) -> None:
        """There may be new events."""
        if self._session is not None:
            self._session.look(self._now())
            self._wake.set()

    def say(self, message: Ask | Called | Taken | Cancel) -> bool:
        """Have that told. False where there is nobody to tell it to."""
        told = self._session is not None and self._session.say(message)
        self._wake.set()
        return told

    def leave(self, reason: str) -> None:
        """End it in peace."""
        if self._session is not None:
            self._session.leave(reason)
            self._wake.set()

    async def _talk(self, connection: ClientConnection) -> Ended:
        here = await self._store.position()
        session = self._session = Session(
            here,
            self._sign,
            self._now(),
            random=SystemRandom().random,
            software=f"hearthside {version('hearthside')}",
        )
        self._ended = Ended(LOST, "the connection was cut")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._read, connection, session)
            tasks.start_soon(self._write, connection, session)
            if await self._drive(session):
                # What is still to be said gets a moment; a link that is dead does not get more.
                with anyio.move_on_after(_CLOSE_S):
                    await self._flush(connection, session)
            tasks.cancel_scope.cancel()
        return self._ended

    async def _read(self, connection: ClientConnection, session: Session) -> None:
        try:
            async for frame in connection:
                session.receive(frame if isinstance(frame, bytes) else frame.encode(), self._now())
                self._wake.set()
                if session.has_wishes:
                    # A bridge that says more than the disk takes waits, and not in our memory.
                    await self._heeded.wait()
        except ConnectionClosed as error:
            _log.debug("the connection ended: %s", error)
        session.lost(self._now())
        self._wake.set()

    async def _write(self, connection: ClientConnection, session: Session) -> None:
        try:
            while True:
                while (frame := session.outgoing()) is not None:
                    await connection.send(frame)
                    # The next batch may be read while this one is on its way.
                    self._wake.set()
                await self._writable.wait()
                self._writable = anyio.Event()
        except ConnectionClosed:
            pass  # the reader notices it, too

    async def _flush(self, connection: ClientConnection, session: Session) -> None:
        try:
            while (frame := session.outgoing()) is not None:
                await connection.send(frame)
            await connection.close()
        except ConnectionClosed:
            pass

    async def _drive(self, session: Session) -> bool:
        """Carries out what the session wishes. Returns whether there is still somebody to say goodbye to."""
        while True:
            for wish in session.wishes():
                if isinstance(wish, Ended):
                    self._ended = wish
                    return wish.code != LOST
                await self._fulfil(session, wish)
            self._writable.set()
            if session.has_wishes:
                continue
            self._heeded.set()
            self._heeded = anyio.Event()
            with anyio.move_on_after(max(0.0, session.deadline() - self._now())):
                await self._wake.wait()
            self._wake = anyio.Event()
            session.advance(self._now())

    async def _fulfil(self, session: Session, wish: Wish) -> None:
        match wish:
            case Place():
                await self._place(session, wish)
            case Load():
                session.loaded(wish.after, await self._store.load(wish), self._now())
                if not session.wants and await self._store.shares():
                    session.want(self._now())
            case Acked():
                await self._store.acknowledged(wish)
            case Apply():
                is_taken = await self._store.apply(wish.page)
                session.applied(wish.page.cursor if is_taken else None, self._now())
                # What a restored bridge has lost is told again.
                session.look(self._now())
            case Deliver():
                await self._deliver(wish.message)
            case Keep():
                if await self._store.keep_receipt(wish.message):
                    session.say(Taken(id=wish.message.id))
            case PutAside():
                await self._store.put_aside(wish.refused)
            case BridgeTime():
                await self._store.learn_time(wish.ms)
            case Token():
                self.token = wish
            case Fork():
                await self._store.mint()

    async def _place(self, session: Session, wish: Place) -> None:
        after = await self._store.place(wish.welcome)
        if after is None:
            session.forked()
            return
        here = await self._store.position()
        session.begin(after, here.cursor, self._now())
        self.flags = wish.welcome.flags
        self._changed()


def _refused(error: InvalidStatus) -> Ended:
    response = error.response
    after = response.headers.get("Retry-After", "")
    retry = float(after) if after.isdigit() else 0.0
    passing = response.status_code in _SERVICE_UNAVAILABLE
    return Ended(
        "unreachable", f"the bridge answers {response.status_code}", permanent=not passing, retry_after_s=retry
    )


def _keep_buffers_short(connection: ClientConnection) -> None:
    raw = connection.transport.get_extra_info("socket")
    if raw is not None and raw.family in (socket.AF_INET, socket.AF_INET6):
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT)
