"""``/v1/turns``."""

from typing import Any

import anyio
import pytest

from edge.events import Woke
from edge.session.clock import TurnClock
from edge.session.turn import Turn
from tests.web.conftest import Served

pytestmark = pytest.mark.anyio


async def ask(served: Served, text: str, session: str = "") -> dict[str, Any]:
    answer = await served.client.post("/v1/ask", json={"text": text, **({"session": session} if session else {})})
    turn: dict[str, Any] = answer.json()
    return turn


async def listed(served: Served, **filters: Any) -> list[str]:
    answer = await served.client.get("/v1/turns", params=filters)
    assert answer.status_code == 200, answer.text
    return [turn["text"] for turn in answer.json()["items"]]


async def test_turns_are_listed_newest_first_in_pages(served: Served) -> None:
    texts = [f"turn {state} the kitchen light" for state in ("on", "off")] + ["open the blinds"]
    for text in texts:
        await ask(served, text)
    first = (await served.client.get("/v1/turns", params={"limit": 2})).json()
    assert [turn["text"] for turn in first["items"]] == [texts[2], texts[1]]
    second = (await served.client.get("/v1/turns", params={"limit": 2, "after": first["next"]})).json()
    assert [turn["text"] for turn in second["items"]] == [texts[0]]
    assert second["next"] is None


async def test_turns_are_found_by_session_outcome_and_words(served: Served) -> None:
    await ask(served, "turn on the kitchen light", "mine")
    await ask(served, "frobnicate the gizmo")
    assert await listed(served, session="mine") == ["turn on the kitchen light"]
    assert await listed(served, outcome="not_understood") == ["frobnicate the gizmo"]
    assert await listed(served, text="KITCHEN") == ["turn on the kitchen light"]
    assert await listed(served, text="nothing of the kind") == []
    assert (await served.client.get("/v1/turns", params={"outcome": "splendid"})).status_code == 422


async def test_one_turn_tells_where_its_time_went(served: Served) -> None:
    ended = await ask(served, "turn on the kitchen light")
    turn = (await served.client.get(f"/v1/turns/{ended['turn']}")).json()
    assert (turn["text"], turn["said"], turn["outcome"]) == (ended["text"], "Kitchen Light is on.", "done")
    assert turn["intent"] == {"name": "HassTurnOn", "slots": {"name": "Kitchen Light"}}
    assert turn["actions"][0]["confirmed"] is True
    stages = {(stage["kind"], stage["of"]) for stage in turn["stages"]}
    assert {("understand", "grammar"), ("act", turn["actions"][0]["device"])} <= stages
    assert turn["whole"] is True
    assert turn["events"][-1]["type"] == "turn_ended"
    assert (await served.client.get("/v1/turns/abc")).status_code == 404


async def test_an_older_turn_has_the_stages_of_its_timings(served: Served) -> None:
    ended = await ask(served, "turn on the kitchen light")
    served.assistant.recent._turns.clear()  # as after a restart
    turn = (await served.client.get(f"/v1/turns/{ended['turn']}")).json()
    assert [stage["kind"] for stage in turn["stages"]] == ["understand", "act"]
    assert (turn["whole"], turn["events"]) == (False, [])


async def test_a_turn_without_a_word_is_there_until_the_assistant_stops(served: Served) -> None:
    turn = Turn(served.assistant._stages, served.assistant.bus, served.assistant._origin(), TurnClock(1.0))
    served.assistant.bus.emit(Woke(turn=turn.id, at=1.0, word="alexa", score=0.97))
    await turn.written("  ")
    while served.assistant.recent.turn(turn.id) is None:
        await anyio.sleep(0.01)
    (found,) = (await served.client.get("/v1/turns")).json()["items"]
    assert (found["id"], found["outcome"], found["kept"]) == (turn.id, "silence", False)
    assert found["wake"] == {"word": "alexa", "score": 0.97}
    assert (await served.client.get(f"/v1/turns/{turn.id}")).json()["stages"][0]["kind"] == "wake"


async def test_once_no_journal_is_kept_turns_are_listed_until_the_assistant_stops(served: Served) -> None:
    await ask(served, "turn off the kitchen light")
    now = served.assistant.settings
    await served.assistant.adopt(
        now.model_copy(update={"memory": now.memory.model_copy(update={"keep_turns_days": 0.0})})
    )
    await ask(served, "turn on the kitchen light")
    assert await listed(served) == ["turn on the kitchen light", "turn off the kitchen light"]
    assert (await served.client.get("/v1/privacy")).json()["turns_days"] == 0


async def test_what_was_forgotten_is_in_no_list(served: Served) -> None:
    ended = await ask(served, "turn on the kitchen light")
    await ask(served, "forget what I said today", "mine")
    await ask(served, "yes", "mine")
    assert "turn on the kitchen light" not in await listed(served)
    assert (await served.client.get(f"/v1/turns/{ended['turn']}")).status_code == 404
