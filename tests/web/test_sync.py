"""``/v1/sync``, and erasing on the bridge: an assistant with its page, hearth-sync, and a real bridge over TLS."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest

from edge.api.web.server import serve
from edge.app import assistant
from edge.assistant import Assistant
from edge.sections import ApiSettings, MqttSettings, UnderstandSettings
from edge.settings import load
from tests.enrolled import Home, home, until
from tests.web.conftest import Served

__all__ = ["home"]

pytestmark = pytest.mark.anyio

SECRET = "zyzzyva"


@asynccontextmanager
async def at(home: Home) -> AsyncIterator[tuple[Assistant, httpx.AsyncClient]]:
    """The assistant of that board, without a broker, and its API."""
    settings = load().model_copy(
        update={
            "api": ApiSettings(port=0, tls_port=0),
            "mqtt": MqttSettings(port=9),
            "understand": UnderstandSettings(llm="none", semantic=False),
        }
    )
    async with (
        assistant(settings, hears=False, sink=None) as running,
        serve(running) as address,
        httpx.AsyncClient(base_url=address, timeout=60) as client,
    ):
        yield running, client


async def eventually(client: httpx.AsyncClient, path: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    with anyio.fail_after(90):
        while True:
            found: dict[str, Any] = (await client.get(path)).json()
            if holds(found):
                return found
            await anyio.sleep(0.1)


async def test_without_a_bridge_it_says_so(served: Served) -> None:
    found = (await served.client.get("/v1/sync")).json()
    assert (found["bridge"], found["running"], found["waiting"]) == (None, False, {})
    for answer in (await served.client.post("/v1/sync/now"), await served.client.get("/v1/sync/usage")):
        assert (answer.status_code, answer.json()["code"]) == (404, "no_bridge")


async def test_what_waits_is_shown_sent_and_counted(home: Home) -> None:
    async with at(home) as (running, client):
        await client.put("/v1/privacy/consents/history", json={"allowed": True})
        await running.ask("what time is it")
        away = (await client.get("/v1/sync")).json()
        assert (away["running"], away["linked"]) == (False, False)
        assert away["waiting"] == {"consent": 1, "turn": 1}
        nobody = await client.post("/v1/sync/now")
        assert (nobody.status_code, nobody.json()["code"]) == (503, "unreachable")
        async with home.syncing():
            assert (await client.post("/v1/sync/now")).status_code == 200
            linked = await eventually(
                client, "/v1/sync", lambda found: found["linked"] and not found["waiting"] and found["acked"]
            )
            assert (linked["acked"], linked["error"], linked["next_try_s"]) == (2, "", None)
            used = (await client.get("/v1/sync/usage?days=7")).json()
            assert (used["questions"], used["lines"]) == (0, [])
            assert (await client.get("/v1/sync/usage?days=0")).status_code == 422


async def test_what_is_erased_on_the_page_is_gone_on_the_bridge(home: Home) -> None:
    async with at(home) as (running, client), home.syncing():
        for purpose in ("history", "memory"):
            await client.put(f"/v1/privacy/consents/{purpose}", json={"allowed": True})
        await client.post("/v1/lists/shopping/items", json={"text": SECRET})
        fact = (await client.post("/v1/memory", json={"text": f"the {SECRET} sleeps"})).json()
        await running.ask(f"where is the {SECRET}")
        await until(lambda: home.on_the_bridge().count(SECRET.encode()) >= 3)
        assert [row for row in (await client.get("/v1/privacy/export")).json()["bridge"] if SECRET in str(row)]
        receipt = await client.post("/v1/privacy/erase", json={"what": "turns", "confirm": "erase"})
        assert receipt.json()["bridge"] is True
        await client.delete(f"/v1/memory/{fact['id']}")
        await client.post("/v1/privacy/erase", json={"what": "kinds", "kinds": ["lists"], "confirm": "erase"})
        await until(lambda: SECRET.encode() not in home.on_the_bridge())
        found = await eventually(
            client, "/v1/privacy/receipts", lambda found: all(each["done"] for each in found["items"])
        )
        assert all(each["genuine"] for each in found["items"])
        assert sum(each["erased"] for each in found["items"]) >= 3
    assert SECRET.encode() not in home.on_the_board()
