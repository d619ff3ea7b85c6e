"""``/v1/reminders``: likewise, but each says what it is for."""

import pytest

from tests.web.conftest import Served
from tests.web.voice import said

pytestmark = pytest.mark.anyio


async def test_a_reminder_of_the_page_is_told_and_cancelled_by_voice(served: Served) -> None:
    made = await served.client.post("/v1/reminders", json={"text": "water the plants", "when": "tomorrow evening"})
    assert (made.status_code, made.json()["at"][11:16]) == (201, "19:00")
    assert "water the plants" in await said(served, "what are my reminders")
    await said(served, "cancel the reminder to water the plants")
    assert (await served.client.get("/v1/reminders")).json() == {"items": [], "next": None}


async def test_one_that_was_said_is_seen_and_reworded(served: Served) -> None:
    await said(served, "remind me to call mum every sunday at 6 pm")
    (seen,) = (await served.client.get("/v1/reminders")).json()["items"]
    assert (seen["text"], seen["at"][11:16], seen["every"]) == (
        "call mum",
        "18:00",
        {"unit": "week", "interval": 1, "days": [6]},
    )
    await served.client.patch(f"/v1/reminders/{seen['id']}", json={"text": "call dad"})
    assert "call dad" in await said(served, "what are my reminders")


async def test_it_must_say_what_it_is_for(served: Served) -> None:
    for text in ("", "   "):
        answer = await served.client.post("/v1/reminders", json={"text": text, "when": "tomorrow"})
        assert (answer.status_code, answer.json()["code"]) == (422, "not_kept")
