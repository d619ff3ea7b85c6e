"""``/v1/timers``: what is started by hand is known by voice, and the other way round."""

from typing import Any

import pytest

from tests.web.conftest import Served
from tests.web.voice import said

pytestmark = pytest.mark.anyio


async def start(served: Served, **wanted: Any) -> dict[str, Any]:
    answer = await served.client.post("/v1/timers", json=wanted)
    assert answer.status_code == 201, answer.text
    timer: dict[str, Any] = answer.json()
    return timer


async def timers(served: Served) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await served.client.get("/v1/timers")).json()["items"]
    return found


async def test_a_timer_of_the_page_is_known_by_voice(served: Served) -> None:
    timer = await start(served, seconds=600, name="pasta", area="Kitchen")
    assert (timer["name"], timer["area"], timer["state"], timer["length_s"]) == ("pasta", "Kitchen", "running", 600)
    assert 540 < timer["left_s"] <= 600
    assert "pasta" in await said(served, "how much time is left on my timers")
    await said(served, "cancel the pasta timer")
    assert await timers(served) == []


async def test_a_timer_of_the_voice_is_on_the_page(served: Served) -> None:
    await said(served, "set a 20 minute timer called tea")
    (timer,) = await timers(served)
    assert (timer["name"], timer["length_s"]) == ("tea", 1200)
    changed = await served.client.patch(
        f"/v1/timers/{timer['id']}", json={"paused": True, "add_s": 60, "name": "green tea"}
    )
    assert changed.json()["state"] == "paused"
    assert 1201 < changed.json()["left_s"] <= 1260
    await said(served, "resume the green tea timer")
    assert [timer["state"] for timer in await timers(served)] == ["running"]


async def test_what_rings_can_be_given_more_time_and_stopped(served: Served) -> None:
    with served.assistant.bus.subscribe() as events:
        timer = await start(served, seconds=0.05)
        while (event := await events.next()).__class__.__name__ != "Rang":
            pass
        assert [timer["state"] for timer in await timers(served)] == ["ringing"]
        refused = await served.client.patch(f"/v1/timers/{timer['id']}", json={"paused": True})
        assert (refused.status_code, refused.json()["code"]) == (422, "not_kept")
        more = await served.client.patch(f"/v1/timers/{timer['id']}", json={"add_s": 300})
        assert more.json()["state"] == "running"
        assert served.assistant.announcer.ringing is None
        assert event.turn == ""
    assert (await served.client.delete(f"/v1/timers/{timer['id']}")).status_code == 204
    assert await timers(served) == []


async def test_every_change_is_told(served: Served) -> None:
    with served.assistant.bus.subscribe() as events:
        await start(served, seconds=60)
        told = await events.next()
    assert (type(told).__name__, getattr(told, "what", None)) == ("KeptChanged", "timers")


NO_TIMERS: list[dict[str, Any]] = [
    {"seconds": 0},
    {"seconds": -5},
    {"seconds": 1e9},
    {"seconds": 60, "name": "x" * 61},
    {"seconds": 60, "nmae": "pasta"},
    {},
]


async def test_what_is_no_timer_is_refused(served: Served) -> None:
    for wanted in NO_TIMERS:
        answer = await served.client.post("/v1/timers", json=wanted)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), wanted
    assert await timers(served) == []


async def test_a_timer_that_is_over_is_not_found(served: Served) -> None:
    for answer in (
        await served.client.patch("/v1/timers/nothing", json={"paused": True}),
        await served.client.patch("/v1/timers/nothing", json={}),
        await served.client.delete("/v1/timers/nothing"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_entry")
