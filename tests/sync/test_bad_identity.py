"""Whoever is not who they say: refused with a reason, and nothing of it stored."""

import functools
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select

from cloud_sync.client.bridge_file import Bridge as Kept
from cloud_sync.client.enrolment import BridgeRefused
from cloud_sync.client.keys import device_key
from cloud_sync.client.requests import exported
from cloud_sync.client.tls import client_context
from cloud_sync.protocol.enrolment import HTTP, Nonce, ProveIt
from cloud_sync.protocol.errors import Code
from cloud_sync.protocol.keys import signed
from cloud_sync.protocol.messages import Challenge, Error, Hello
from cloud_sync.server import tables
from cloud_sync.server.database import Database
from cloud_sync.server.export import export_routes
from cloud_sync.server.identity.audit import lines
from cloud_sync.server.identity.houses import USUAL
from cloud_sync.server.identity.http import token_routes
from tests.bridge import Device, Spoken, bridge, enrol, spoken
from tests.sync.bridges import Bridge, serving, store

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def worker(folder: Path, *devices: Device) -> AsyncIterator[tuple[int, Database]]:
    """A bridge that knows these devices."""
    async with bridge(folder) as port, Database(f"sqlite+aiosqlite:///{folder / 'cloud.db'}") as database:
        await enrol(database, *devices)
        yield port, database


async def refused(link: Spoken, hello: Hello) -> Code:
    """Why."""
    await link.say(hello)
    error = await link.hear(Error)
    assert error.message
    return Code(error.code)


async def nothing_came_in(database: Database) -> bool:
    async with database.transaction("h1", "h2") as connection:
        counts = [
            await connection.scalar(select(func.count()).select_from(table)) for table in (tables.event, tables.stream)
        ]
    return counts == [0, 0]


async def test_a_hello_that_is_replayed_is_refused(tmp_path: Path) -> None:
    kitchen = Device("h1")
    async with worker(tmp_path, kitchen) as (port, database):
        async with spoken(port) as first:
            heard = kitchen.hello(await first.hear(Challenge))
        async with spoken(port) as second:
            await second.hear(Challenge)
            assert await refused(second, heard) is Code.BAD_SIGNATURE
        assert await nothing_came_in(database)


async def test_a_device_with_another_s_key_or_name_is_refused(tmp_path: Path) -> None:
    kitchen, stranger, neighbour = Device("h1"), Device("h1"), Device("h2")
    async with worker(tmp_path, kitchen, neighbour) as (port, database):
        posing = replace(kitchen, key=Ed25519PrivateKey.generate())
        as_neighbour = replace(neighbour, name=kitchen.name)
        for one, why in (
            (stranger, Code.UNKNOWN_DEVICE),
            (posing, Code.BAD_SIGNATURE),
            (as_neighbour, Code.BAD_SIGNATURE),
        ):
            async with spoken(port) as link:
                assert await refused(link, one.hello(await link.hear(Challenge))) is why
        assert await nothing_came_in(database)


async def test_a_hello_for_another_bridge_or_another_disk_is_refused(tmp_path: Path) -> None:
    kitchen = Device("h1")
    async with worker(tmp_path, kitchen) as (port, database):
        for change in ({"server": "another"}, {"nonce": b"0" * 32}):
            async with spoken(port) as link:
                challenge = await link.hear(Challenge)
                hello = kitchen.hello(msgspec.structs.replace(challenge, **change))
                assert await refused(link, hello) is Code.BAD_SIGNATURE
        async with spoken(port) as link:
            hello = kitchen.hello(await link.hear(Challenge))
            assert await refused(link, msgspec.structs.replace(hello, incarnation="other")) is Code.BAD_SIGNATURE
        assert await nothing_came_in(database)


@asynccontextmanager
async def enrolled(tmp_path: Path) -> AsyncIterator[tuple[Bridge, Kept, Path]]:
    """A bridge that gives tokens, and a board that belongs to it."""
    board = tmp_path / "board"
    async with store(tmp_path) as one:
        routes = [*token_routes(one.access), *export_routes(one.database, one.access.tokens, one.access.audit)]
        async with serving(one, *routes):
            from cloud_sync.client.enrolment import enrol as tell

            code = await one.code()
            yield one, await anyio.to_thread.run_sync(functools.partial(tell, board, one.url, code)), board


async def fetched(board: Path, kept: Kept) -> list[dict[str, object]]:
    return await anyio.to_thread.run_sync(functools.partial(exported, board, kept))


async def test_a_token_is_given_for_a_signature_once(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (one, kept, board):
        assert "device" in {row["table"] for row in await fetched(board, kept)}
        async with httpx.AsyncClient(base_url=one.url, verify=kept.context()) as client:
            nonce = msgspec.json.decode((await client.post("/v1/challenge")).content, type=Nonce)
            key = device_key(board)
            proof = ProveIt(
                device=kept.device,
                nonce=nonce.nonce,
                signature=signed(key, nonce.server, nonce.nonce, kept.device, HTTP),
            )
            assert (await client.post("/v1/token", content=msgspec.json.encode(proof))).status_code == 200
            again = await client.post("/v1/token", content=msgspec.json.encode(proof))
            assert (again.status_code, again.json()["code"]) == (403, "bad_signature")
            # Signed for a connection, not for this.
            fresh = msgspec.json.decode((await client.post("/v1/challenge")).content, type=Nonce)
            other = signed(key, fresh.server, fresh.nonce, kept.device, "an incarnation")
            wrong = ProveIt(device=kept.device, nonce=fresh.nonce, signature=other)
            refused = await client.post("/v1/token", content=msgspec.json.encode(wrong))
            assert (refused.status_code, refused.json()["code"]) == (403, "bad_signature")


async def test_a_request_without_a_good_token_gets_nothing(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (one, kept, _):
        async with httpx.AsyncClient(base_url=one.url, verify=kept.context()) as client:
            for headers in (
                {},
                {"Authorization": "Bearer"},
                {"Authorization": "Bearer x"},
                {"Authorization": "Basic eDp4"},
            ):
                answer = await client.get("/v1/export", headers=headers)
                assert (answer.status_code, answer.json()["code"]) == (401, "unknown_device")
            too_large = await client.post("/v1/token", content=b"x" * 100_000)
            assert (too_large.status_code, too_large.json()["code"]) == (413, "too_large")
            assert (await client.post("/v1/enrol", content=b"{}")).json()["code"] == "malformed"
        assert "exported" not in [line.action for line in await lines(one.database, USUAL)]


async def test_a_revoked_device_gets_no_token_and_no_export(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (one, kept, board):
        await one.access.revocations.revoke_device(USUAL, kept.device)
        with pytest.raises(BridgeRefused, match="may not come in any more"):
            await fetched(board, kept)
        assert [line.action for line in await lines(one.database, USUAL)][-2:] == ["device.revoked", "device.refused"]


async def test_a_token_of_another_house_shows_that_house_alone(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (one, kept, board):
        from cloud_sync.client.enrolment import enrol as tell
        from cloud_sync.server.identity.houses import add_house

        await add_house(one.database, one.access.audit, "other")
        code, second = await one.code("other"), tmp_path / "second"
        other = await anyio.to_thread.run_sync(functools.partial(tell, second, one.url, code))
        assert {row["house"] for row in await fetched(second, other)} == {"other"}
        assert {row["house"] for row in await fetched(board, kept)} == {USUAL}


async def test_the_board_takes_no_other_bridge_for_its_own(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (_, kept, board):
        with pytest.raises(BridgeRefused, match="not the bridge that this device was enrolled with"):
            await fetched(board, msgspec.structs.replace(kept, server="another"))
        with pytest.raises(BridgeRefused, match="certificate"):
            await fetched(board, msgspec.structs.replace(kept, authority=""))


async def test_nothing_older_than_tls_1_3_is_spoken(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (one, kept, _):
        old = client_context(None, kept.authority)
        old.minimum_version = ssl.TLSVersion.TLSv1_2
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        async with httpx.AsyncClient(base_url=one.url, verify=old) as client:
            with pytest.raises(httpx.ConnectError):
                await client.post("/v1/challenge")
        assert client_context(None, kept.authority).minimum_version is ssl.TLSVersion.TLSv1_3
