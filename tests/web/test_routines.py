"""``/v1/routines``: what is written is done at its name, and only what is understood can be written."""

from typing import Any

import pytest

from tests.web.conftest import Served
from tests.web.voice import said

pytestmark = pytest.mark.anyio

STEPS = ["turn on the kitchen light", "set a 5 minute timer"]


async def make(served: Served, name: str = "breakfast", steps: list[str] | None = None) -> Any:
    return await served.client.post("/v1/routines", json={"name": name, "steps": steps or STEPS})


async def names(served: Served) -> list[str]:
    return [each["name"] for each in (await served.client.get("/v1/routines")).json()["items"]]


async def test_a_routine_of_the_page_is_done_at_its_name(served: Served) -> None:
    made = await make(served)
    assert (made.status_code, made.json()["steps"], made.json()["editable"]) == (201, STEPS, True)
    await said(served, "breakfast")
    assert served.home.state("kitchen_light")["state"] == "ON"
    assert len((await served.client.get("/v1/timers")).json()["items"]) == 1


async def test_one_that_was_taught_is_edited_and_renamed(served: Served) -> None:
    await said(served, "when I say bedtime turn off the kitchen light")
    (routine,) = (await served.client.get("/v1/routines")).json()["items"]
    assert (routine["id"], routine["name"]) == ("bedtime", "bedtime")
    path, new = "/v1/routines/bedtime", {"name": "film night", "steps": ["turn on the kitchen light"]}
    assert (await served.client.put(path, json=new)).json()["id"] == "film night"
    assert await names(served) == ["film night"]
    await said(served, "film night")
    assert served.home.state("kitchen_light")["state"] == "ON"
    late = await served.client.put(
        "/v1/routines/film night", json={"name": "film night", "steps": STEPS}, headers={"If-Match": routine["version"]}
    )
    assert (late.status_code, late.json()["code"]) == (412, "changed_meanwhile")
    assert (await served.client.delete("/v1/routines/film night")).status_code == 204
    assert await names(served) == []


async def test_the_answer_says_which_step_is_not_understood(served: Served) -> None:
    answer = await make(served, steps=["turn on the kitchen light", "fold the laundry"])
    assert (answer.status_code, answer.json()["code"]) == (422, "not_kept")
    assert "step 2, 'fold the laundry'" in answer.json()["detail"]
    await make(served)
    found = await served.client.post(
        "/v1/routines/check", json={"steps": [*STEPS, "fold the laundry", "breakfast", ""]}
    )
    assert [bool(step["wrong"]) for step in found.json()] == [False, False, True, True, True]
    assert found.json()[0]["intents"] == ["HassTurnOn"]
    assert served.home.state("kitchen_light")["state"] != "ON"


async def test_names_that_mean_something_are_refused(served: Served) -> None:
    await make(served)
    for name in ("turn on the kitchen light", "Breakfast", "  "):
        assert (await make(served, name)).status_code == 422, name
    assert await names(served) == ["breakfast"]
    for method, body in (("PUT", {"name": "x", "steps": STEPS}), ("DELETE", None)):
        answer = await served.client.request(method, "/v1/routines/nothing", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_what_is_in_the_file_is_shown_and_not_changed(served: Served) -> None:
    file = served.assistant.settings.data_dir / "routines.yaml"
    file.write_text("good night:\n  - turn off the kitchen light\n", encoding="utf-8")
    (routines,) = [skill for skill in served.assistant.skills if type(skill).__name__ == "Routines"]
    await routines.load()  # type: ignore[attr-defined]  # as at the start
    (seen,) = (await served.client.get("/v1/routines")).json()["items"]
    assert (seen["name"], seen["editable"]) == ("good night", False)
    refused = await served.client.delete("/v1/routines/good night")
    assert (refused.status_code, refused.json()["remedy"]) == (422, "edit routines.yaml")
