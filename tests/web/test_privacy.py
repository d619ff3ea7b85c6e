"""``/v1/privacy``: what is kept is seen, taken along, and erased wherever it is: on disk, in memory, on the bridge."""

import datetime
from typing import Any

import anyio
import anyio.to_thread
import pytest

from edge.api.local import serve
from edge.api.local_client import request
from edge.events import Erased
from edge.memory.episodes import Episodes
from edge.memory.recordings import FOLDER
from edge.sections import PrivacySettings
from edge.settings import Settings
from tests.web.conftest import Served
from tests.web.test_events import connected, next_message, until
from tests.web.voice import said

pytestmark = pytest.mark.anyio

SECRET = "zyzzyva"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """What is on disk can be read, to see that it is not there."""
    return settings.model_copy(update={"privacy": PrivacySettings(encrypt=False)})


async def erase(served: Served, **wanted: Any) -> dict[str, Any]:
    answer = await served.client.post("/v1/privacy/erase", json={"confirm": "erase", **wanted})
    assert answer.status_code == 200, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


async def kept(served: Served) -> dict[str, int]:
    found = (await served.client.get("/v1/privacy")).json()["kept"]
    return {each["kind"]: each["count"] for each in found}


async def turns(served: Served) -> list[str]:
    return [each["text"] for each in (await served.client.get("/v1/turns")).json()["items"]]


def on_disk(served: Served) -> bytes:
    return b"".join(file.read_bytes() for file in served.assistant.settings.data_dir.glob("hearthside.db*"))


async def fill(served: Served) -> None:
    """Something of every kind that is about the secret."""
    await said(served, f"remember that the {SECRET} sleeps in the shed", "one")
    await said(served, f"add {SECRET} to my shopping list", "one")
    await said(served, f"set a 10 minute timer called {SECRET}", "two")
    await said(served, f"remind me to feed the {SECRET} tomorrow at 7", "two")


async def test_what_is_kept_is_shown_by_kind_with_its_age(served: Served) -> None:
    await fill(served)
    await said(served, "my name is Ada")
    found = (await served.client.get("/v1/privacy")).json()
    assert found["name"] == "Ada"
    assert (found["bridge"], found["turns_days"], found["audio_days"]) == (None, 30.0, 0.0)
    kinds = {each["kind"]: each for each in found["kept"]}
    assert {kind: kinds[kind]["count"] for kind in ("turns", "facts", "lists", "timers", "reminders")} == {
        "turns": 5, "facts": 2, "lists": 2, "timers": 1, "reminders": 1,
    }  # fmt: skip
    now = datetime.datetime.now().timestamp()
    assert now - 600 < kinds["turns"]["oldest"] <= kinds["turns"]["newest"] < now
    assert {each["purpose"]: each["allowed"] for each in found["consents"]}["answers"] is False


async def test_all_of_it_is_one_download(served: Served) -> None:
    await fill(served)
    folder = served.assistant.settings.data_dir / FOLDER
    folder.mkdir()
    (folder / "abc.flac").write_bytes(b"sound")
    answer = await served.client.get("/v1/privacy/export")
    assert 'attachment; filename="hearthside-' in answer.headers["content-disposition"]
    whole = answer.json()
    assert [fact["text"] for fact in whole["memory_fact"]] == [f"the {SECRET} sleeps in the shed"]
    assert [item["text"] for item in whole["list_item"]] == [SECRET]
    assert whole["recordings"] == [{"turn": "abc", "flac": "c291bmQ="}]
    assert len(whole["memory_turn"]) == 4
    assert "schema_part" not in whole


async def test_everything_is_erased_also_what_is_in_memory(served: Served) -> None:
    await fill(served)
    folder = served.assistant.settings.data_dir / FOLDER
    folder.mkdir()
    (folder / "abc.flac").write_bytes(b"sound")
    assert SECRET.encode() in on_disk(served)
    receipt = await erase(served, what="everything")
    assert receipt["erased"] == 9
    assert (receipt["overwritten"], receipt["bridge"]) == (True, False)
    assert SECRET.encode() not in on_disk(served)
    assert list(folder.iterdir()) == []
    assert served.assistant.recent.turns() == []
    for path in ("/v1/timers", "/v1/reminders", "/v1/memory", "/v1/lists/shopping/items", "/v1/turns"):
        assert (await served.client.get(path)).json()["items"] == [], path
    assert SECRET not in await said(served, "what timers do I have")
    assert SECRET not in await said(served, "what's on my shopping list")
    # It goes on as on the first day.
    await said(served, "add milk to my shopping list")
    assert "milk" in await said(served, "what's on my shopping list")


async def test_a_conversation_a_span_a_matter_are_erased_by_themselves(served: Served) -> None:
    await fill(served)
    found = (await served.client.get("/v1/privacy/conversations")).json()["items"]
    assert [(each["session"], each["turns"]) for each in found] == [("two", 2), ("one", 2)]
    assert found[1]["text"] == f"remember that the {SECRET} sleeps in the shed"
    assert (await erase(served, what="conversation", session="one"))["erased"] == 2
    assert len(await turns(served)) == 2
    assert (await erase(served, what="about", about=SECRET))["erased"] == 3
    assert (await served.client.get("/v1/memory")).json()["items"] == []
    await said(served, "turn on the kitchen light")
    middle = datetime.datetime.now().astimezone()
    await said(served, "turn off the kitchen light")
    assert (await erase(served, what="turns", since=middle.isoformat()))["erased"] == 1
    assert await turns(served) == ["turn on the kitchen light"]
    assert (await erase(served, what="turns", until=middle.isoformat()))["erased"] == 1
    assert await turns(served) == []


async def test_kinds_are_erased_by_themselves(served: Served) -> None:
    await fill(served)
    await erase(served, what="kinds", kinds=["lists", "timers"])
    assert {"lists", "timers"} & (await kept(served)).keys() == set()
    assert (await kept(served))["reminders"] == 1
    assert (await served.client.get("/v1/timers")).json()["items"] == []
    assert SECRET not in await said(served, "what's on my shopping list")


async def test_nothing_is_erased_without_the_word_for_it(served: Served) -> None:
    await fill(served)
    for wanted in (
        {"what": "everything"},
        {"what": "everything", "confirm": "yes"},
        {"what": "nothing", "confirm": "erase"},
        {"what": "kinds", "kinds": [], "confirm": "erase"},
        {"what": "kinds", "kinds": ["consents"], "confirm": "erase"},
        {"confirm": "erase"},
    ):
        answer = await served.client.post("/v1/privacy/erase", json=wanted)
        assert (answer.status_code, answer.json()["code"]) == (422, "malformed"), wanted
    assert (await kept(served))["facts"] == 1


async def test_what_may_leave_is_said_for_each_purpose(served: Served) -> None:
    allowed = await served.client.put("/v1/privacy/consents/history", json={"allowed": True})
    assert (allowed.json()["allowed"], allowed.json()["how"]) == (True, "console")
    found = (await served.client.get("/v1/privacy")).json()["consents"]
    assert [each["purpose"] for each in found if each["allowed"]] == ["history"]
    await served.client.put("/v1/privacy/consents/history", json={"allowed": False})
    found = (await served.client.get("/v1/privacy")).json()["consents"]
    assert [each["purpose"] for each in found if each["allowed"]] == []
    assert (await served.client.put("/v1/privacy/consents/nothing", json={"allowed": True})).status_code == 422
    assert (await served.client.get("/v1/privacy/receipts")).json() == {"items": [], "next": None}


async def held(served: Served) -> str:
    """All that the assistant would still tell: the last turns, and the events that somebody may ask for again."""
    async with connected(served) as socket:
        start = (await next_message(socket))["start"]
    last = await said_event(served)
    async with connected(served, f"?after=0&start={start}") as socket:
        told = await until(socket, lambda message: message.get("turn") == last)
    return repr(served.assistant.recent.turns()) + repr(told)


async def said_event(served: Served) -> str:
    """The id of a turn that says nothing about anything."""
    turn: str = (await served.client.post("/v1/ask", json={"text": "what time is it"})).json()["turn"]
    return turn


async def test_what_is_erased_by_voice_or_by_command_is_held_by_nobody(served: Served) -> None:
    await said(served, f"add {SECRET} to my shopping list", "one")
    assert SECRET in await held(served)
    with served.assistant.bus.subscribe(listener="test") as events:
        assert (await said(served, "forget what I said today", "two")).startswith("Shall I forget 2 things")
        await said(served, "yes", "two")
        with anyio.fail_after(30):
            while not isinstance(await events.next(), Erased):
                pass
    assert SECRET not in await held(served)

    await said(served, f"add {SECRET} to my shopping list", "one")
    data_dir = served.assistant.settings.data_dir
    async with serve(served.assistant):
        # As `hearth privacy forget` does it, in a process of its own.
        await Episodes(served.assistant.storage, 30.0).forget()
        assert SECRET in await held(served)
        await anyio.to_thread.run_sync(lambda: list(request(data_dir, do="forget")))
    assert SECRET not in await held(served)
