"""Both ends of the link in one thread: the device's session on a real database, the bridge's session on a store in
memory, and a wire that does with the frames what a test wants.
"""

from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path

import apsw
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.client.believed import Clocks
from cloud_sync.client.compose import End
from cloud_sync.client.link import Link
from cloud_sync.client.outbox import DatabaseOutbox
from cloud_sync.client.replica import Replica
from cloud_sync.client.room import Room
from cloud_sync.client.session import Session, State
from cloud_sync.client.store import Store
from cloud_sync.client.wishes import Ended
from cloud_sync.protocol.errors import Code
from cloud_sync.protocol.event import Event, Kind
from cloud_sync.protocol.frames import server_codec
from cloud_sync.protocol.keys import signed
from cloud_sync.protocol.messages import Answer, Call, Changes, Delta, Error
from cloud_sync.server import session as bridge
from cloud_sync.server.ports import Identity, Token
from edge.database import _open
from tests.replicas import Inline, at_once

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes_raw()
NOON = 1_790_000_000_000
"""Milliseconds since the epoch, in 2026."""


@dataclass
class World:
    """The time that it is."""

    now: float = 0.0

    def ms(self) -> int:
        return NOON + int(self.now * 1000)


class Device:
    """One database, and what ``hearth-sync`` makes of it."""

    def __init__(self, world: World, file: Path | None = None, room: Room | None = None) -> None:
        self.world, self.file = world, file
        self.connection = _open(file, False) if file is not None else apsw.Connection(":memory:")
        clocks = Clocks(world.ms, lambda: int(world.now * 1000), lambda: "boot")
        self.outbox = DatabaseOutbox("device", machine="board", clocks=clocks, room=room)
        self.storage = Inline(self.connection, None)
        self.replica = Replica("device", self.outbox)
        at_once(End(self.outbox, self.replica).prepare(self.storage))
        self.delivered: list[Delta | Call | Answer] = []
        self.session: Session | None = None
        self.ended: Ended | None = None
        self.boot()

    def boot(self) -> None:
        """``hearth-sync`` starts: nothing is known but what is in the file."""
        self.store = Store(self.storage, self.outbox, End(self.outbox, self.replica), lambda: self.world.now)
        self.link = Link(
            self.store, self._sign, deliver=self._deliver, changed=lambda: None, now=lambda: self.world.now
        )
        self.session = None

    def put(self, kind: str, body: object) -> None:
        at_once(self.storage.write(lambda connection: self.outbox.put(connection, kind, body)))

    def connect(self) -> None:
        here = at_once(self.store.position())
        self.session = Session(here, self._sign, self.world.now, random=lambda: 0.5)
        self.ended = None

    def work(self) -> None:
        """Carry out what the session wishes, until it wishes nothing."""
        session = self.session
        while session is not None and (wishes := session.wishes()):
            for wish in wishes:
                if isinstance(wish, Ended):
                    self.ended = wish
                else:
                    at_once(self.link._fulfil(session, wish))

    def rows(self) -> list[tuple[int, str]]:
        return list(self.connection.execute("SELECT seq, kind FROM sync_event ORDER BY seq"))

    @property
    def incarnation(self) -> str:
        return str(self.connection.execute("SELECT incarnation FROM sync_self").get)

    async def _deliver(self, message: Delta | Call | Answer) -> None:
        self.delivered.append(message)

    def _sign(self, server: str, nonce: bytes, device: str, incarnation: str) -> bytes:
        return signed(KEY, server, nonce, device, incarnation)


@dataclass
class Stored:
    """What the bridge has of one incarnation."""

    acked: int = 0
    acked_id: bytes = b""
    events: list[Event] = field(default_factory=list)


class MemoryStore:
    """A store that follows the rules of :mod:`cloud_sync.server.ingest`."""

    def __init__(self) -> None:
        self.epoch = "epoch"
        self.streams: dict[str, Stored] = {}
        self.backup: tuple[dict[str, Stored], dict[str, int]] = ({}, {})

    def watermark(self, incarnation: str) -> int:
        return self.backup[1].get(incarnation, 0)

    def back_up(self) -> None:
        copy = {name: replace(one, events=list(one.events)) for name, one in self.streams.items()}
        self.backup = (copy, {name: one.acked for name, one in copy.items()})

    def restore(self) -> None:
        """What came after the backup is lost."""
        self.streams = {name: replace(one, events=list(one.events)) for name, one in self.backup[0].items()}
        self.epoch += "'"

    def standing(self, incarnation: str) -> bridge.Standing:
        one = self.streams.get(incarnation, Stored())
        return bridge.Standing(self.epoch, one.acked, one.acked_id, self.watermark(incarnation))

    def keep(self, batch: bridge.Batch) -> bridge.Kept:
        stream = self.streams.setdefault(batch.incarnation, Stored())
        known = {each.id for one in self.streams.values() for each in one.events if each.kind != Kind.GAP}
        for one in batch.events:
            if one.seq <= stream.acked:
                if any(each.seq == one.seq and each.id != one.id for each in stream.events if each.kind != Kind.GAP):
                    return bridge.Kept(stream.acked, error=Error(code=Code.FORK, message="another event"))
            elif one.first > stream.acked + 1:
                return bridge.Kept(stream.acked, error=Error(code=Code.GAP, message="", expected=stream.acked + 1))
            else:
                stream.acked, stream.acked_id = one.seq, one.id
                if one.id not in known:
                    stream.events.append(one)
        return bridge.Kept(stream.acked, self.watermark(batch.incarnation))

    def texts(self) -> list[str]:
        """What has come in, in effect."""
        events = [one for stream in self.streams.values() for one in stream.events if one.kind != Kind.GAP]
        return [msgspec.msgpack.decode(one.body)["text"] for one in events]


class Wire:
    """One connection: frames that are on their way."""

    def __init__(self, device: Device, store: MemoryStore) -> None:
        self.device, self.store, self.world = device, store, device.world
        self.up: deque[bytes] = deque()
        self.down: deque[bytes] = deque()
        self.codec = server_codec()
        self.nonce = 0
        self.is_open = False
        self.uncommitted: list[bridge.Batch] = []

    def open(self) -> None:
        self.cut()
        self.nonce += 1
        self.device.connect()
        self.bridge = bridge.Session(self.codec, "bridge", self.nonce.to_bytes(32), self.world.now)
        self.is_open = True
        self._perform(self.bridge.opened(self.world.ms()))
        self.settle()

    def cut(self) -> None:
        """What was on its way is lost."""
        self.up.clear()
        self.down.clear()
        if self.device.session is not None:
            self.device.session.lost(self.world.now)
            self.device.work()
        if self.is_open:
            # What the store has begun, it finishes.
            for batch in self.uncommitted:
                self.store.keep(batch)
        self.uncommitted.clear()
        self.is_open = False

    def settle(self) -> None:
        """Both ends do what they can without a new frame."""
        self.device.work()
        session = self.device.session
        while session is not None and (frame := session.outgoing()) is not None:
            self.up.append(frame)
            session.advance(self.world.now)
            self.device.work()
        if session is not None and session.state is State.CLOSED and not self.up:
            self.is_open = False

    def carry_up(self) -> None:
        if self.is_open and self.up:
            self._perform(self.bridge.received(self.up.popleft(), self.world.now, self.world.ms()))
            self.settle()

    def commit(self) -> None:
        """The store finishes what it has begun."""
        if self.is_open and self.uncommitted:
            self._perform(self.bridge.kept(self.store.keep(self.uncommitted.pop(0))))
            self.settle()

    def carry_down(self) -> None:
        if self.is_open and self.down:
            session = self.device.session
            assert session is not None
            session.receive(self.down.popleft(), self.world.now)
            self.settle()

    def pass_time(self, seconds: float) -> None:
        self.world.now += seconds
        if self.is_open and self.device.session is not None:
            self.device.session.advance(self.world.now)
            self._perform(self.bridge.tick(self.world.now))
            self.settle()

    def run(self) -> None:
        """Until nothing moves any more."""
        for _ in range(100_000):
            if not self.is_open:
                return
            if not (self.up or self.down or self.uncommitted):
                return
            self.carry_up()
            self.commit()
            self.carry_down()
        raise AssertionError("they talk for ever")

    def _perform(self, effects: bridge.Effects) -> None:
        for effect in effects:
            match effect:
                case bridge.Say():
                    self.down.append(self.codec.encode(effect.message))
                case bridge.Identify():
                    self._perform(self.bridge.identified(Identity("device", "house", PUBLIC)))
                case bridge.Admit():
                    standing = self.store.standing(effect.hello.incarnation)
                    self._perform(self.bridge.admitted(standing, Token(), 0.0, self.world.ms()))
                case bridge.Keep():
                    self.uncommitted.append(effect.batch)
                case bridge.Fetch():
                    self._perform(self.bridge.fetched(Changes(items=(), cursor=effect.cursor)))
                case bridge.Forward():
                    pass
                case bridge.End():
                    pass  # the device hears why, or that the connection is gone
