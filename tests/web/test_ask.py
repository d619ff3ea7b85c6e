"""``/v1/ask``."""

import re

import httpx
import pytest

from edge.api.web.access import HERE, Person, Role
from edge.api.web.voice.lines import Lines
from edge.api.web.voice.messages import Hello
from edge.sections import ConfirmSettings
from edge.settings import Settings
from tests.web.conftest import Served
from tests.web.people import owner, somebody

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Doors are asked about."""
    return settings.model_copy(update={"confirm": ConfirmSettings(unlock="ask")})


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


async def said(client: httpx.AsyncClient, text: str, session: str) -> str:
    """The name of the session that the answer tells."""
    answer = await client.post("/v1/ask", json={"text": text, "session": session})
    assert answer.status_code == 200, answer.text
    name: str = answer.json()["session"]
    return name


async def test_nobody_says_yes_for_somebody_else(served: Served) -> None:
    def door() -> str:
        return str(served.home.state("front_door")["state"])

    async with owner(served) as ada, somebody(served, Role.GUEST) as guest:
        name = await said(ada, "unlock the front door", "kitchen")
        for guess in ("kitchen", name):
            assert await said(guest, "yes", guess) not in ("kitchen", name)
        # Nor to what was asked in the room, whose session may be seen in events.
        spoken = served.assistant._conversations.spoken()
        await served.assistant.ask("unlock the front door", session=spoken)
        assert await said(guest, "yes", spoken) != spoken
        assert door() == "LOCKED"
        # Whoever was asked goes on under either name.
        assert await said(ada, "yes", name) == name
        assert door() == "UNLOCKED"
        await said(ada, "lock the front door", "kitchen")
        assert await said(ada, "unlock the front door", name) == name
        assert await said(ada, "yes", "kitchen") == name
        assert door() == "UNLOCKED"
    lines = Lines(served.assistant)
    line = await lines.open(Person("Guest", Role.GUEST, "1"), Hello(type="hello", session="kitchen"))
    assert line is not None
    assert line.session not in ("kitchen", name)
    line.leave()


async def test_a_guest_makes_nothing_be_forgotten(served: Served) -> None:
    async with owner(served) as ada, somebody(served, Role.GUEST) as guest:
        assert (await ada.post("/v1/ask", json={"text": "remember that the key is under the mat"})).status_code == 200
        for text in ("forget everything", "yes", "forget what I said today", "yes"):
            await said(guest, text, "g")
        facts = (await ada.get("/v1/memory")).json()["items"]
        turns = (await ada.get("/v1/turns")).json()["items"]
    assert [fact["text"] for fact in facts] == ["the key is under the mat"]
    assert len(turns) == 5


@pytest.mark.parametrize("named", [None, "kitchen", "k" * 64, "mcp-123456789012"])
def test_a_session_has_a_name_for_each_person(named: str | None) -> None:
    ada, bob = (Person(name, Role.OWNER, name) for name in ("ada", "bob"))
    mine = ada.conversation(named)
    assert mine is not None
    assert re.fullmatch(r"[\w-]{1,64}", mine)
    assert ada.conversation(mine) == mine, "as it is returned it may be said"
    assert len({named, mine, bob.conversation(named), bob.conversation(mine)}) == 4
    tokens = [Person("test", Role.GUEST, "", login, "token") for login in ("a", "b")]
    assert len({named, mine, *(token.conversation(named) for token in tokens)}) == 4, "also where they are nobody's"
    assert HERE.conversation(named) == named
