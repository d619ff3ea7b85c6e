"""``/v1/alarms`` and ``/v1/later``: what is set by hand is told and cancelled by voice, and the other way round."""

import datetime
from typing import Any

import pytest

from edge.events import Rang
from tests.web.conftest import Served
from tests.web.voice import said

pytestmark = pytest.mark.anyio


async def alarms(served: Served) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await served.client.get("/v1/alarms")).json()["items"]
    return found


async def add(served: Served, **wanted: Any) -> dict[str, Any]:
    answer = await served.client.post("/v1/alarms", json=wanted)
    assert answer.status_code == 201, answer.text
    alarm: dict[str, Any] = answer.json()
    return alarm


def clock(alarm: dict[str, Any]) -> str:
    return str(alarm["at"])[11:16]


def soon() -> str:
    """Time enough for the request, on a busy machine."""
    return (datetime.datetime.now().astimezone() + datetime.timedelta(seconds=6)).isoformat()


async def test_an_alarm_of_the_page_is_told_and_cancelled_by_voice(served: Served) -> None:
    tomorrow = datetime.datetime.now() + datetime.timedelta(days=1)
    alarm = await add(served, at=f"{tomorrow:%Y-%m-%d}T06:45", text="gym")
    assert (clock(alarm), alarm["every"], alarm["ringing"]) == ("06:45", None, False)
    assert "6:45" in await said(served, "what alarms do I have")
    await said(served, "cancel my alarm")
    assert await alarms(served) == []


async def test_one_that_was_said_is_edited_by_hand(served: Served) -> None:
    await said(served, "set an alarm for 7 every weekday")
    (alarm,) = await alarms(served)
    assert (clock(alarm), alarm["every"]) == ("07:00", {"unit": "week", "interval": 1, "days": [0, 1, 2, 3, 4]})
    path = f"/v1/alarms/{alarm['id']}"
    renamed = await served.client.patch(path, json={"text": "school"})
    assert (renamed.json()["text"], renamed.json()["every"]) == ("school", alarm["every"])
    late = await served.client.patch(path, json={"text": "work"}, headers={"If-Match": alarm["version"]})
    assert (late.status_code, late.json()["code"]) == (412, "changed_meanwhile")
    moved = await served.client.patch(path, json={"when": "tomorrow at 8:15"})
    assert (clock(moved.json()), moved.json()["every"], moved.json()["text"]) == ("08:15", None, "school")
    assert "8:15" in await said(served, "what alarms do I have")


async def test_it_comes_again_as_it_was_written(served: Served) -> None:
    at = datetime.datetime.now().astimezone() - datetime.timedelta(days=3)
    alarm = await add(served, at=at.isoformat(), every={"unit": "day", "interval": 2})
    first = datetime.datetime.fromisoformat(alarm["at"])
    assert first - at.replace(microsecond=0) == pytest.approx(
        datetime.timedelta(days=4), abs=datetime.timedelta(hours=2)
    )
    assert alarm["every"] == {"unit": "day", "interval": 2, "days": []}


async def test_what_rings_is_snoozed_and_stopped(served: Served) -> None:
    silent = await add(served, when="tomorrow at 7")
    refused = await served.client.post(f"/v1/alarms/{silent['id']}/stop")
    assert (refused.status_code, refused.json()["code"]) == (422, "not_kept")
    await served.client.delete(f"/v1/alarms/{silent['id']}")
    with served.assistant.bus.subscribe() as events:
        alarm = await add(served, at=soon())
        while not isinstance(await events.next(), Rang):
            pass
    assert [alarm["ringing"] for alarm in await alarms(served)] == [True]
    assert (await served.client.post(f"/v1/alarms/{alarm['id']}/snooze", json={"minutes": 5})).status_code == 204
    (snoozed,) = await alarms(served)
    assert (snoozed["snoozed"], served.assistant.announcer.ringing) == (True, None)
    left = datetime.datetime.fromisoformat(snoozed["at"]) - datetime.datetime.now().astimezone()
    assert datetime.timedelta(minutes=4) < left < datetime.timedelta(minutes=5)


async def test_one_that_rings_is_put_off_to_another_time(served: Served) -> None:
    with served.assistant.bus.subscribe() as events:
        alarm = await add(served, at=soon())
        while not isinstance(await events.next(), Rang):
            pass
        await served.client.patch(f"/v1/alarms/{alarm['id']}", json={"when": "tomorrow at 9"})
    (moved,) = await alarms(served)
    assert (clock(moved), moved["ringing"]) == ("09:00", False)


WRONG: list[dict[str, Any]] = [
    {},
    {"text": "no time"},
    {"at": "2020-01-01T07:00"},
    {"at": "9999-12-31T23:59"},
    {"at": "0001-01-01T00:00+14:00"},
    {"at": "soon"},
    {"when": "whatever"},
    {"when": "tomorrow at 7", "at": "2090-01-01T07:00"},
    {"when": "tomorrow at 7", "every": {"unit": "day"}},
    {"at": "2090-01-01T07:00", "every": {"unit": "hour"}},
    {"at": "2090-01-01T07:00", "every": {"unit": "week", "days": [7]}},
    {"when": "tomorrow at 7", "text": "x" * 301},
]


async def test_what_is_no_alarm_is_refused(served: Served) -> None:
    for wanted in WRONG:
        answer = await served.client.post("/v1/alarms", json=wanted)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), wanted
    assert await alarms(served) == []
    for method, path in (
        ("PATCH", "nothing"),
        ("DELETE", "nothing"),
        ("POST", "nothing/stop"),
        ("POST", "nothing/snooze"),
    ):
        answer = await served.client.request(method, f"/v1/alarms/{path}", json={})
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_entry"), path


async def test_commands_for_later_are_seen_and_taken_back(served: Served) -> None:
    await said(served, "turn off the kitchen light in 20 minutes")
    (later,) = (await served.client.get("/v1/later")).json()["items"]
    assert "kitchen light" in later["said"]
    assert (later["undoes"], later["every"]) == (False, None)
    assert (await served.client.delete(f"/v1/later/{later['id']}")).status_code == 204
    assert (await served.client.get("/v1/later")).json()["items"] == []
    assert (await served.client.delete(f"/v1/later/{later['id']}")).status_code == 404
