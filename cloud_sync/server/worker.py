"""One worker: the devices that are connected to it, and what they share. Any number may run on one store."""

import asyncio
import itertools
import logging
import random
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final, Protocol

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from cloud_sync.protocol.errors import Code, ProtocolError
from cloud_sync.protocol.event import Kind
from cloud_sync.protocol.frames import server_codec
from cloud_sync.protocol.messages import Answer, Ask, Called, Cancel, Changes, FromServer, Hello, Taken
from cloud_sync.server import changes
from cloud_sync.server.admission import Admission, Welcomed
from cloud_sync.server.connection import Connection
from cloud_sync.server.database import Database
from cloud_sync.server.effects import Batch, Fetch, Forwarded, Kept
from cloud_sync.server.fanout import Arrived, Changed, Fanout, FromDevice, InProcess, Note, Revoked, ToDevice
from cloud_sync.server.gathering import Gathering
from cloud_sync.server.half_open import HalfOpen
from cloud_sync.server.identity.tables import revocation
from cloud_sync.server.ingest import Ingest
from cloud_sync.server.metrics import Meter
from cloud_sync.server.ports import Applier, Devices, Gate, Heavy, Identity, Receipts
from cloud_sync.server.tables import house

_SWEEP_S: Final = 1.0
_AT_ONCE: Final = 2
"""Transactions on their way in PostgreSQL: one commits while the next is prepared."""
_SPREAD_PER_S: Final = 500
"""Devices that shall begin to send, or come back, in a second, when they are many at once."""
_SPLAY_MAX_S: Final = 30.0
_ARRIVALS_S: Final = 10
_DISMISSED_S: Final = 2.0
_FULL_S: Final = 5.0
CONNECTIONS: Final = 20_000
_LOOK_EVERY: Final = 60
"""Sweeps between two looks into the store for everything that may have been told and lost."""
_LOOK_OFTEN: Final = 5
"""The same, while nothing can be told."""
_LOOK_AT: Final = 1_000
"""Houses in one look."""
_RENEW_MS: Final = 10 * 60_000
"""Before a token expires."""
_RENEW_AT_ONCE: Final = 500
_CLOCKS_MS: Final = 5_000
"""What the clocks of workers may differ by."""
_AUDITED: Final = frozenset({Code.UNKNOWN_DEVICE, Code.REVOKED, Code.WRONG_HOUSE, Code.BAD_SIGNATURE})
_logger: Final = logging.getLogger(__name__)


class Throttled(Protocol):
    """A connection that sends too fast."""

    def refill(self) -> bool:
        """A second went by. False: there is no need to come again."""


class Worker:
    """What :class:`cloud_sync.server.connection.Connection` and the other workers talk to."""

    def __init__(
        self,
        database: Database,
        devices: Devices,
        server: str,
        epoch: str,
        meter: Meter,
        appliers: Mapping[str, Applier],
        heavy: Heavy | None,
        gate: Gate | None = None,
        receipts: Receipts | None = None,
        limit: int = CONNECTIONS,
    ) -> None:
        """``server``, ``epoch``: of the store; ``appliers``: by kind of event; ``gate``: what may not come in, None:
        all may; ``receipts`` None: nothing is ever erased; ``limit``:
        devices at a time.
        """
        self._database, self._devices, self._heavy, self.meter = database, devices, heavy, meter
        self._receipts, self._limit = receipts, limit
        self.server, self.epoch = server, epoch
        self.codec = server_codec()
        self._attentive = 0.0
        self._swept = time.monotonic()
        self.half_open = HalfOpen(meter.half_open_dropped.inc, self.now)
        self.throttled: set[Throttled] = set()
        self.wire_logger = logging.getLogger("cloud_sync.server.wire")
        self._ingest = Ingest(database, appliers, self.now_ms, gate)
        self.fanout: Fanout = InProcess(self.heard)
        """Set another one before :meth:`run`."""
        admission = Admission(database, devices, epoch, gate)
        at_once = _AT_ONCE if database.is_postgres else 1
        self.identities: Gathering[str, tuple[Identity | None]] = Gathering(self._identify)
        self.admissions: Gathering[tuple[Identity, Hello], Welcomed] = Gathering(admission.welcome)
        self.pages: Gathering[Fetch, Changes] = Gathering(self._read, at_once, limit=1)
        self._batches: Gathering[Batch, Kept] = Gathering(self._take, at_once)
        self._connections: set[Connection] = set()
        self._houses: dict[str, dict[tuple[str, str], Connection]] = {}
        self._arrivals: deque[int] = deque([0], maxlen=_ARRIVALS_S)
        self._stale: set[str] = set()
        self._newcomers: list[Identity] = []
        self._revoked_since = self.now_ms()
        self._tasks: set[asyncio.Task[None]] = set()

    def now(self) -> float:
        """Seconds for which this worker has listened. When it has too much to do they pass slower: nobody is given up
        whose words wait to be read.
        """
        return self._attentive + min(time.monotonic() - self._swept, _SWEEP_S)

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    # -- what connections ask for ----------------------------------------------------------------------------------

    def arrived(self, connection: Connection) -> None:
        """One more."""
        self._connections.add(connection)
        self.meter.connections.inc()
        if len(self._connections) > self._limit:
            # Another worker may have room; if none has, not all come again at once.
            wait = random.uniform(_FULL_S, 2 * _FULL_S)  # noqa: S311
            connection.perform(connection.session.failed(Code.BUSY, "this worker is full", wait))

    def admitted(self, connection: Connection, identity: Identity) -> None:
        """It is known who that is."""
        self._arrivals[-1] += 1
        key = identity.device, connection.session.incarnation
        of_house = self._houses.get(identity.house)
        if of_house is None:
            of_house = self._houses[identity.house] = {}
            self._spawn(self._listen(identity.house))
        if (old := of_house.get(key)) is not None:
            old.perform(old.session.bye("the same device has connected again"))
        of_house[key] = connection
        self.publish(identity.house, Arrived(*key, connection.id))
        self._newcomers.append(identity)

    def ended(self, connection: Connection, code: Code | None) -> None:
        """Nothing more is said on it. ``code``: why, if not in peace."""
        if code is not None:
            self.meter.refused.labels(code.value).inc()
            _logger.info("%s is refused: %s", connection.session.device or "somebody", code.value)
            if code in _AUDITED:
                self._spawn(self._devices.refused(connection.session.device, code))

    def left(self, connection: Connection) -> None:
        """One less."""
        self._connections.discard(connection)
        self.meter.connections.dec()
        if (identity := connection.session.proved) is None:
            return
        of_house = self._houses.get(identity.house, {})
        key = identity.device, connection.session.incarnation
        if of_house.get(key) is connection:
            del of_house[key]
            if not of_house:
                del self._houses[identity.house]
                self._spawn(self.fanout.ignore(identity.house))

    def keep(self, batch: Batch, done: Callable[[Kept | None], None]) -> None:
        """Commit a batch."""
        began = time.monotonic()

        def measured(kept: Kept | None) -> None:
            if kept is not None and kept.error is None:
                self.meter.ack_seconds.observe(time.monotonic() - began)
            done(kept)

        self._batches.put(batch, measured)

    def forward(self, connection: Connection, message: Forwarded) -> None:
        """For who answers heavy questions."""
        identity = connection.session.identity
        assert identity is not None
        if isinstance(message, Ask):
            self.meter.asks.inc()
        if isinstance(message, Taken) and self._receipts is not None:
            self._spawn(self._taken(self._receipts, identity, message))
            return
        if self._heavy is None:
            if isinstance(message, Ask):
                none = Answer(id=message.id, text="", finish="refused", code=Code.UNAVAILABLE, message="no model here")
                connection.tell(none)
            return
        self._spawn(self._forward(self._heavy, identity, message, may_pass_on=True))

    async def check(self) -> None:
        """Raises what the store raises when it does not answer."""
        async with self._database.transaction() as connection:
            await connection.execute(select(1))

    def splay_s(self) -> float:
        """Over how long the devices that connect now begin to send."""
        return min(_SPLAY_MAX_S, sum(self._arrivals) / _SPREAD_PER_S)

    def publish(self, of_house: str, note: Note) -> None:
        """Tell all workers that have devices of that house."""
        self.fanout.publish(of_house, note)

    def tell(self, of_house: str, of_device: str, message: FromServer) -> None:
        """Say something to a device, if it is connected to any worker. What is too large for a frame is not said."""
        try:
            frame = self.codec.encode(message)
        except ProtocolError as error:
            _logger.warning("%s can't be told: %s", of_device, error.message)
            return
        if not self._pass_on(of_house, of_device, frame):
            self.publish(of_house, ToDevice(of_device, frame))

    def dismiss(self, connection: Connection) -> None:
        """This worker stops: come again, not all at once."""
        spread = max(_DISMISSED_S, len(self._connections) / _SPREAD_PER_S)
        connection.perform(connection.session.bye("the bridge is restarted", random.uniform(0.5, 0.5 + spread)))  # noqa: S311

    # -- work for many at once -------------------------------------------------------------------------------------

    async def _identify(self, names: Sequence[str]) -> Sequence[tuple[Identity | None]]:
        return [(identity,) for identity in await self._devices.known(names)]

    async def _read(self, fetches: Sequence[Fetch]) -> Sequence[Changes]:
        return [
            await changes.page(self._database, each.house, each.device, each.cursor, each.limit, each.snapshot)
            for each in fetches
        ]

    async def _take(self, batches: Sequence[Batch]) -> Sequence[Kept]:
        taken = await self._ingest.take(batches)
        self.meter.events.inc(len(taken.received))
        for of_house, cursor in taken.cursors.items():
            self.publish(of_house, Changed(cursor))
        if self._receipts is not None:
            for of_house, of_device in {(e.house, e.device) for e in taken.received if e.event.kind == Kind.ERASE}:
                self._spawn(self._tell_receipts(of_house, of_device, self._receipts))
        return taken.kept

    # -- what is told between workers ------------------------------------------------------------------------------

    def heard(self, of_house: str, note: Note) -> None:
        """Something was told, here or by another worker."""
        of = self._houses.get(of_house, {})
        match note:
            case Changed():
                for connection in list(of.values()):
                    connection.perform(connection.session.nudged(note.cursor))
            case Arrived():
                old = of.get((note.device, note.incarnation))
                if old is not None and old.id != note.connection:
                    old.perform(old.session.bye("the same device has connected again"))
            case Revoked():
                self._revoke(of_house, note.device)
            case ToDevice():
                self._pass_on(of_house, note.device, note.frame)
            case FromDevice():
                identity = Identity(note.device, of_house, b"")
                message = self.codec.decode(note.frame)
                if self._heavy is not None and isinstance(message, Called | Cancel):
                    self._spawn(self._forward(self._heavy, identity, message, may_pass_on=False))

    def _pass_on(self, of_house: str, of_device: str, frame: bytes) -> bool:
        there = [connection for (name, _), connection in self._houses.get(of_house, {}).items() if name == of_device]
        for connection in there:
            connection.pass_on(frame)
        return bool(there)

    def _revoke(self, of_house: str, of_device: str) -> None:
        for (name, _), connection in list(self._houses.get(of_house, {}).items()):
            if name == of_device:
                connection.perform(connection.session.revoked())

    async def _listen(self, of_house: str) -> None:
        await self.fanout.listen(of_house)
        # What was told between the look into the store and now.
        self._stale.add(of_house)

    async def _forward(self, heavy: Heavy, identity: Identity, message: Forwarded, may_pass_on: bool) -> None:
        match message:
            case Ask():
                async for said in heavy.ask(identity.house, identity.device, message):
                    self.tell(identity.house, identity.device, said)
                return
            case Taken():
                await heavy.taken(identity.house, identity.device, message.id)
                return
            case Called():
                is_ours = await heavy.called(identity.house, identity.device, message)
            case Cancel():
                is_ours = await heavy.cancel(identity.house, identity.device, message.id)
        if may_pass_on and not is_ours:
            self.publish(identity.house, FromDevice(identity.device, self.codec.encode(message)))

    async def _tell_newcomers(self) -> None:
        """What is kept for devices that have connected: looked up once they can be told what comes in between."""
        while self._newcomers:
            some, self._newcomers = self._newcomers[:_LOOK_AT], self._newcomers[_LOOK_AT:]
            names = sorted({each.device for each in some})
            houses = sorted({each.house for each in some})
            async with self._database.transaction(*houses) as connection:
                of = connection, houses, names
                answers = await self._heavy.waiting(*of) if self._heavy is not None else set()
                receipts = await self._receipts.waiting(*of) if self._receipts is not None else set()
            for each in some:
                if self._heavy is not None and each.device in answers:
                    for answer in await self._heavy.kept(each.house, each.device):
                        self.tell(each.house, each.device, answer)
                if self._receipts is not None and each.device in receipts:
                    await self._tell_receipts(each.house, each.device, self._receipts)

    async def _tell_receipts(self, of_house: str, of_device: str, receipts: Receipts) -> None:
        for receipt in await receipts.untaken(of_house, of_device):
            self.tell(of_house, of_device, receipt)

    async def _taken(self, receipts: Receipts, identity: Identity, message: Taken) -> None:
        if not await receipts.taken(identity.house, identity.device, message.id) and self._heavy is not None:
            await self._heavy.taken(identity.house, identity.device, message.id)

    # -- what is looked after now and then -------------------------------------------------------------------------

    def lost_notes(self) -> None:
        """Something that was told may not have come: look into the store."""
        self._stale.update(self._houses)

    async def _sweep(self) -> None:
        for count in itertools.count(1):
            await asyncio.sleep(_SWEEP_S)
            self._attentive, self._swept = self.now(), time.monotonic()
            self._arrivals.append(0)
            self.half_open.sweep()
            self.throttled = {each for each in self.throttled if each.refill()}
            for connection in list(self._connections):
                connection.tick()
            if count % (_LOOK_EVERY if self.fanout.is_up else _LOOK_OFTEN) == 0:
                self.lost_notes()
            try:
                await self._renew()
                await self._look()
            except (SQLAlchemyError, OSError) as error:
                _logger.warning("the store does not answer: %s", type(error).__name__)

    async def _renew(self) -> None:
        """Tokens that expire soon: those who are connected get others."""
        soon = self.now_ms() + _RENEW_MS
        due = [
            (connection, connection.session.identity)
            for connection in self._connections
            if 0 < connection.token_expires_ms < soon
        ]
        known = [(connection, identity) for connection, identity in due if identity is not None][:_RENEW_AT_ONCE]
        if known:
            tokens = await self._devices.renewed([identity for _, identity in known])
            for (connection, _), token in zip(known, tokens, strict=True):
                connection.renew(token)

    async def _look(self) -> None:
        """Find in the store what may have been told and lost."""
        since, self._revoked_since = self._revoked_since, self.now_ms() - _CLOCKS_MS
        async with self._database.transaction() as connection:
            query = select(revocation.c.who, revocation.c.of_house).where(revocation.c.at_ms >= since)
            for row in await connection.execute(query):
                self._revoke(row.of_house, row.who)
        await self._tell_newcomers()
        while self._stale:
            some = [self._stale.pop() for _ in range(min(_LOOK_AT, len(self._stale)))]
            async with self._database.transaction(*some) as connection:
                query = select(house.c.house, house.c.n).where(house.c.house.in_(some))
                found = [(row.house, row.n) for row in await connection.execute(query)]
            for of_house, n in found:
                self.heard(of_house, Changed(n))

    # -- life ------------------------------------------------------------------------------------------------------

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _logger.error("something went wrong beside a connection", exc_info=error)

    async def run(self) -> None:
        """Until it is cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for gathering in (self.identities, self.admissions, self.pages, self._batches):
                    group.create_task(gathering.run())
                group.create_task(self._sweep())
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
