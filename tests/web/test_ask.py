"""``/v1/ask``."""

import pytest

from tests.web.conftest import Served

pytestmark = pytest.mark.anyio


async def test_a_command_in_writing_gives_the_whole_turn(served: Served) -> None:
    answer = await served.client.post("/v1/ask", json={"text": "turn on the kitchen light"})
    turn = answer.json()
    assert (answer.status_code, turn["type"], turn["outcome"]) == (200, "turn_ended", "done")
    assert turn["actions"][0]["confirmed"] is True
    assert served.home.state("kitchen_light")["state"] == "ON"


async def test_what_is_malformed_is_a_problem(served: Served) -> None:
    answer = await served.client.post("/v1/ask", json={"text": ""})
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
