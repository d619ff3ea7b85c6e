"""``/v1/memory``: what is written is known when it is asked for, and what was told is there to be seen."""

from typing import Any

import pytest

from edge.events import KeptChanged
from tests.web.conftest import Served
from tests.web.voice import said

pytestmark = pytest.mark.anyio


async def facts(served: Served, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await served.client.get(f"/v1/memory{query}")).json()["items"]
    return found


async def remember(served: Served, text: str, topic: str | None = None) -> dict[str, Any]:
    answer = await served.client.post("/v1/memory", json={"text": text, "topic": topic})
    assert answer.status_code == 201, answer.text
    fact: dict[str, Any] = answer.json()
    return fact


async def test_what_is_written_is_recalled_by_voice(served: Served) -> None:
    fact = await remember(served, "the spare key is under the blue pot")
    assert "blue pot" in await said(served, "what do you know about the spare key")
    changed = await served.client.patch(f"/v1/memory/{fact['id']}", json={"text": "the spare key is with Tom"})
    assert (changed.json()["created"], changed.json()["id"]) == (fact["created"], fact["id"])
    assert "Tom" in await said(served, "what do you know about the spare key")
    late = await served.client.patch(
        f"/v1/memory/{fact['id']}", json={"text": "lost"}, headers={"If-Match": fact["version"]}
    )
    assert (late.status_code, late.json()["code"]) == (412, "changed_meanwhile")
    with served.assistant.bus.subscribe() as events:
        assert (await served.client.delete(f"/v1/memory/{fact['id']}")).status_code == 204
        told = await events.next()
    assert isinstance(told, KeptChanged)
    assert told.what == "memory"
    assert "Tom" not in await said(served, "what do you know about the spare key")


async def test_what_was_told_is_there_to_be_seen_and_found(served: Served) -> None:
    await said(served, "remember that the bins go out on tuesday")
    await said(served, "my name is Ada")
    await remember(served, "the boiler was serviced in may")
    assert [(fact["text"], fact["topic"]) for fact in await facts(served)] == [
        ("the bins go out on tuesday", None),
        ("Ada", "name"),
        ("the boiler was serviced in may", None),
    ]
    assert [fact["text"] for fact in await facts(served, "?about=bins")] == ["the bins go out on tuesday"]
    first = (await served.client.get("/v1/memory?limit=2")).json()
    rest = (await served.client.get("/v1/memory", params={"limit": 2, "after": first["next"]})).json()
    assert (len(first["items"]), [fact["text"] for fact in rest["items"]]) == (2, ["the boiler was serviced in may"])
    assert rest["next"] is None


async def test_a_topic_has_one_fact(served: Served) -> None:
    await remember(served, "Ada", "name")
    await remember(served, "Grace", "Name")
    assert [fact["text"] for fact in await facts(served)] == ["Grace"]
    assert "Grace" in await said(served, "what is my name")


async def test_what_is_no_fact_is_refused(served: Served) -> None:
    for wanted in ({"text": ""}, {"text": "  "}, {"text": "x" * 301}, {}, {"text": "a", "topic": "x" * 61}):
        answer = await served.client.post("/v1/memory", json=wanted)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), wanted
    for method, body in (("PATCH", {"text": "a"}), ("DELETE", None)):
        answer = await served.client.request(method, "/v1/memory/nothing", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_entry")
    assert await facts(served) == []
