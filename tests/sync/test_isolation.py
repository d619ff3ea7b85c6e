"""Every house sees its own rows alone, in both stores."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, event, insert, inspect, select, text, update
from sqlalchemy.exc import DBAPIError

from cloud_sync.protocol.messages import Receipt
from cloud_sync.server import tables
from cloud_sync.server.database import Database, metadata
from cloud_sync.server.erasures import StoredReceipts
from cloud_sync.server.identity import tables as identity_tables
from cloud_sync.server.identity.access import Access, access
from cloud_sync.server.identity.audit import lines, verify
from cloud_sync.server.identity.devices import devices_of
from cloud_sync.server.identity.houses import add_house
from cloud_sync.server.identity.roles import Role
from cloud_sync.server.identity.signing import signer
from cloud_sync.server.migrate import migrate
from tests.bridge import Device, bridge, connected, enrol
from tests.postgres import Postgres

pytestmark = pytest.mark.anyio


@pytest.fixture
def postgres_url(cluster: Postgres, request: pytest.FixtureRequest) -> str:
    return cluster.create(f"i{abs(hash(request.node.name)) % 10**9}")


@asynccontextmanager
async def filled(url: str) -> AsyncIterator[tuple[Database, Database]]:
    """A store with a row of house ``a`` and one of house ``b`` in every table that has houses: its owner, a worker."""
    async with Database(url) as owner, Database(url, worker=True) as worker:
        await migrate(owner)
        async with owner.transaction("a", "b") as connection:
            for table in of_houses():
                for house in ("a", "b"):
                    await connection.execute(insert(table).values(row(table, house)))
        yield owner, worker


def of_houses() -> list[Any]:
    return [table for table in metadata.sorted_tables if "house" in table.columns]


def row(table: Any, house: str) -> dict[str, Any]:
    """Something for every column that must have something."""
    made = {}
    for column in table.columns:
        if column.name == "house":
            made[column.name] = house
        elif (
            column.nullable
            or (column.server_default is not None and not column.primary_key)
            or column.autoincrement is True
        ):
            continue
        else:
            kind = column.type.python_type
            made[column.name] = {str: house, int: 1, bytes: house.encode(), bool: True, float: 1.0}[kind]
    return made


async def test_a_worker_sees_and_writes_the_houses_it_names_alone(postgres_url: str) -> None:
    async with filled(postgres_url) as (owner, worker):
        for table in of_houses():
            for houses, seen in (
                ((), set()),
                (("a",), {"a"}),
                (("b",), {"b"}),
                (("c",), set()),
                (("a", "b"), {"a", "b"}),
            ):
                async with worker.transaction(*houses) as connection:
                    # Without any WHERE: it is the store that keeps them apart.
                    found = set((await connection.execute(select(table.c.house))).scalars())
                assert found == seen, (table.name, houses)
            async with worker.transaction("a") as connection:
                if table.name != "audit":
                    await connection.execute(update(table).values(house=table.c.house))
                    done = await connection.execute(delete(table))
                    assert done.rowcount == 1, table.name
            async with owner.transaction() as connection:
                left = set((await connection.execute(select(table.c.house))).scalars())
            assert "b" in left, table.name
            with pytest.raises(DBAPIError, match="row-level security"):
                async with worker.transaction("a") as connection:
                    await connection.execute(insert(table).values(row(table, "z")))


async def test_whoever_is_looked_up_by_a_key_is_all_that_is_seen(postgres_url: str) -> None:
    async with filled(postgres_url) as (_, worker):
        for table, key in (
            (tables.device, "device"),
            (identity_tables.token, "token_hash"),
            (identity_tables.enrolment, "code_hash"),
        ):
            async with worker.transaction(keys=["a"]) as connection:
                assert (await connection.execute(select(table.c[key]))).scalars().all() == ["a"]
            async with worker.transaction(keys=["a"]) as connection:
                changed = await connection.execute(update(table).values(house="b"))
                assert changed.rowcount == 0, table.name


async def test_the_worker_s_role_can_not_be_left_and_may_not_do_what_it_need_not(postgres_url: str) -> None:
    async with filled(postgres_url) as (owner, worker):
        async with owner.transaction() as connection:
            query = "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcanlogin FROM pg_roles WHERE rolname = 'hearth_worker'"
            assert tuple((await connection.execute(text(query))).one()) == (False, False, False, False)
            with_policy = set((await connection.execute(text("SELECT tablename FROM pg_policies"))).scalars())
            every = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
            assert every <= with_policy
        async with worker.transaction("a") as connection:
            assert (await connection.execute(text("SELECT current_user"))).scalar_one() == "hearth_worker"
            await connection.execute(text("RESET ROLE"))
            assert (await connection.execute(text("SELECT current_user"))).scalar_one() == "hearth_worker"
        for forbidden in (
            "DROP TABLE audit",
            "ALTER TABLE audit DISABLE TRIGGER ALL",
            "CREATE TABLE more (n int)",
            "DELETE FROM store",
        ):
            with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
                async with worker.transaction("a") as connection:
                    await connection.execute(text(forbidden))


@pytest.mark.parametrize("what", ["UPDATE audit SET action = 'nothing'", "DELETE FROM audit", "TRUNCATE audit"])
async def test_the_audit_log_is_only_added_to_even_by_its_owner(database_url: str, what: str) -> None:
    if what.startswith("TRUNCATE") and database_url.startswith("sqlite"):
        what = "DELETE FROM audit WHERE n > 0"  # SQLite has no TRUNCATE
    async with filled(database_url) as (owner, _):
        with pytest.raises(DBAPIError, match="only ever added to"):
            async with owner.transaction("a") as connection:
                await connection.execute(text(what))
        async with owner.transaction("a") as connection:
            assert (await connection.execute(select(identity_tables.audit.c.n))).all()


_TOUCHES = re.compile(r'(?:FROM|JOIN|UPDATE|INTO)\s+"?(\w+)"?', re.I)


async def test_every_statement_of_a_bridge_names_the_house_or_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite has no policies: there the WHERE clauses alone keep houses apart."""
    named, seen = {table.name for table in of_houses()}, []

    def look(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    create = Database.__init__

    def watched(self: Database, url: str, *, worker: bool = False) -> None:
        create(self, url, worker=worker)
        if worker:
            event.listen(self.engine.sync_engine, "before_cursor_execute", look)

    monkeypatch.setattr(Database, "__init__", watched)
    # What is too old is deleted for all houses, in SQLite over the same connection.
    monkeypatch.setattr("cloud_sync.server.app._upkeep", lambda settings, database: ())
    kitchen, hall, other = Device("a"), Device("a"), Device("b")
    async with bridge(tmp_path) as port:
        async with Database(f"sqlite+aiosqlite:///{tmp_path / 'cloud.db'}") as database:
            await enrol(database, kitchen, hall, other)
        for one in (kitchen, other):
            async with connected(port, one) as (link, _):
                turns, change = one.turns(2), one.change("1", name=f"of {one.house}")
                await link.told(*turns, change, one.event("erase", {"turns": ["none"]}))
        async with connected(port, hall) as (link, _):
            page = await link.pulled(0)
            assert {each.device for each in page.items} == {kitchen.name}
        async with connected(port, kitchen) as (link, _):
            # What it has not taken yet is looked for when it is back.
            while not isinstance(await link.next(), Receipt):
                pass
    keys = {"device": "device", "token": "token_hash", "enrolment": "code_hash"}
    touched, loose = set(), []
    for statement in seen:
        if not statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE")):
            continue
        for name in set(_TOUCHES.findall(statement)) & named:
            touched.add(name)
            where = statement[statement.upper().find("WHERE") :] if "WHERE" in statement.upper() else ""
            by = [f"{name}.house", "house", *([keys[name]] if name in keys else [])]
            if not any(column in where for column in by):
                loose.append(statement)
    assert loose == []
    assert {"device", "event", "change", "register", "erasure", "consent", "audit_head"} <= touched


async def test_what_is_asked_of_one_house_tells_nothing_of_another(database_url: str, tmp_path: Path) -> None:
    async with Database(database_url) as database:
        await migrate(database)
        who: Access = await access(database, signer(tmp_path))
        for house in ("a", "b"):
            await add_house(database, who.audit, house)
            await who.people.add(house, "Anna", Role.OWNER)
        await who.revocations.revoke_person("a", "Anna")
        assert [(name, revoked is None) for name, _, revoked in await who.people.all("b")] == [("Anna", True)]
        assert [line.action for line in await lines(database, "b")] == ["house.added", "person.added"]
        assert await verify(database, "a") == 3
        assert await devices_of(database, "b") == []
        assert await StoredReceipts(database, lambda: 1).untaken("b", "a") == []
