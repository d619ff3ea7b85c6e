"""``hearth-sync``: holds the link to the bridge for as long as it runs, and sends what waits.

Nothing is written while nothing happens. What the assistant writes is found at once, because it says so through
``sync.sock``, or at the latest after a minute, by SQLite's own count of changes.
"""

import logging
import ssl
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from random import SystemRandom
from typing import Final, Protocol

import anyio
from apsw import Connection

from cloud_sync.client.backoff import Backoff
from cloud_sync.client.compose import End
from cloud_sync.client.counter import Counter
from cloud_sync.client.link import Link
from cloud_sync.client.local import Standing
from cloud_sync.client.network import changes
from cloud_sync.client.store import Store
from cloud_sync.client.wishes import Ended
from cloud_sync.protocol.messages import Answer, Call, Called, Delta, Taken
from edge import flags
from edge.at_rest import DATABASE
from edge.database import Database
from edge.errors import StorageError

_log = logging.getLogger(__name__)
_GLANCE_S: Final = 60.0
"""How often it is looked whether another process has written, which costs a read of shared memory."""
_FAREWELL_S: Final = 1.0
"""How long stopping may wait for the disk."""
_SETTLE_S: Final = 1.0
"""How long a network that has changed gets before it is tried; up to twice as long."""
_NOBODY: Final = "nobody is there to do it any more"


class Credentials(Protocol):
    """Who this device is to the bridge."""

    def sign(self, server: str, nonce: bytes, device: str, incarnation: str) -> bytes:
        """Answer a challenge. Raises ProtocolError where it is not the known bridge."""

    @property
    def public(self) -> bytes:
        """The key that the bridge signs its receipts with."""

    def context(self) -> ssl.SSLContext | None:
        """How the bridge is known; None for ``ws://``. Raises AssistantError."""


class Daemon:
    """Run :meth:`serve`."""

    def __init__(
        self,
        data_dir: Path,
        url: str,
        credentials: Credentials,
        end: End,
        random: Callable[[], float] | None = None,
        network: Callable[[], AsyncGenerator[None, None]] = changes,
    ) -> None:
        """``url``: ``wss://host:port``; ``network``: gives one whenever the network may be back."""
        self._data_dir, self._url, self._credentials = data_dir, url, credentials
        self._database = Database(data_dir / DATABASE, checkpoints=False)
        self._end = end
        self._store = Store(self._database, end.outbox, end, credentials.public)
        self._link = Link(self._store, credentials.sign, deliver=self._deliver, changed=self._linked)
        self._counter = Counter(say=self._link.say, look=self._link.look, now=self._now, standing=self._standing)
        self._random = random or SystemRandom().random
        self._backoff, self._network = Backoff(self._random), network
        self._ended = Ended("")
        self._since_ms = _now_ms()
        self._up_at: float | None = None
        self._next_try = time.monotonic()
        self._hurry = anyio.Event()

    async def serve(self, ready: Callable[[], None]) -> None:
        """Runs until cancelled. ``ready`` is called when it can be asked. Raises AssistantError for what it can't be
        started with.
        """
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._database)
            await self._end.prepare(self._database)
            await self._store.position()
            await stack.enter_async_context(self._counter.open(self._data_dir))
            tasks = await stack.enter_async_context(anyio.create_task_group())
            tasks.start_soon(self._glance)
            tasks.start_soon(self._watch)
            ready()
            try:
                await self._hold()
            finally:
                with anyio.move_on_after(_FAREWELL_S, shield=True):
                    await self._leave()
                tasks.cancel_scope.cancel()

    def status(self) -> str:
        """How the link is, in words."""
        if self._link.live:
            return "linked with the bridge"
        why = " ".join(filter(None, (self._ended.code, self._ended.message)))
        return f"no link to the bridge: {why}" if why else "no link to the bridge yet"

    async def _leave(self) -> None:
        try:
            await self._store.flush()
        except StorageError as error:
            # It is said again at the next greeting.
            _log.warning("what the bridge has can't be written down: %s", error)

    async def _hold(self) -> None:
        """Connect, for ever."""
        while True:
            ended = await self._attempt()
            lasted = 0.0 if self._up_at is None else time.monotonic() - self._up_at
            if self._up_at is not None:
                self._since_ms, self._up_at = _now_ms(), None
            self._tell_why(ended, lasted)
            delay = self._backoff.after(ended, lasted)
            self._next_try = time.monotonic() + delay
            self._counter.announce()
            with anyio.move_on_after(delay):
                await self._hurry.wait()
            self._hurry = anyio.Event()

    async def _attempt(self) -> Ended:
        try:
            ended = await self._link.run(self._url, self._credentials.context())
            await self._store.flush()
        except* StorageError as group:
            ended = Ended("storage", str(_first(group)))
        return ended

    def _linked(self) -> None:
        self._up_at, self._since_ms = time.monotonic(), _now_ms()
        self._ended = Ended("")
        _log.info("linked with the bridge")
        self._keep_flags()
        self._counter.announce()

    def _keep_flags(self) -> None:
        """For the assistant, and for whatever it is that is let out."""
        try:
            flags.keep(self._data_dir, self._link.flags)
        except OSError as error:
            _log.warning("what the bridge lets out can't be written down: %s", error)

    def _tell_why(self, ended: Ended, lasted: float) -> None:
        """One line when things change, none for each attempt of a month offline."""
        if lasted or (ended.code, ended.message) != (self._ended.code, self._ended.message):
            level = logging.ERROR if ended.permanent else logging.WARNING
            _log.log(level, "no link to the bridge: %s %s", ended.code, ended.message)
        self._ended = ended

    def _standing(self) -> Standing:
        linked, session = self._link.live, self._link.session
        return Standing(
            linked=linked,
            since_ms=self._since_ms,
            error="" if linked else " ".join(filter(None, (self._ended.code, self._ended.message))),
            acked=session.acked if session is not None else 0,
            next_try_s=0.0 if linked else max(0.0, self._next_try - time.monotonic()),
        )

    def _now(self) -> None:
        self._backoff.reset()
        self._hurry.set()
        self._link.look()

    async def _deliver(self, message: Delta | Call | Answer) -> None:
        if self._counter.deliver(message):
            return
        match message:
            case Answer():
                if await self._store.keep(message):
                    self._link.say(Taken(id=message.id))
            case Call():
                self._link.say(Called(id=message.id, call=message.call, content=_NOBODY))
            case Delta():
                pass  # the Answer has all of it

    async def _watch(self) -> None:
        """When the network is back, there is no need to wait for the next attempt."""
        async with aclosing(self._network()) as changed:
            async for _ in changed:
                if not self._link.live:
                    # Routes change one by one, and other devices have the same idea.
                    await anyio.sleep(_SETTLE_S * (1 + self._random()))
                    self._now()

    async def _glance(self) -> None:
        seen, file = -1, self._data_dir / DATABASE
        inode = _inode(file)
        while True:
            if _inode(file) != inode:
                raise StorageError(f"{file} is another file now", "hearth-sync begins anew with it")
            try:
                version = await self._database.read(_data_version)
            except StorageError as error:
                _log.warning("can't look for what is new: %s", error)
            else:
                if version != seen:
                    seen = version
                    self._link.look()
            await anyio.sleep(_GLANCE_S)


def _inode(file: Path) -> int:
    try:
        return file.stat().st_ino
    except OSError:
        return 0


def _data_version(connection: Connection) -> int:
    found: int = connection.execute("PRAGMA data_version").get
    return found


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _first(group: BaseExceptionGroup[StorageError]) -> BaseException:
    leaf: BaseException = group
    while isinstance(leaf, BaseExceptionGroup):
        leaf = leaf.exceptions[0]
    return leaf
