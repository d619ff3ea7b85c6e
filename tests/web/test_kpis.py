"""``/v1/kpis``."""

import time

import pytest

from tests.web.conftest import Served

pytestmark = pytest.mark.anyio


async def test_what_was_asked_is_a_task_of_this_week(served: Served) -> None:
    begun = time.monotonic()
    await served.client.post("/v1/ask", json={"text": "turn on the kitchen light"})
    await served.client.post("/v1/ask", json={"text": "colourless green ideas sleep furiously"})
    took = time.monotonic() - begun
    # Who listens to events has had a turn.
    await served.client.get("/metrics")
    await served.assistant.observation.figures.write(everything=True)
    told = (await served.client.get("/v1/kpis", params={"weeks": 3})).json()
    assert told["asks_satisfaction"] is False
    assert [week["tasks"] for week in told["weeks"]] == [0, 0, 2]
    assert told["weeks"][0]["success_rate"] is None
    assert (told["weeks"][-1]["success_rate"], told["weeks"][-1]["turns_per_task"]) == (0.5, 1.0)
    assert 0 < told["weeks"][-1]["mean_s"] < took


@pytest.mark.parametrize("weeks", ["0", "105", "many"])
async def test_weeks_that_are_none_are_a_problem(served: Served, weeks: str) -> None:
    answer = await served.client.get("/v1/kpis", params={"weeks": weeks})
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
