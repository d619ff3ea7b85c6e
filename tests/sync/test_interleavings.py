"""Whatever happens between them, and in whatever order: what was written is with the bridge, once, when all is quiet.

``SCHEDULES=2000 python -m pytest tests/sync/test_interleavings.py --hypothesis-seed=1`` takes longer.
"""

import os

import apsw
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.sync.ends import Device, MemoryStore, Wire, World


class Interleavings(RuleBasedStateMachine):
    """A device and a bridge, each with its own memory."""

    @initialize()
    def begin(self) -> None:
        self.world = World()
        self.device = Device(self.world)
        self.store = MemoryStore()
        self.wire = Wire(self.device, self.store)
        self.written: list[str] = []
        self.image: tuple[bytes, int] | None = None

    @rule(sizes=st.lists(st.sampled_from((0, 0, 3_000, 36_000, 60_000)), min_size=1, max_size=12))
    def write(self, sizes: list[int]) -> None:
        for size in sizes:
            text = f"{len(self.written)} {'x' * size}"
            self.device.put("note", {"text": text})
            self.written.append(text)

    @rule()
    def notice(self) -> None:
        if self.device.session is not None:
            self.device.session.look(self.world.now)
            self.wire.settle()

    @rule(steps=st.integers(0, 12))
    def connect(self, steps: int) -> None:
        self.wire.open()
        for _ in range(steps):
            self.wire.carry_up()
            self.wire.commit()
            self.wire.carry_down()

    @rule()
    def meet(self) -> None:
        self.wire.open()
        self.wire.run()

    @rule()
    def cut(self) -> None:
        self.wire.cut()

    @rule()
    def kill(self) -> None:
        self.wire.cut()
        self.device.boot()

    @rule(times=st.integers(1, 5))
    def carry_up(self, times: int) -> None:
        for _ in range(times):
            self.wire.carry_up()

    @rule(times=st.integers(1, 5))
    def carry_down(self, times: int) -> None:
        for _ in range(times):
            self.wire.carry_down()

    @rule()
    def commit(self) -> None:
        self.wire.commit()

    @rule()
    def run_on(self) -> None:
        self.notice()
        self.wire.run()

    @rule(seconds=st.sampled_from((0.1, 5.0, 21.0, 46.0, 601.0)))
    def time_passes(self, seconds: float) -> None:
        self.wire.pass_time(seconds)

    @precondition(lambda self: self.wire.up or self.wire.down)
    @rule(up=st.booleans(), at=st.integers(0, 3))
    def double(self, up: bool, at: int) -> None:
        queue = self.wire.up if up else self.wire.down
        if queue:
            queue.insert(min(at, len(queue)), queue[0])

    @precondition(lambda self: self.wire.up or self.wire.down)
    @rule(up=st.booleans())
    def reorder(self, up: bool) -> None:
        queue = self.wire.up if up else self.wire.down
        if len(queue) > 1:
            queue.append(queue.popleft())

    @precondition(lambda self: self.wire.up or self.wire.down)
    @rule(up=st.booleans(), keep=st.integers(0, 200))
    def truncate(self, up: bool, keep: int) -> None:
        queue = self.wire.up if up else self.wire.down
        if queue:
            queue[0] = queue[0][:keep]

    @rule()
    def back_up(self) -> None:
        self.store.back_up()

    @rule()
    def restore_the_bridge(self) -> None:
        self.wire.cut()
        self.store.restore()

    @invariant()
    def nothing_is_there_twice(self) -> None:
        if hasattr(self, "store"):
            texts = self.store.texts()
            assert len(texts) == len(set(texts))

    def teardown(self) -> None:
        if not hasattr(self, "wire"):
            return
        for _ in range(6):
            self.wire.open()
            self.wire.run()
            if self.device.session is not None and self.device.session.idle:
                break
        session = self.device.session
        assert session is not None
        assert session.idle, (session.state, self.device.ended)
        assert sorted(self.store.texts()) == sorted(self.written)
        self.device.connection.close()


class RolledBack(Interleavings):
    """The same, on a disk that is put back to an older state: what it forgot then is there if the bridge had it."""

    forgotten: set[str]

    @initialize()
    def begin(self) -> None:
        super().begin()
        self.forgotten = set()

    @rule()
    def take_an_image(self) -> None:
        copy = apsw.Connection(":memory:")
        with copy.backup("main", self.device.connection, "main") as backup:
            backup.step()
        self.image = (copy.serialize("main"), len(self.written))
        copy.close()

    @precondition(lambda self: self.image is not None)
    @rule()
    def put_it_back(self) -> None:
        assert self.image is not None
        self.wire.cut()
        image, written = self.image
        self.device.connection.deserialize("main", image)
        self.device.boot()
        self.forgotten |= set(self.written[written:])

    def teardown(self) -> None:
        if not hasattr(self, "wire"):
            return
        self.written = [text for text in self.written if text not in self.forgotten or text in self.store.texts()]
        super().teardown()


SETTINGS = settings(
    max_examples=int(os.environ.get("SCHEDULES", "60")),
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
Interleavings.TestCase.settings = SETTINGS
RolledBack.TestCase.settings = SETTINGS
TestInterleavings = Interleavings.TestCase
TestRolledBack = RolledBack.TestCase
