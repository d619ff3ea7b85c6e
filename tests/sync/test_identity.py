"""Roles, tokens, the audit chain, and turning somebody out."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text, update

from cloud_sync.protocol.errors import Code, ProtocolError
from cloud_sync.protocol.messages import Challenge, Error, Renewed
from cloud_sync.server.database import Database
from cloud_sync.server.identity import tables
from cloud_sync.server.identity.access import access
from cloud_sync.server.identity.audit import Broken, lines, verify
from cloud_sync.server.identity.enrolments import LIFE_MS
from cloud_sync.server.identity.houses import USUAL
from cloud_sync.server.identity.roles import ALLOWED, Forbidden, May, Role, may
from cloud_sync.server.identity.signing import signer
from cloud_sync.server.identity.tokens import ACCESS_MS, REFRESH_MS, Bearer
from tests.bridge import Device, bridge, connected, enrol, spoken
from tests.sync.bridges import store

pytestmark = pytest.mark.anyio

TABLE = {
    #            sync   ask    export erase  usage  audit  manage
    "owner": (False, True, True, True, True, True, True),
    "resident": (False, True, True, True, True, False, False),
    "guest": (False, True, False, False, False, False, False),
    "device": (True, True, True, True, True, False, False),
    "operator": (False,) * 7,
    "": (False,) * 7,
}


@pytest.mark.parametrize("role", TABLE)
def test_what_each_role_may(role: str) -> None:
    assert tuple(may(role, what) for what in May) == TABLE[role]
    assert set(ALLOWED) == set(Role)


async def test_a_token_is_short_lived_and_kept_as_a_hash(tmp_path: Path) -> None:
    async with store(tmp_path) as one:
        tokens, bearer = one.access.tokens, Bearer(USUAL, "d1", "device")
        async with one.database.transaction(USUAL) as connection:
            (token,) = await tokens.access(connection, [bearer])
        assert await tokens.bearer(token.token, May.EXPORT) == bearer
        with pytest.raises(Forbidden, match="a device may not manage"):
            await tokens.bearer(token.token, May.MANAGE)
        with pytest.raises(Forbidden, match="nobody has that token"):
            await tokens.bearer(token.token[:-1], May.EXPORT)
        assert token.token.encode() not in b"".join(file.read_bytes() for file in tmp_path.glob("bridge.db*"))
        one.clock.ms += ACCESS_MS + 1
        with pytest.raises(Forbidden, match="too old") as refused:
            await tokens.bearer(token.token, May.EXPORT)
        assert refused.value.code is Code.EXPIRED


async def test_whoever_stays_gets_another_token_before_the_last_expires(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud_sync.server.identity.tokens.ACCESS_MS", 60_000)
    kitchen = Device("h1")
    async with bridge(tmp_path) as port, Database(f"sqlite+aiosqlite:///{tmp_path / 'cloud.db'}") as database:
        await enrol(database, kitchen)
        async with connected(port, kitchen) as (link, welcome):
            renewed = await link.hear(Renewed)
        assert renewed.token not in ("", welcome.token)
        assert renewed.token_expires_ms > welcome.token_expires_ms
        tokens = (await access(database, signer(tmp_path))).tokens
        assert await tokens.bearer(renewed.token, May.SYNC) == Bearer("h1", kitchen.name, "device")


async def test_a_person_s_tokens_rotate_and_a_copy_ends_both(tmp_path: Path) -> None:
    async with store(tmp_path) as one:
        people, tokens = one.access.people, one.access.tokens
        code = await people.add(USUAL, "Anna", Role.OWNER)
        first = await people.log_in(code)
        with pytest.raises(ProtocolError, match="wrong, used or too old"):
            await people.log_in(code)
        second = await tokens.renewed(first.refresh)
        assert (await tokens.bearer(second.access, May.AUDIT)).role == "owner"
        with pytest.raises(Forbidden, match="nobody has that token"):
            await tokens.bearer(second.refresh, May.AUDIT)
        with pytest.raises(Forbidden, match="spent"):
            await tokens.renewed(first.refresh)
        for gone in (first.access, second.access):
            with pytest.raises(Forbidden, match="nobody has that token"):
                await tokens.bearer(gone, May.AUDIT)
        with pytest.raises(Forbidden, match="nobody has that token"):
            await tokens.renewed(second.refresh)
        assert "token.copied" in [line.action for line in await lines(one.database, USUAL)]


async def test_a_code_and_a_refreshing_token_grow_old(tmp_path: Path) -> None:
    async with store(tmp_path) as one:
        code = await one.access.people.add(USUAL, "Anna", Role.RESIDENT)
        one.clock.ms += LIFE_MS + 1
        with pytest.raises(ProtocolError, match="too old"):
            await one.access.people.log_in(code)
        pair = await one.access.people.log_in(await one.access.people.new_code(USUAL, "Anna"))
        one.clock.ms += REFRESH_MS + 1
        with pytest.raises(Forbidden, match="too old"):
            await one.access.tokens.renewed(pair.refresh)


async def test_whoever_is_turned_out_has_no_token_and_no_code_any_more(tmp_path: Path) -> None:
    async with store(tmp_path) as one:
        pair = await one.access.people.log_in(await one.access.people.add(USUAL, "Anna", Role.OWNER))
        code = await one.access.people.new_code(USUAL, "Anna")
        await one.access.revocations.revoke_person(USUAL, "Anna")
        with pytest.raises(Forbidden, match="nobody has that token"):
            await one.access.tokens.bearer(pair.access, May.ASK)
        with pytest.raises(Forbidden, match="nobody has that token"):
            await one.access.tokens.renewed(pair.refresh)
        with pytest.raises(ProtocolError, match="wrong, used or too old"):
            await one.access.people.log_in(code)


TAMPERINGS = {
    "a changed line": ('UPDATE audit SET detail = \'{"name": "hall"}\' WHERE n = 2', "line 2 of home was changed"),
    "a missing line": ("DELETE FROM audit WHERE n = 2", "line 2 of home is missing"),
    "a missing end": ("DELETE FROM audit WHERE n = 4", "home had 4 lines, and has 3"),
    "another order": ("UPDATE audit SET n = CASE n WHEN 2 THEN 3 ELSE 2 END WHERE n IN (2, 3)", "was changed"),
}


@pytest.mark.parametrize("what", TAMPERINGS)
async def test_an_audit_log_that_was_tampered_with_is_found_out(tmp_path: Path, what: str) -> None:
    statement, complaint = TAMPERINGS[what]
    async with store(tmp_path) as one:
        for _ in range(3):
            await one.access.enrolments.new_code(USUAL, "kitchen")
        assert await verify(one.database, USUAL) == 4
        async with one.database.transaction(USUAL) as connection:
            # Whoever owns the file can take the triggers away, and the order.
            await connection.execute(text("DROP TRIGGER audit_no_update"))
            await connection.execute(text("DROP TRIGGER audit_no_delete"))
            if "CASE" in statement:
                await connection.execute(text("UPDATE audit SET n = n + 100 WHERE n IN (2, 3)"))
                statement = "UPDATE audit SET n = CASE n WHEN 102 THEN 3 ELSE 2 END WHERE n > 100"
            await connection.execute(text(statement))
        with pytest.raises(Broken, match=complaint):
            await verify(one.database, USUAL)


async def test_a_log_that_was_cut_off_and_mended_is_found_out_by_a_receipt(tmp_path: Path) -> None:
    async with store(tmp_path) as one:
        await one.access.enrolments.new_code(USUAL)
        first, last = await lines(one.database, USUAL)
        async with one.database.transaction(USUAL) as connection:
            await connection.execute(text("DROP TRIGGER audit_no_delete"))
            await connection.execute(text("DELETE FROM audit WHERE n = 2"))
            await connection.execute(update(tables.audit_head).values(n=1, hash=first.hash))
        assert await verify(one.database, USUAL) == 1
        with pytest.raises(Broken, match="had line 2, by a receipt"):
            await verify(one.database, USUAL, {last.n: last.hash})


async def test_a_device_that_is_revoked_is_disconnected_by_any_worker_within_seconds(
    tmp_path: Path, database_url: str
) -> None:
    kitchen, hall, settings = Device("h1"), Device("h1"), {}
    if not database_url.startswith("sqlite"):
        settings = {"database_url": database_url.replace("+psycopg", "")}
    async with bridge(tmp_path, **settings) as port, bridge(tmp_path, **settings) as other:  # noqa: SIM117
        async with Database(database_url) as database:
            await enrol(database, kitchen, hall)
            revocations = (await access(database, signer(tmp_path))).revocations
            async with connected(port, kitchen) as (link, _), connected(other, hall) as (elsewhere, _):
                await revocations.revoke_device("h1", kitchen.name)
                await revocations.revoke_device("h1", hall.name)
                for each in (link, elsewhere):
                    said = await each.hear(Error)
                    assert (said.code, said.permanent) == (Code.REVOKED, True)
            async with spoken(port) as link:
                await link.say(kitchen.hello(await link.hear(Challenge)))
                assert (await link.hear(Error)).code == Code.REVOKED
            async with asyncio.timeout(60):
                while "device.refused" not in [line.action for line in await lines(database, "h1")]:
                    await asyncio.sleep(0.05)
