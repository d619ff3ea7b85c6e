"""What is acknowledged is in the store, once, whatever comes again, out of order, damaged or at the same time."""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_sync.protocol import event as events
from cloud_sync.protocol.clock import stamp
from cloud_sync.protocol.errors import Code
from cloud_sync.protocol.event import Event, Kind
from cloud_sync.protocol.messages import Changes
from cloud_sync.protocol.record import Change, Record, Stamp, merge
from cloud_sync.server import changes, tables
from cloud_sync.server.database import Database
from cloud_sync.server.effects import Batch, Kept
from cloud_sync.server.fold import decoded
from cloud_sync.server.ingest import Ingest
from cloud_sync.server.migrate import migrate
from cloud_sync.server.ports import CannotApply, Received
from tests.bridge import Device, enrol

pytestmark = pytest.mark.anyio
NOW_MS = 1_800_000_000_000


@dataclass
class Store:
    """A store, and what takes events into it."""

    database: Database
    ingest: Ingest

    async def take(self, device: Device, *told: Event) -> Kept:
        """One batch of one device."""
        return (await self.ingest.take([batch(device, told)])).kept[0]

    async def seqs(self, device: Device) -> list[int]:
        """What is there of a device."""
        async with self.database.transaction(device.house) as connection:
            c = tables.event.c
            found = await connection.execute(select(c.seq).where(c.device == device.name).order_by(c.seq))
            return list(found.scalars())

    async def read(self, device: Device, cursor: int = 0, limit: int = 500, snapshot: bool = False) -> Changes:
        """A page."""
        return await changes.page(self.database, device.house, device.name, cursor, limit, snapshot)

    async def rows(self, house: str, what: Any) -> Sequence[Any]:
        """Of any statement."""
        async with self.database.transaction(house) as connection:
            return (await connection.execute(what)).all()


@dataclass
class Questions:
    """An applier that keeps what it is given, in a table, and refuses what is marked."""

    seen: list[Received] = field(default_factory=list)

    async def apply(self, connection: AsyncConnection, received: Received) -> None:
        """Writes first, so that it can be seen whether that is undone."""
        row = {"house": f"asked {received.event.seq}"}
        await connection.execute(insert(tables.house).values(row))
        if b"poison" in bytes(received.event.body):
            raise CannotApply(Code.MALFORMED, "poison")

    async def applied(self, received: Sequence[Received]) -> None:
        """After the commit."""
        self.seen += received


def batch(device: Device, told: Sequence[Event]) -> Batch:
    """As a session makes it."""
    return Batch(device.house, device.name, device.incarnation, tuple(told), tuple(map(events.encode, told)))


@asynccontextmanager
async def opened(url: str, *devices: Device, **appliers: Any) -> AsyncIterator[Store]:
    """An empty store that knows ``devices``."""
    async with Database(url) as database:
        await migrate(database)
        if devices:
            await enrol(database, *devices)
        yield Store(database, Ingest(database, appliers, lambda: NOW_MS))


@pytest.fixture
def kitchen() -> Device:
    """A device whose clock is right."""
    device = Device("h1", "kitchen")
    device.clock = type(device.clock)(lambda: NOW_MS)
    return device


async def test_what_comes_again_is_there_once(database_url, kitchen):
    told = kitchen.turns(6)
    async with opened(database_url, kitchen) as store:
        assert await store.take(kitchen, *told[:3]) == Kept(3)
        assert await store.take(kitchen, *told[1:5]) == Kept(5)
        assert await store.take(kitchen, *told[:5]) == Kept(5)
        assert await store.take(kitchen, *told) == Kept(6)
        assert await store.seqs(kitchen) == [1, 2, 3, 4, 5, 6]


async def test_the_bytes_are_kept_as_they_came(database_url, kitchen):
    [one] = kitchen.turns(1)
    # A later version has a field that this one does not know.
    known = events.encode(one)
    raw = bytes([known[0] + 1]) + known[1:] + b"\xa5later\x01"
    assert events.decode(raw) == one
    async with opened(database_url, kitchen) as store:
        await store.ingest.take([Batch("h1", "kitchen", kitchen.incarnation, (one,), (raw,))])
        assert [row.raw for row in await store.rows("h1", select(tables.event.c.raw))] == [raw]


async def test_a_gap_is_refused_and_nothing_of_it_is_kept(database_url, kitchen):
    told = kitchen.turns(5)
    async with opened(database_url, kitchen) as store:
        await store.take(kitchen, *told[:2])
        refused = (await store.take(kitchen, *told[3:])).error
        assert refused is not None
        assert (refused.code, refused.expected) == (Code.GAP, 3)
        assert await store.seqs(kitchen) == [1, 2]


async def test_a_gap_event_stands_for_what_was_given_up(database_url, kitchen):
    first = kitchen.turns(2)
    gap, after = kitchen.event(Kind.GAP, {"lost": {"turn": 3}}, covers=3), kitchen.turns(1)
    async with opened(database_url, kitchen) as store:
        await store.take(kitchen, *first)
        assert await store.take(kitchen, gap, *after) == Kept(6)


async def test_a_gap_event_over_what_came_in_meanwhile_is_no_fork(database_url, kitchen):
    told = kitchen.turns(4)
    kitchen.seq = 0
    gap = kitchen.event(Kind.GAP, {"lost": {"turn": 6}}, covers=6)
    async with opened(database_url, kitchen) as store:
        await store.take(kitchen, *told)
        assert await store.take(kitchen, gap) == Kept(6)


@pytest.mark.parametrize("same", [1, 3])
async def test_another_history_is_a_fork(database_url, kitchen, same):
    told = kitchen.turns(4)
    kitchen.seq = same - 1
    other = kitchen.turns(6)
    async with opened(database_url, kitchen) as store:
        await store.take(kitchen, *told)
        refused = (await store.take(kitchen, *other)).error
        assert refused is not None
        assert refused.code == Code.FORK
        rows = await store.rows("h1", select(tables.event.c.id).order_by(tables.event.c.seq))
        assert [row.id for row in rows] == [one.id for one in told]


async def test_what_a_new_incarnation_tells_again_is_there_once(database_url, kitchen):
    told = kitchen.turns(3)
    async with opened(database_url, kitchen) as store:
        await store.take(kitchen, *told)
        kitchen.incarnation, kitchen.seq = "second", 0
        again = [events.renumbered("kitchen", "second", number, one) for number, one in enumerate(told[1:], 1)]
        kitchen.seq = 2
        assert await store.take(kitchen, *again, *kitchen.turns(1)) == Kept(3)
        found = await store.rows("h1", select(tables.event.c.incarnation, tables.event.c.seq))
        assert len(found) == 4
        assert ("second", 3) in {(row.incarnation, row.seq) for row in found}


@pytest.mark.parametrize(
    ("row", "code"),
    [({"revoked_ms": 5}, Code.REVOKED), ({"house": "h2"}, Code.WRONG_HOUSE), ({"device": "x"}, Code.UNKNOWN_DEVICE)],
)
async def test_nothing_is_kept_of_who_may_not(database_url, kitchen, row, code):
    async with opened(database_url, kitchen) as store:
        async with store.database.transaction("h1") as connection:
            await connection.execute(update(tables.device).values(row))
        refused = (await store.take(kitchen, *kitchen.turns(1))).error
        assert refused is not None
        assert refused.code == code
        assert await store.seqs(kitchen) == []


async def test_a_poison_event_is_put_aside_and_its_successors_flow(database_url, kitchen):
    told = [
        kitchen.event(Kind.CHANGE, {"nothing": "of a change"}),
        kitchen.change("1\0", name="x"),
        kitchen.event(Kind.QUESTION, {"question": "poison"}),
        kitchen.event(Kind.QUESTION, {"question": "why"}),
        kitchen.change("2", name="milk"),
    ]
    questions = Questions()
    async with opened(database_url, kitchen, question=questions) as store:
        kept = await store.take(kitchen, *told)
        assert (kept.acked, [one.seq for one in kept.refused], kept.error) == (5, [1, 2, 3], None)
        dead = await store.rows("h1", select(tables.dead.c.seq, tables.dead.c.code).order_by(tables.dead.c.seq))
        assert [tuple(row) for row in dead] == [(1, "malformed"), (2, "malformed"), (3, "malformed")]
        assert await store.seqs(kitchen) == [1, 2, 3, 4, 5]
        # What the applier wrote of the poison is undone, the other's is there.
        asked = await store.rows("h1", select(tables.house.c.house).where(tables.house.c.house.like("asked%")))
        assert [row.house for row in asked] == ["asked 4"]
        assert [one.event.seq for one in questions.seen if b"poison" not in bytes(one.event.body)] == [4]
        assert [one.n for one in (await store.read(kitchen)).items] == [1]


async def test_stamps_of_the_future_are_not_believed(database_url, kitchen):
    early = kitchen.change("1", name="first")
    future = [
        kitchen.event(Kind.CHANGE, {"kind": "item", "record": "1", "fields": {"name": name}}, clock=stamp(ms))
        for name, ms in (("in a year", NOW_MS + 31_536_000_000), ("in a minute", NOW_MS + 60_001))
    ]
    just = kitchen.event(
        Kind.CHANGE, {"kind": "item", "record": "1", "fields": {"name": "allowed"}}, clock=stamp(NOW_MS + 60_000)
    )
    async with opened(database_url, kitchen) as store:
        await store.take(kitchen, early, *future, just)
        clocks = [one.clock for one in (await store.read(kitchen)).items]
        assert clocks == sorted(clocks)
        assert clocks[0] == early.clock
        assert all(stamp(NOW_MS) <= clock < stamp(NOW_MS + 1) for clock in clocks[1:3])
        assert clocks[3] == just.clock
        [row] = await store.rows("h1", select(tables.register.c.value))
        assert decoded(row.value) == "allowed"


async def test_batches_of_many_devices_at_once(database_url):
    devices = [Device(f"h{number % 3}") for number in range(12)]
    told = {one.name: [*one.turns(2), one.change(f"of {one.name}", name="x")] for one in devices}
    bad = devices[5]
    told[bad.name] = told[bad.name][1:]
    async with opened(database_url, *devices) as store:
        taken = await store.ingest.take([batch(one, told[one.name]) for one in devices])
        assert [kept.acked for kept in taken.kept] == [0 if one is bad else 3 for one in devices]
        assert dict(taken.cursors) == {"h0": 4, "h1": 4, "h2": 3}
        for one in devices[:3]:
            page = await store.read(one)
            assert [each.n for each in page.items] == list(range(1, page.cursor + 1))
            assert {each.device for each in page.items} <= {d.name for d in devices if d.house == one.house}


async def test_transactions_at_the_same_time_number_without_gaps(database_url):
    devices = [Device("h") for _ in range(8)]
    async with opened(database_url, *devices) as store:
        rounds = [[one.change(str(n), name="x"), one.change(f"{n}.", name="y")] for n in range(5) for one in devices]
        each = itertools.batched(rounds, 8) if hasattr(itertools, "batched") else zip(*[iter(rounds)] * 8, strict=True)
        for told in each:
            await asyncio.gather(*(store.take(one, *mine) for one, mine in zip(devices, told, strict=True)))
        page = await store.read(devices[0])
        assert [one.n for one in page.items] == list(range(1, 81))
        for one in devices:
            # Of each device in its own order.
            mine = [events.decode(each.event).seq for each in page.items if each.device == one.name]
            assert mine == list(range(1, 11))


async def test_pages(database_url, kitchen):
    told = [kitchen.change(str(number), name="x" * 100) for number in range(7)]
    big = [kitchen.change(f"big {number}", name="y" * 200_000) for number in range(4)]
    async with opened(database_url, kitchen) as store:
        assert await store.read(kitchen) == Changes(items=(), cursor=0)
        await store.take(kitchen, *told)
        first = await store.read(kitchen, limit=5)
        assert ([one.n for one in first.items], first.cursor, first.more) == ([1, 2, 3, 4, 5], 5, True)
        second = await store.read(kitchen, first.cursor, limit=5)
        assert ([one.n for one in second.items], second.cursor, second.more) == ([6, 7], 7, False)
        await store.take(kitchen, *big)
        # A page has to go into a frame.
        assert [one.n for one in (await store.read(kitchen, 7)).items] == [8, 9]
        # From before a restored backup.
        beyond = await store.read(kitchen, 500)
        assert beyond.snapshot
        assert beyond.items[0].n == 1


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.sampled_from(["1", "2"]),
        st.one_of(st.none(), st.dictionaries(st.sampled_from(["name", "done"]), st.integers(0, 3), max_size=2)),
        st.integers(0, 5),
    ),
    max_size=12,
)


@pytest.fixture
def steady(tmp_path: Path) -> Iterator[tuple[asyncio.Runner, Store]]:
    """A store for many examples, each of which has a house of its own."""
    with asyncio.Runner() as runner:
        store = opened(f"sqlite+aiosqlite:///{tmp_path / 'cloud.db'}")
        yield runner, runner.run(store.__aenter__())
        runner.run(store.__aexit__(None, None, None))


def test_the_registers_are_what_merging_makes_of_the_log(steady):
    runner, store = steady

    @given(CHANGES, st.integers(1, 4))
    @settings(max_examples=40, deadline=None)
    def check(made: list[tuple[str, str, dict[str, int] | None, int]], size: int) -> None:
        runner.run(_folded(store, made, size))

    check()


async def _folded(store: Store, made: list[tuple[str, str, dict[str, int] | None, int]], size: int) -> None:
    house = secrets.token_hex(4)
    devices = {name: Device(house, f"{name}{house}") for name in "ab"}
    await enrol(store.database, *devices.values())
    told = []
    for name, record, fields, clock in made:
        body: dict[str, Any] = {"kind": "item", "record": record}
        body |= {"deleted": True} if fields is None else {"fields": fields}
        told.append((devices[name], devices[name].event(Kind.CHANGE, body, clock=stamp(NOW_MS, clock))))

    for start in range(0, len(told), size):
        for device in devices.values():
            if mine := [one for of, one in told[start : start + size] if of is device]:
                assert (await store.take(device, *mine)).error is None
    expected: dict[str, Record] = {"1": Record(), "2": Record()}
    for of, one in told:
        change = events.msgspec.msgpack.decode(one.body, type=Change)
        expected[change.record] = merge(expected[change.record], change, Stamp(one.clock, of.name)).record
    r, t = tables.register.c, tables.tombstone.c
    registers = select(r.record, r.field, r.value, r.clock, r.device).where(r.house == house)
    assert {
        (row.record, row.field): (decoded(row.value), row.clock, row.device)
        for row in await store.rows(house, registers)
    } == {
        (record, name): (register.value, register.stamp.clock, register.stamp.device)
        for record, known in expected.items()
        for name, register in known.fields.items()
    }
    tombstones = await store.rows(house, select(t.record, t.clock).where(t.house == house))
    gone = {row.record: row.clock for row in tombstones}
    assert gone == {name: one.tombstone.clock for name, one in expected.items() if one.tombstone}


SLICES = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 6)), max_size=12)


def test_any_slices_in_any_order_leave_the_events_once_and_without_gaps(steady):
    runner, store = steady

    @given(SLICES)
    @settings(max_examples=40, deadline=None)
    def check(slices: list[tuple[int, int]]) -> None:
        runner.run(_sliced(store, slices))

    check()


async def _sliced(store: Store, slices: list[tuple[int, int]]) -> None:
    device = Device(secrets.token_hex(4))
    await enrol(store.database, device)
    told = device.turns(10)
    acked = 0
    for start, length in slices:
        kept = await store.take(device, *told[start : start + length])
        if start > acked:
            assert kept.error is not None
            assert kept.error.expected == acked + 1
        else:
            acked = max(acked, min(10, start + length))
            assert kept == Kept(acked)
    assert await store.seqs(device) == list(range(1, acked + 1))
