"""What the house did not allow does not come in, and what it wants forgotten is gone from the bridge, provably."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, insert, select, text

from cloud_sync.protocol import erasure as protocol
from cloud_sync.protocol.erasure import Erase, Wanted
from cloud_sync.protocol.errors import Code, ProtocolError
from cloud_sync.protocol.messages import Ack, Refused
from cloud_sync.server import tables
from cloud_sync.server.database import Database
from cloud_sync.server.erasures import FILE, EraseApplier, StoredReceipts, replay
from cloud_sync.server.identity import tables as identity_tables
from cloud_sync.server.identity.access import access
from cloud_sync.server.identity.audit import lines, verify
from cloud_sync.server.identity.signing import signer
from cloud_sync.server.migrate import migrate
from cloud_sync.server.settings import load
from tests.bridge import Device, Spoken, bridge, connected, enrol, enrolled

pytestmark = pytest.mark.anyio

SECRET = "zyzzyva"


def settings(tmp_path: Path, url: str) -> dict[str, Any]:
    return {} if url.startswith("sqlite") else {"database_url": url.replace("+psycopg", "")}


async def everything(url: str) -> str:
    """All that the store has, as text."""
    found = []
    async with Database(url) as database, database.transaction("h1", "h2") as connection:
        for table in (*tables.metadata.sorted_tables,):
            for row in await connection.execute(select(table)):
                found.append(
                    " ".join(bytes(v).decode("latin1") if isinstance(v, bytes | memoryview) else str(v) for v in row)
                )
    return "\n".join(found)


async def told(link: Spoken, *events: Any) -> list[Refused]:
    """Tell them; returns what was refused."""
    await link.tell(*events)
    refused = []
    while not (isinstance(message := await link.next(), Ack) and message.seq >= events[-1].seq):
        if isinstance(message, Refused):
            refused.append(message)
    return refused


async def test_nothing_comes_in_without_consent_nor_after_it_was_withdrawn(tmp_path: Path, database_url: str) -> None:
    kitchen = Device("h1")
    async with bridge(tmp_path, **settings(tmp_path, database_url)) as port:
        async with Database(database_url) as database, database.transaction("h1") as connection:
            await connection.execute(insert(tables.device), [enrolled(kitchen)])
        async with connected(port, kitchen) as (link, _):
            before = kitchen.event("turn", {"id": "t1", "text": SECRET})
            assert [(one.seq, one.code) for one in await told(link, before)] == [(1, Code.CONSENT)]
            assert SECRET not in await everything(database_url)
            yes = kitchen.event("consent", {"purpose": "history", "allowed": True, "how": "voice"})
            between = kitchen.event("turn", {"id": "t2", "text": "allowed"})
            no = kitchen.event("consent", {"purpose": "history", "allowed": False, "how": "cli"})
            after = kitchen.event("turn", {"id": "t3", "text": SECRET})
            refused = await told(link, yes, between, no, after)
            assert [(one.seq, one.code) for one in refused] == [(after.seq, Code.CONSENT)]
    kept = await everything(database_url)
    assert "allowed" in kept
    assert SECRET not in kept
    async with Database(database_url) as database:
        actions = [(line.action, json.loads(line.detail)) for line in await lines(database, "h1")]
    assert ("consent.given", {"purpose": "history", "how": "voice"}) in actions
    assert ("consent.withdrawn", {"purpose": "history", "how": "cli"}) in actions


async def test_a_forgotten_turn_is_gone_with_a_receipt_and_does_not_come_back(
    tmp_path: Path, database_url: str
) -> None:
    kitchen, hall = Device("h1"), Device("h1")
    async with bridge(tmp_path, **settings(tmp_path, database_url)) as port:
        async with Database(database_url) as database:
            await enrol(database, kitchen, hall)
        async with connected(port, kitchen) as (link, _):
            turn = kitchen.event("turn", {"id": "t1", "text": SECRET})
            other = kitchen.event("turn", {"id": "t2", "text": "unforgotten"})
            erase = kitchen.event("erase", {"turns": ["t1"]})
            assert await told(link, turn, other, erase) == []
            kept = await everything(database_url)
            assert SECRET not in kept
            assert "unforgotten" in kept
            # Told again under another number, as after a restored card, and by another device of the house.
            again = kitchen.event("turn", {"id": "t1", "text": SECRET})
            assert [one.code for one in await told(link, again)] == [Code.ERASED]
        async with connected(port, hall) as (link, _):
            copied = hall.event("turn", {"id": "t1", "text": SECRET})
            assert [one.code for one in await told(link, copied)] == [Code.ERASED]
    assert SECRET not in await everything(database_url)
    async with Database(database_url) as database:
        receipts = StoredReceipts(database, lambda: 1)
        (receipt,) = await receipts.untaken("h1", kitchen.name)
        assert await receipts.untaken("h1", hall.name) == []
        assert await receipts.untaken("h2", kitchen.name) == []
        assert not await receipts.taken("h2", kitchen.name, receipt.id)
        assert not await receipts.taken("h1", hall.name, receipt.id)
        assert await receipts.taken("h1", kitchen.name, receipt.id)
        assert await receipts.untaken("h1", kitchen.name) == []
        assert receipt.id == erase.id.hex()
        public = signer(tmp_path).public
        said = protocol.verify(public, receipt.statement, receipt.signature)
        assert (said["house"], said["turns"], said["erased"]["events"]) == ("h1", 1, 1)
        audit = {said["audit"]["n"]: said["audit"]["hash"]}
        assert await verify(database, "h1", audit) >= 1
        with pytest.raises(ProtocolError, match="not signed by this bridge"):
            protocol.verify(public, receipt.statement.replace(b'"turns": 1', b'"turns": 0'), receipt.signature)


async def test_a_forgotten_record_beats_edits_of_before_after_and_at_the_same_time(
    tmp_path: Path, database_url: str
) -> None:
    kitchen, hall = Device("h1"), Device("h1")
    early = hall.change("f1", kind="fact", text=f"{SECRET} offline")
    async with bridge(tmp_path, **settings(tmp_path, database_url)) as port:
        async with Database(database_url) as database:
            await enrol(database, kitchen, hall)
        async with connected(port, kitchen) as (link, _):
            fact = kitchen.change("f1", kind="fact", text=SECRET)
            edit = kitchen.change("f1", kind="fact", text=f"{SECRET} again")
            milk = kitchen.change("i1", kind="item", text="milk")
            gone = kitchen.change("f1", kind="fact", deleted=True)
            erase = kitchen.event("erase", {"records": [["fact", "f1"]]})
            assert await told(link, fact, edit, milk, gone, erase) == []
        async with connected(port, hall) as (link, _):
            later = hall.change("f1", kind="fact", text=f"{SECRET} later")
            assert [one.code for one in await told(link, early, later)] == [Code.ERASED] * 2
            page = await link.pulled(0)
            assert [one.device for one in page.items] == [kitchen.name] * 2
    kept = await everything(database_url)
    assert SECRET not in kept
    assert "milk" in kept


async def test_everything_that_was_told_before_is_forgotten_also_where_it_comes_later(
    tmp_path: Path, database_url: str
) -> None:
    kitchen, hall, neighbour = Device("h1"), Device("h1"), Device("h2")
    offline = [hall.event("turn", {"id": "t9", "text": SECRET}), hall.change("f9", kind="fact", text=SECRET)]
    async with bridge(tmp_path, **settings(tmp_path, database_url)) as port:
        async with Database(database_url) as database:
            await enrol(database, kitchen, hall, neighbour)
        async with connected(port, neighbour) as (link, _):
            assert await told(link, neighbour.change("f1", kind="fact", text="of the neighbours")) == []
        async with connected(port, kitchen) as (link, _):
            turn = kitchen.event("turn", {"id": "t1", "text": SECRET})
            fact = kitchen.change("f1", kind="fact", text=SECRET)
            erase = kitchen.event("erase", {"everything": True})
            assert await told(link, turn, fact, erase) == []
            new = kitchen.event("turn", {"id": "t2", "text": "what was said since"})
            assert await told(link, new) == []
        async with connected(port, hall) as (link, _):
            edit = hall.change("f9", kind="fact", text=f"{SECRET} edited")
            assert [one.code for one in await told(link, *offline, edit)] == [Code.ERASED] * 3
    kept = await everything(database_url)
    assert SECRET not in kept
    assert "of the neighbours" in kept
    assert "what was said since" in kept


async def test_turns_of_a_time_are_forgotten_of_the_device_that_wants_it(tmp_path: Path, database_url: str) -> None:
    kitchen, hall = Device("h1"), Device("h1")
    async with bridge(tmp_path, **settings(tmp_path, database_url)) as port:
        async with Database(database_url) as database:
            await enrol(database, kitchen, hall)
        async with connected(port, hall) as (link, _):
            assert await told(link, hall.event("turn", {"id": "t1", "text": "heard in the hall"})) == []
        async with connected(port, kitchen) as (link, _):
            turn = kitchen.event("turn", {"id": "t2", "text": SECRET})
            fact = kitchen.change("f1", kind="fact", text="remembered")
            until = (turn.clock >> 16) + 1
            erase = kitchen.event("erase", {"since_ms": until - 1_000, "until_ms": until})
            assert await told(link, turn, fact, erase) == []
    kept = await everything(database_url)
    assert SECRET not in kept
    assert "heard in the hall" in kept
    assert "remembered" in kept


async def test_a_store_restored_from_a_backup_of_before_forgets_again(tmp_path: Path) -> None:
    kitchen, url = Device("h1"), f"sqlite+aiosqlite:///{tmp_path / 'cloud.db'}"
    async with bridge(tmp_path) as port:
        async with Database(url) as database:
            await enrol(database, kitchen)
        async with connected(port, kitchen) as (link, _):
            assert await told(link, kitchen.event("turn", {"id": "t1", "text": SECRET})) == []
            async with Database(url) as database, database.engine.connect() as connection:
                await connection.execute(text("COMMIT"))
                await connection.execute(text(f"VACUUM INTO '{tmp_path / 'backup.db'}'"))
            # A line's end to Python, and none to JSON.
            assert await told(link, kitchen.event("erase", {"turns": ["a\u2028b\x85c", "t1"]})) == []
    assert SECRET not in await everything(url)
    backup = f"sqlite+aiosqlite:///{tmp_path / 'backup.db'}"
    assert SECRET in await everything(backup)
    async with Database(backup) as database:
        await migrate(database)
        who = await access(database, signer(tmp_path))
        applier = EraseApplier(database, signer(tmp_path), who.server, who.audit)
        assert await replay(database, applier, tmp_path / FILE) == 1
        assert await replay(database, applier, tmp_path / FILE) == 0
        assert await verify(database, "h1") > 0
    assert SECRET not in await everything(backup)
    assert SECRET.encode() not in (tmp_path / FILE).read_bytes()


async def test_an_erasure_that_a_crash_cut_off_spoils_no_other(tmp_path: Path) -> None:
    kept, url = tmp_path / FILE, f"sqlite+aiosqlite:///{tmp_path / 'cloud.db'}"
    first, cut_off, last = (
        Wanted("h1", "d1", ident, n, Erase(turns=(f"t{n}",))) for n, ident in enumerate(("first", "cut off", "last"))
    )
    async with Database(url) as database:
        await migrate(database)
        who = await access(database, signer(tmp_path))
        applier = EraseApplier(database, signer(tmp_path), who.server, who.audit, file=kept)
        await applier.keep_apart([first, cut_off])
        kept.write_bytes(kept.read_bytes()[:-9])
        assert await replay(database, applier, kept) == 1
        await applier.keep_apart([last])
        assert await replay(database, applier, kept) == 1
    assert [msgspec.json.decode(line, type=Wanted) for line in kept.read_bytes().splitlines()] == [first, last]


async def test_an_erasure_that_is_none_is_put_aside(tmp_path: Path) -> None:
    kitchen = Device("h1")
    async with bridge(tmp_path) as port:
        async with Database(load(None, {"data_dir": tmp_path}).url) as database:
            await enrol(database, kitchen)
        async with connected(port, kitchen) as (link, _):
            for body in ({"turns": 5}, "nothing", {"records": [["fact"]]}):
                wrong = kitchen.event("erase", body)
                assert [one.code for one in await told(link, wrong)] == [Code.MALFORMED]
    async with Database(load(None, {"data_dir": tmp_path}).url) as database, database.transaction("h1") as connection:
        count = select(func.count()).select_from(identity_tables.erasure)
        assert (await connection.execute(count)).scalar_one() == 0


def test_the_body_of_an_erasure_names_ids_alone() -> None:
    body = msgspec.msgpack.encode(Erase(turns=("t1",), records=(("fact", "f1"),)))
    assert msgspec.msgpack.decode(body) == {"turns": ["t1"], "records": [["fact", "f1"]]}
