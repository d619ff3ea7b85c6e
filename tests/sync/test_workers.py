"""Two workers on one PostgreSQL, with NATS between them: what one is told reaches the devices of the other, whatever
dies in between.
"""

import asyncio
import os
import secrets
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
import websockets
from sqlalchemy import select

from cloud_sync.bench.process import Bridge
from cloud_sync.protocol.messages import Bye, Nudge, Welcome
from cloud_sync.server import tables
from cloud_sync.server.database import Database
from tests.bridge import Device, Spoken, connected, enrol
from tests.nats import Nats, nats
from tests.postgres import Postgres

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def url(cluster: Postgres, migrated: str) -> str:
    """A store for this file: its tests have houses of their own."""
    return cluster.create(f"w{secrets.token_hex(6)}", migrated)


@contextmanager
def worker(folder: Path, url: str, broker: Nats) -> Iterator[Bridge]:
    """A process of its own, whose end is awaited."""
    environment = {
        "HEARTH_CLOUD_DATABASE_URL": url.replace("+psycopg", ""),
        "HEARTH_CLOUD_NATS_URL": broker.url,
    }
    one = Bridge(folder, environment)
    try:
        yield one
    finally:
        one.process.kill()
        one.process.wait()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, url: str) -> Iterator[tuple[Bridge, Bridge, Nats]]:
    """Two workers and the NATS between them."""
    folder = tmp_path_factory.mktemp("workers")
    with nats() as broker, worker(folder, url, broker) as first, worker(folder, url, broker) as second:
        yield first, second, broker


@asynccontextmanager
async def devices(url: str, count: int) -> AsyncIterator[list[Device]]:
    """Enrolled, in a house of their own."""
    house = secrets.token_hex(4)
    made = [Device(house) for _ in range(count)]
    async with Database(url) as database:
        await enrol(database, *made)
    yield made


async def _told(link: Spoken) -> int:
    """The cursor of the next nudge."""
    return (await link.hear(Nudge)).cursor


async def test_a_change_through_one_reaches_a_device_on_the_other(pair, url):
    first, second, _ = pair
    async with (
        devices(url, 2) as (kitchen, hall),
        connected(first.port, kitchen) as (here, _),
        connected(second.port, hall) as (there, _),
    ):
        await here.told(kitchen.change("1", name="milk"))
        assert await _told(there) == 1
        assert [one.device for one in (await there.pulled(0)).items] == [kitchen.name]


async def test_a_device_that_comes_to_another_worker_leaves_the_first(pair, url):
    first, second, _ = pair
    async with devices(url, 1) as (device,), connected(first.port, device) as (old, _):
        async with connected(second.port, device) as (new, _):
            assert isinstance(await old.next(), Bye)
            await new.told(*device.turns(1))


async def test_without_nats_nothing_is_lost(pair, url):
    first, second, broker = pair
    async with (
        devices(url, 2) as (kitchen, hall),
        connected(first.port, kitchen) as (here, _),
        connected(second.port, hall) as (there, _),
    ):
        broker.stop()
        await here.told(kitchen.change("1", name="milk"))
        # The other worker finds it in the store.
        assert await _told(there) == 1
        broker.start()
        cursor = 1
        while True:
            # Once it is back, what is told comes at once again; until then, by the look into the store.
            await here.told(kitchen.change("1", count=cursor))
            cursor += 1
            began = asyncio.get_running_loop().time()
            assert await _told(there) >= cursor
            if asyncio.get_running_loop().time() - began < 0.5:
                break


async def test_a_worker_killed_in_the_middle_of_batches_loses_and_doubles_nothing(tmp_path, url, broker):
    async with devices(url, 6) as members:
        told = {
            one.name: [*one.turns(120), *(one.change(f"{one.name} {n}", n=n) for n in range(30))] for one in members
        }
        confirmed: dict[str, int] = dict.fromkeys(told, 0)

        async def tell(one: Device, port: int, killed: asyncio.Event | None) -> None:
            try:
                async with connected(port, one) as (link, welcome):
                    # What was acknowledged is there; more may be.
                    assert welcome.acked >= confirmed[one.name]
                    rest = told[one.name][welcome.acked :]
                    for start in range(0, len(rest), 5):
                        ack = await link.told(*rest[start : start + 5])
                        confirmed[one.name] = ack.seq
                        if killed is not None and sum(confirmed.values()) > 200:
                            killed.set()
            except (websockets.ConnectionClosed, OSError):
                assert killed is not None

        with worker(tmp_path, url, broker) as first, worker(tmp_path, url, broker) as second:
            killed = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                for one in members:
                    group.create_task(tell(one, first.port, killed))
                await killed.wait()
                os.kill(first.process.pid, signal.SIGKILL)
            assert sum(confirmed.values()) < 6 * 150
            async with asyncio.TaskGroup() as group:
                for one in members:
                    group.create_task(tell(one, second.port, None))
            # One that is restarted goes on as before.
            with worker(tmp_path, url, broker) as third:
                async with connected(third.port, members[0]) as (link, welcome):
                    assert isinstance(welcome, Welcome)
                    assert welcome.acked == 150
                    await link.told(*members[0].turns(1))
        house = members[0].house
        async with Database(url) as database, database.transaction(house) as connection:
            e, c = tables.event.c, tables.change.c
            for one in members[1:]:
                ids = await connection.execute(select(e.id).where(e.device == one.name).order_by(e.seq))
                assert list(ids.scalars()) == [each.id for each in told[one.name]]
            numbers = await connection.execute(select(c.n).where(c.house == house).order_by(c.n))
            assert list(numbers.scalars()) == list(range(1, 6 * 30 + 1))
