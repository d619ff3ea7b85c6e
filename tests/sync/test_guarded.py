"""Heavy questions are asked where the house allows it, and leave lines in the audit log without a word of theirs."""

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest

from cloud_sync.protocol.errors import Code
from cloud_sync.protocol.messages import Answer, Ask, Call, Called, Delta, Exchanged, Tool
from cloud_sync.server import bulk
from cloud_sync.server.guarded import GuardedHeavy
from cloud_sync.server.identity.audit import lines
from cloud_sync.server.identity.houses import USUAL
from cloud_sync.server.identity.tables import consent
from tests.sync.bridges import store

pytestmark = pytest.mark.anyio

SECRET = "zyzzyva"
EMPTY = msgspec.Raw(msgspec.msgpack.encode({"where": SECRET}))
ASK = Ask(
    id="q1",
    question=f"what is a {SECRET}",
    history=(Exchanged(said=SECRET, answered=SECRET),),
    state=(SECRET,),
    tools=(Tool(name="control_home", description=SECRET, parameters=EMPTY),),
)


class Scripted:
    """Says what a model says."""

    def __init__(self) -> None:
        self.asked: list[Ask] = []

    async def ask(self, house: str, device: str, ask: Ask) -> AsyncIterator[Delta | Call | Answer]:
        self.asked.append(ask)
        yield Delta(id=ask.id, n=0, text=SECRET)
        yield Call(id=ask.id, call="c1", name="control_home", arguments=EMPTY)
        yield Answer(id=ask.id, text=SECRET, model="large", tokens_in=7, tokens_out=3)

    async def called(self, house: str, device: str, called: Called) -> bool:
        return called.call == "c1"

    async def cancel(self, house: str, device: str, id_: str) -> bool:
        return True

    async def taken(self, house: str, device: str, id_: str) -> None:
        self.asked.clear()

    async def waiting(self, connection: object, houses: Sequence[str], devices: Sequence[str]) -> set[str]:
        return set(devices)

    async def kept(self, house: str, device: str) -> Sequence[Answer]:
        return []


async def test_nothing_is_asked_without_consent_and_all_that_is_leaves_a_line(tmp_path: Path) -> None:
    async with store(tmp_path) as one:
        model = Scripted()
        guarded = GuardedHeavy(model, one.database, one.access.audit)
        (refusal,) = [said async for said in guarded.ask(USUAL, "d1", ASK)]
        assert isinstance(refusal, Answer)
        assert (refusal.id, refusal.finish, refusal.code, model.asked) == ("q1", "refused", Code.CONSENT, [])
        row = {
            "house": USUAL,
            "device": "d1",
            "purpose": "answers",
            "allowed": True,
            "how": "voice",
            "clock": 1,
            "at_ms": 1,
        }
        async with one.database.transaction(USUAL) as connection:
            await bulk.insert_named(connection, consent, [row])
        said = [type(each) async for each in guarded.ask(USUAL, "d1", ASK)]
        assert said == [Delta, Call, Answer]
        assert await guarded.called(USUAL, "d1", Called(id="q1", call="c1", content=SECRET))
        assert not await guarded.called(USUAL, "d1", Called(id="q1", call="c2", content=SECRET))
        # Another device of the house has not been allowed to.
        (refusal,) = [said async for said in guarded.ask(USUAL, "d2", ASK)]
        assert isinstance(refusal, Answer)
        assert refusal.code == Code.CONSENT
        log = [(line.action, json.loads(line.detail)) for line in await lines(one.database, USUAL, 1)]
        asked = {"id": "q1", "language": "en", "characters": 17, "history": 1, "state": 1, "tools": ["control_home"]}
        assert log == [
            ("asked.refused", asked),
            ("asked", asked),
            ("tool.called", {"id": "q1", "name": "control_home"}),
            (
                "answered",
                {
                    "id": "q1",
                    "finish": "stop",
                    "code": "",
                    "model": "large",
                    "tokens_in": 7,
                    "tokens_out": 3,
                    "cached": False,
                },
            ),
            ("tool.done", {"id": "q1", "characters": 7}),
            ("asked.refused", asked),
        ]
