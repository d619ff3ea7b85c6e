"""A copy of the store, what devices learn of it, and what is left of old changes: on both stores."""

import secrets
from pathlib import Path

import pytest
from sqlalchemy import select, update

from cloud_sync.server import backup as backups
from cloud_sync.server import tables
from cloud_sync.server.compaction import KEPT_MS, SEEN_MS, UNSEEN_MS, Compacted, compact_house
from cloud_sync.server.database import Database
from cloud_sync.server.effects import Kept
from tests.bridge import Device
from tests.sync.test_bridge_ingest import NOW_MS, opened

pytestmark = pytest.mark.anyio


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> str:
    """Another store of the same kind."""
    if database_url.startswith("sqlite"):
        return f"sqlite+aiosqlite:///{tmp_path / 'restored' / 'cloud.db'}"
    url: str = request.getfixturevalue("cluster").create(f"r{secrets.token_hex(6)}")
    return url


async def _epoch(url: str) -> str:
    async with Database(url) as database, database.transaction() as connection:
        epoch: str = (await connection.execute(select(tables.store.c.epoch))).scalar_one()
        return epoch


async def test_a_restored_store_has_what_the_watermark_promised_and_another_epoch(database_url, empty_url, tmp_path):
    device, file = Device("h1"), tmp_path / "backup"
    async with opened(database_url, device) as store:
        told = device.turns(5)
        assert (await store.take(device, *told[:3])).watermark == 0
        assert await backups.backup(database_url, file) == 1
        assert await store.take(device, *told[3:]) == Kept(5, watermark=3)
    with pytest.raises(backups.BackupError, match="is there already"):
        await backups.backup(database_url, file)
    epoch = await backups.restore(empty_url, file)
    assert epoch == await _epoch(empty_url) != await _epoch(database_url)
    async with opened(empty_url) as store:
        assert await store.seqs(device) == [1, 2, 3]
        # What the device still keeps, it sends again.
        assert (await store.take(device, *told[3:])).acked == 5


def test_the_password_of_a_store_is_written_as_libpq_reads_it() -> None:
    assert backups.pgpass(r"a:b\c") == "*:*:*:*:a\\:b\\\\c\n"


async def test_a_store_is_not_overwritten(tmp_path):
    url, file = f"sqlite+aiosqlite:///{tmp_path / 'cloud.db'}", tmp_path / "backup"
    async with opened(url):
        pass
    await backups.backup(url, file)
    with pytest.raises(backups.BackupError, match="move it away first"):
        await backups.restore(url, file)


async def test_what_holds_stays_and_the_rest_goes_after_a_month(database_url):
    device = Device("h1")
    async with opened(database_url, device) as store:
        await store.take(
            device,
            device.change("1", name="milk", count=1),
            device.change("1", count=2),
            device.change("1", count=3),
            device.change("2", name="bread"),
            device.change("2", deleted=True),
        )
        before = [one.n for one in (await store.read(device)).items]
        assert await compact_house(store.database, "h1", NOW_MS + KEPT_MS) == Compacted()
        assert [one.n for one in (await store.read(device)).items] == before == [1, 2, 3, 4, 5]
        # 1: the name; 3: the count; 5: that the other is deleted.
        assert await compact_house(store.database, "h1", NOW_MS + KEPT_MS + 1) == Compacted(changes=2)
        page = await store.read(device)
        assert ([one.n for one in page.items], page.snapshot, page.cursor) == ([1, 3, 5], False, 5)


@pytest.mark.parametrize(
    ("cursors", "age_ms", "gone"),
    [
        ((5, 5), SEEN_MS + 1, True),
        ((5, 5), SEEN_MS, False),
        ((5, 1), SEEN_MS + 1, False),
        ((5, 1), UNSEEN_MS + 1, True),
    ],
)
async def test_tombstones_go_when_all_have_seen_them(tmp_path, cursors, age_ms, gone):
    devices = [Device("h1"), Device("h1")]
    async with opened(f"sqlite+aiosqlite:///{tmp_path / 'cloud.db'}", *devices) as store:
        one = devices[0]
        await store.take(one, one.change("1", name="milk"), one.change("1", deleted=True), one.change("2", name="x"))
        async with store.database.transaction("h1") as connection:
            for device, cursor in zip(devices, cursors, strict=True):
                of = tables.device.c.device == device.name
                await connection.execute(update(tables.device).where(of).values(cursor=cursor))
        compacted = await compact_house(store.database, "h1", NOW_MS + age_ms)
        assert compacted.tombstones == gone
        # Who was there before the tombstone, and may never have heard of it, gets the whole state.
        page = await store.read(devices[1], cursor=1)
        assert page.snapshot == gone
        behind = await store.read(devices[1], cursor=2)
        assert not behind.snapshot
        assert [each.n for each in behind.items] == [3]


async def test_a_snapshot_in_pages_is_the_whole_state(tmp_path):
    device = Device("h1")
    async with opened(f"sqlite+aiosqlite:///{tmp_path / 'cloud.db'}", device) as store:
        await store.take(device, *(device.change(str(n), name="x") for n in range(6)), device.change("0", deleted=True))
        await compact_house(store.database, "h1", NOW_MS + UNSEEN_MS + 1)
        numbers, page = [], await store.read(device, cursor=3, limit=2)
        while True:
            assert page.snapshot
            numbers += [one.n for one in page.items]
            if not page.more:
                break
            page = await store.read(device, page.cursor, limit=2, snapshot=True)
        assert numbers == [2, 3, 4, 5, 6]
        assert page.cursor == 7
        assert not (await store.read(device, page.cursor)).snapshot
