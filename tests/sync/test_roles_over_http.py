"""What each role may do over HTTPS, end to end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from cloud_sync.client.tls import client_context
from cloud_sync.protocol import erasure
from cloud_sync.server.erasures import EraseApplier
from cloud_sync.server.export import export_routes
from cloud_sync.server.identity.audit import lines
from cloud_sync.server.identity.houses import USUAL
from cloud_sync.server.identity.http import token_routes
from cloud_sync.server.identity.owner_http import owner_routes
from cloud_sync.server.identity.roles import Role
from cloud_sync.server.identity.tokens import Bearer
from tests.sync.bridges import Bridge, serving, store

pytestmark = pytest.mark.anyio

REQUESTS = [
    "GET /v1/devices",
    "POST /v1/devices",
    "DELETE /v1/devices/nobody",
    "GET /v1/audit",
    "GET /v1/export",
    "POST /v1/erase",
]
ANSWERS = {
    #                   devices  code  revoke  audit  export  erase
    Role.OWNER: (200, 200, 401, 200, 200, 200),  # there is no device called nobody
    Role.RESIDENT: (403, 403, 403, 403, 200, 200),
    Role.GUEST: (403, 403, 403, 403, 403, 403),
    Role.DEVICE: (403, 403, 403, 403, 200, 200),
}


@asynccontextmanager
async def answering(tmp_path: Path) -> AsyncIterator[tuple[Bridge, httpx.AsyncClient]]:
    async with store(tmp_path) as one:
        erases = EraseApplier(one.database, one.signer, one.access.server, one.access.audit, (), tmp_path / "erasures")
        routes = [
            *token_routes(one.access),
            *export_routes(one.database, one.access.tokens, one.access.audit),
            *owner_routes(one.database, one.access, erases),
        ]
        context = client_context(one.certificate.authority)
        async with serving(one, *routes), httpx.AsyncClient(base_url=one.url, verify=context) as client:
            yield one, client


@pytest.mark.parametrize("role", ANSWERS)
async def test_each_role_may_what_the_table_says(tmp_path: Path, role: Role) -> None:
    async with answering(tmp_path) as (one, client):
        async with one.database.transaction(USUAL) as connection:
            (token,) = await one.access.tokens.access(connection, [Bearer(USUAL, "somebody", role.value)])
        statuses = []
        for request in REQUESTS:
            method, path = request.split()
            answer = await client.request(method, path, headers={"Authorization": f"Bearer {token.token}"})
            statuses.append(answer.status_code)
        assert tuple(statuses) == ANSWERS[role]


async def test_an_owner_lets_a_device_in_turns_it_out_and_has_everything_forgotten(tmp_path: Path) -> None:
    async with answering(tmp_path) as (one, client):
        code = await one.access.people.add(USUAL, "Anna", Role.OWNER)
        pair = (await client.post("/v1/login", json={"code": code})).json()
        pair = (await client.post("/v1/login", json={"refresh": pair["refresh"]})).json()
        client.headers["Authorization"] = f"Bearer {pair['token']}"
        assert len((await client.post("/v1/devices")).json()["code"]) == 8
        assert (await client.get("/v1/devices")).json() == []
        receipt = (await client.post("/v1/erase")).json()
        signature = bytes.fromhex(receipt["signature"])
        said = erasure.verify(one.signer.public, erasure.statement(receipt["statement"]), signature)
        assert said["everything"] is True
        assert (tmp_path / "erasures").read_bytes().count(b"\n") == 1
        log = (await client.get("/v1/audit?after=1")).json()
        assert [line["action"] for line in log] == ["person.added", "person.login", "enrolment.code", "erased"]
        assert log[2]["actor"].startswith("person-")
        assert [line.n for line in await lines(one.database, USUAL, 1)] == [line["n"] for line in log]
        for _ in range(5):
            assert (await client.post("/v1/login", json={"code": "0000-0000"})).status_code == 403
        assert (await client.post("/v1/login", json={"code": "0000-0000"})).status_code == 429
