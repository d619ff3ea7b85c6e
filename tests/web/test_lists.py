"""``/v1/lists``: one list, whether it is spoken of or looked at."""

from typing import Any

import pytest

from tests.web.conftest import Served
from tests.web.voice import said

pytestmark = pytest.mark.anyio


async def items(served: Served, ident: str = "shopping") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await served.client.get(f"/v1/lists/{ident}/items")).json()["items"]
    return found


async def texts(served: Served, ident: str = "shopping") -> list[str]:
    return [item["text"] for item in await items(served, ident) if not item["done"]]


async def add(served: Served, *wanted: str, ident: str = "shopping") -> None:
    answer = await served.client.post(f"/v1/lists/{ident}/items", json={"texts": wanted})
    assert answer.status_code == 201, answer.text


async def change(served: Served, item: dict[str, Any], headers: dict[str, str] | None = None, **wanted: Any) -> Any:
    return await served.client.patch(f"/v1/lists/shopping/items/{item['id']}", json=wanted, headers=headers or {})


async def test_what_is_written_is_heard_and_what_is_said_is_seen(served: Served) -> None:
    await add(served, "milk", "eggs")
    reply = await said(served, "what's on my shopping list")
    assert "milk" in reply
    assert "eggs" in reply
    await said(served, "add bread to my shopping list")
    assert await texts(served) == ["milk", "eggs", "bread"]


async def test_what_is_checked_off_is_done_for_the_voice_and_can_wait_again(served: Served) -> None:
    await add(served, "milk", "eggs")
    milk, _ = await items(served)
    assert (await change(served, milk, done=True)).json()["done"] is True
    assert "milk" not in await said(served, "what's on my shopping list")
    assert [(item["text"], item["done"]) for item in await items(served)] == [("eggs", False), ("milk", True)]
    await change(served, milk, done=False)
    assert "milk" in await said(served, "what's on my shopping list")
    await said(served, "check off milk on my shopping list")
    await add(served, "Milk")
    assert [(item["text"], item["done"]) for item in await items(served)] == [("eggs", False), ("Milk", False)]


async def test_a_new_list_is_understood_at_once(served: Served) -> None:
    made = await served.client.post("/v1/lists", json={"name": "Hardware store"})
    assert (made.status_code, made.json()["id"]) == (201, "hardware store")
    await said(served, "add nails to the hardware store list")
    assert await texts(served, "hardware store") == ["nails"]
    renamed = await served.client.patch("/v1/lists/hardware store", json={"name": "workshop"})
    assert renamed.json()["waiting"] == 1
    assert "nails" in await said(served, "what's on the workshop list")
    assert (await served.client.delete("/v1/lists/workshop")).status_code == 204
    names = [each["name"] for each in (await served.client.get("/v1/lists")).json()["items"]]
    assert names == ["shopping", "to do"]


async def test_items_are_put_into_another_order(served: Served) -> None:
    await add(served, "milk", "eggs", "bread")
    milk, _, bread = await items(served)
    await change(served, bread, before=milk["id"])
    assert await texts(served) == ["bread", "milk", "eggs"]
    await change(served, bread, before="")
    await said(served, "add tea to my shopping list")
    assert await texts(served) == ["milk", "eggs", "bread", "tea"]


async def test_an_item_that_was_changed_meanwhile_is_not_overwritten(served: Served) -> None:
    await add(served, "milk")
    (seen,) = await items(served)
    await change(served, seen, text="oat milk")
    late = await change(served, seen, {"If-Match": f'"{seen["version"]}"'}, text="goat milk")
    assert (late.status_code, late.json()["code"]) == (412, "changed_meanwhile")
    (now,) = await items(served)
    assert now["text"] == "oat milk"
    assert (await change(served, now, {"If-Match": now["version"]}, text="goat milk")).status_code == 200


async def test_what_is_done_is_cleared(served: Served) -> None:
    await add(served, "milk", "eggs")
    milk, _ = await items(served)
    await change(served, milk, done=True)
    assert (await served.client.delete("/v1/lists/shopping/items")).status_code == 204
    assert [item["text"] for item in await items(served)] == ["eggs"]
    await served.client.delete("/v1/lists/shopping/items?done=false")
    assert await items(served) == []


WRONG: list[tuple[str, str, dict[str, Any] | None, int]] = [
    ("POST", "/v1/lists", {"name": ""}, 422),
    ("POST", "/v1/lists", {"name": "  "}, 422),
    ("POST", "/v1/lists", {"name": "Shopping"}, 422),
    ("PATCH", "/v1/lists/shopping", {"name": "food"}, 422),
    ("GET", "/v1/lists/nothing/items", None, 404),
    ("DELETE", "/v1/lists/nothing", None, 404),
    ("POST", "/v1/lists/shopping/items", {}, 422),
    ("POST", "/v1/lists/shopping/items", {"text": " "}, 422),
    ("POST", "/v1/lists/shopping/items", {"text": "x" * 201}, 422),
    ("PATCH", "/v1/lists/shopping/items/nothing", {"done": True}, 404),
    ("DELETE", "/v1/lists/shopping/items/nothing", None, 404),
]


async def test_what_is_wrong_is_a_problem(served: Served) -> None:
    for method, path, body, status in WRONG:
        answer = await served.client.request(method, path, json=body)
        told = (answer.status_code, answer.headers["content-type"])
        assert told == (status, "application/problem+json"), (method, path, body)


async def test_a_change_by_voice_is_told(served: Served) -> None:
    with served.assistant.bus.subscribe() as events:
        await served.assistant.ask("add milk to my shopping list")
        told = [getattr(event, "what", None) for event in events.pending()]
    assert "lists" in told
