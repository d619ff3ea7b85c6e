"""“This was wrong”: what is kept of it, and what is learnt."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.app import assistant
from edge.bus import Subscription
from edge.chunk import RATE
from edge.evaluation.clips import clips
from edge.evaluation.fixtures import FixtureHouse
from edge.events import Feedback
from edge.explained import FILE
from edge.memory.recordings import FOLDER, write
from tests.told import tells
from tests.web.conftest import Served
from tests.web.test_turns import ask

pytestmark = pytest.mark.anyio


async def say_wrong(served: Served, turn: str, wrong: str, meant: str = "") -> dict[str, Any]:
    answer = await served.client.post(f"/v1/turns/{turn}/feedback", json={"wrong": wrong, "meant": meant})
    told: dict[str, Any] = answer.json()
    return {**told, "status": answer.status_code}


def feedback_of(events: Subscription) -> list[tuple[str, str, bool]]:
    return [(event.turn, event.wrong, event.withdrawn) for event in events.pending() if isinstance(event, Feedback)]


async def test_what_was_explained_is_understood_at_the_next_turn(served: Served) -> None:
    before = await ask(served, "let there be bulbs")
    assert before["outcome"] == "not_understood"
    with served.assistant.bus.subscribe() as events:
        told = await say_wrong(served, before["turn"], "understood", "turn on the kitchen light")
        assert feedback_of(events) == [(before["turn"], "understood", False)]
    assert (told["result"], told["learnt"]) == ("learnt", True)
    assert told["intent"] == {"name": "HassTurnOn", "slots": {"name": "Kitchen Light"}}
    after = await ask(served, "Let there be bulbs!")
    assert (after["outcome"], after["intent"]["slots"]) == ("done", {"name": "Kitchen Light"})
    assert served.home.state("kitchen_light")["state"] == "ON"
    turn = (await served.client.get(f"/v1/turns/{before['turn']}")).json()
    assert (turn["feedback"]["wrong"], turn["feedback"]["learnt"]) == ("understood", True)


async def test_what_was_learnt_outlives_a_restart_and_can_be_taken_back(served: Served) -> None:
    before = await ask(served, "let there be bulbs")
    await say_wrong(served, before["turn"], "understood", "turn on the kitchen light")
    async with assistant(served.assistant.settings, hears=False, sink=None, stays=False) as another:
        found = await another.understand("let there be bulbs")
        assert found is not None
    with served.assistant.bus.subscribe() as events:
        assert (await served.client.delete(f"/v1/turns/{before['turn']}/feedback")).status_code == 204
        assert feedback_of(events) == [(before["turn"], "understood", True)]
    assert (await ask(served, "let there be bulbs"))["outcome"] == "not_understood"
    assert (await served.client.delete(f"/v1/turns/{before['turn']}/feedback")).status_code == 404


async def test_the_meaning_of_a_right_sentence_is_never_lost_to_one_that_was_misheard(served: Served) -> None:
    """Said was "bedroom", heard was "kitchen": "kitchen" goes on to mean the kitchen."""
    misheard = await ask(served, "turn on the kitchen light")
    told = await say_wrong(served, misheard["turn"], "heard", "turn on the bedroom light")
    assert (told["result"], told["learnt"], told["meant"]) == ("has_meaning", False, "turn on the bedroom light")
    assert (await ask(served, "turn on the kitchen light"))["intent"]["slots"] == {"name": "Kitchen Light"}


@pytest.mark.parametrize(
    ("heard", "wrong", "meant", "result"),
    [
        ("let there be bulbs", "heard", "Let there be bulbs.", "not_understood"),
        ("let there be bulbs", "heard", "frobnicate the gizmo", "not_understood"),
        ("let there be bulbs", "heard", "turn on the kitchen light", "learnt"),
        ("turn on the kitchen light", "understood", "Turn on the kitchen light!", "same"),
        ("turn on the kitchen light", "done", "turn on the kitchen light", "nothing"),
        ("turn on the kitchen light", "understood", "", "nothing"),
        ("turn on the kitchen light", "wake", "", "nothing"),
        ("turn on the kitchen light", "", "", "nothing"),
    ],
)
async def test_what_comes_of_it(served: Served, heard: str, wrong: str, meant: str, result: str) -> None:
    ended = await ask(served, heard)
    told = await say_wrong(served, ended["turn"], wrong, meant)
    assert (told["status"], told["result"], told["learnt"]) == (200, result, result == "learnt")
    (kept,) = (await served.client.get("/v1/feedback")).json()["items"]
    assert (kept["turn"], kept["heard"], kept["wrong"], kept["meant"]) == (ended["turn"], heard, wrong, meant)


@pytest.mark.parametrize("meant", ["frobnicate the gizmo", "turn on the kitchen light and open the blinds"])
async def test_a_meaning_that_is_not_understood_is_refused(served: Served, meant: str) -> None:
    ended = await ask(served, "let there be bulbs")
    told = await say_wrong(served, ended["turn"], "understood", meant)
    assert (told["status"], told["code"]) == (422, "not_understood")
    assert (await served.client.get("/v1/feedback")).json()["items"] == []


async def test_about_a_turn_that_is_not_there_nothing_is_said(served: Served) -> None:
    assert (await say_wrong(served, "abc", "wake"))["status"] == 404
    assert (await say_wrong(served, "abc", "boring"))["status"] == 422


async def test_what_a_forgotten_turn_had_taught_is_forgotten(served: Served) -> None:
    ended = await ask(served, "let there be bulbs")
    await say_wrong(served, ended["turn"], "understood", "turn on the kitchen light")
    await ask(served, "forget what I said today", "mine")
    await ask(served, "yes", "mine")
    assert (await served.client.get("/v1/feedback")).json()["items"] == []
    assert (await ask(served, "let there be bulbs"))["outcome"] == "not_understood"


async def test_recordings_with_right_sentences_can_be_evaluated(served: Served, tmp_path: Path) -> None:
    ended = await ask(served, "turn on the kitten light")
    sound = (np.sin(np.arange(RATE) / 20) * 5000).astype(np.int16)
    write(tmp_path / FOLDER, ended["turn"], sound)
    await say_wrong(served, ended["turn"], "heard", "turn on the kitchen light")
    unrecorded = await ask(served, "open the blinds")
    await say_wrong(served, unrecorded["turn"], "")
    answer = await served.client.get("/v1/feedback/evaluation")
    folder = tmp_path / "own"
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(folder)
    (clip,) = clips(folder, "commands", lang="en")
    assert clip.labels["text"] == "turn on the kitchen light"
    assert np.array_equal(clip.sound(), sound)
    house = FixtureHouse(folder / "commands" / "fixtures" / clip.labels["fixtures"])
    assert {device.name for device in house.devices()} >= {"Kitchen Light", "Bedroom Light"}
    assert "Kitchen" in house.areas()


async def test_what_is_written_into_the_file_is_understood_at_the_next_turn(served: Served, tmp_path: Path) -> None:
    assert (await ask(served, "let there be bulbs"))["outcome"] == "not_understood"
    example = {"sentence": "Let there be bulbs", "intent": "HassTurnOn", "slots": {"name": "Kitchen Light"}}
    (tmp_path / FILE).write_text(json.dumps(example), "utf-8")
    assert (await ask(served, "let there be bulbs"))["outcome"] == "done"
    (tmp_path / FILE).write_text("nonsense", "utf-8")
    assert (await ask(served, "let there be bulbs"))["outcome"] == "done", "what it was before holds"


async def test_what_was_said_lies_nowhere_openly(served: Served, tmp_path: Path) -> None:
    ended = await ask(served, "let there be bulbs")
    write(tmp_path / FOLDER, ended["turn"], np.zeros(RATE, np.int16))
    await say_wrong(served, ended["turn"], "understood", "turn on the kitchen light")
    kept = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert (tmp_path / FOLDER / f"{ended['turn']}.sealed") in kept
    for file in kept:
        assert not tells(file.read_bytes().decode("latin-1"), "let there be bulbs"), file
        assert b"fLaC" not in file.read_bytes(), file
