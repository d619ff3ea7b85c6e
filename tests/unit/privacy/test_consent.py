"""What may leave the house: nothing, until somebody said so."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest
from apsw import Connection

from edge.database import Database
from edge.memory.facts import Facts
from edge.privacy.consent import KINDS, Consents, How, Purpose, may_be_sent
from edge.privacy.glance import Glance, HouseMasking
from edge.privacy.masking import Masker
from edge.privacy.outgoing import Outgoing, masked_turn

pytestmark = pytest.mark.anyio


class Notes:
    """An outbox that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Mapping[str, Any]]] = []
        self.withdrawn: list[str] = []

    def put(self, connection: Connection, kind: str, body: Mapping[str, Any]) -> None:
        assert connection.in_transaction
        self.told.append((kind, body))

    def withdraw(self, connection: Connection, kinds: Collection[str]) -> int:
        assert connection.in_transaction
        self.withdrawn += kinds
        return 0


async def test_nothing_is_allowed_before_somebody_said_so(tmp_path: Path) -> None:
    glance = Glance(tmp_path / "house.db")
    async with Database(tmp_path / "house.db") as database:
        consents = Consents(database)
        assert not any(glance.allows(purpose) for purpose in Purpose)
        await consents.load()
        assert not any([await consents.allows(purpose) for purpose in Purpose])
        assert [(each.purpose, each.allowed, each.how) for each in await consents.all()] == [
            (purpose, False, "") for purpose in Purpose
        ]
        assert not await database.read(lambda connection: may_be_sent(connection, "turn"))
        assert await database.read(lambda connection: may_be_sent(connection, "erase"))
        assert await database.read(lambda connection: may_be_sent(connection, "consent"))


async def test_a_yes_holds_for_its_purpose_and_a_no_takes_back_what_waits(tmp_path: Path) -> None:
    notes, glance = Notes(), Glance(tmp_path / "house.db")
    async with Database(tmp_path / "house.db") as database:
        consents = Consents(database, notes, lambda: 1_790_000_000.0)
        await consents.say(Purpose.HISTORY, How.VOICE, yes=True)
        assert await consents.allows("history")
        assert glance.allows("history")
        assert not glance.allows("answers")
        assert notes.withdrawn == []
        await consents.say(Purpose.HISTORY, How.CLI, yes=False)
        assert not glance.allows("history")
        assert notes.withdrawn == ["turn"]
        assert notes.told == [
            ("consent", {"purpose": "history", "allowed": True, "how": "voice"}),
            ("consent", {"purpose": "history", "allowed": False, "how": "cli"}),
        ]
        history = next(each for each in await consents.all() if each.purpose is Purpose.HISTORY)
        assert (history.allowed, history.at, history.how) == (False, 1_790_000_000.0, "cli")
    glance.close()


def test_every_purpose_has_a_kind_of_event() -> None:
    assert set(KINDS.values()) == set(Purpose)


async def test_names_that_were_told_are_masked_from_the_next_sentence_on(tmp_path: Path) -> None:
    glance, places = Glance(tmp_path / "house.db"), ["Greta's lamp", "kitchen"]
    masking = HouseMasking(glance, "en", ["Tobias"], lambda: places)
    assert masking.mask("may Tobias or Greta or Emil come").text == "may [name 1] or [name 2] or Emil come"
    async with Database(tmp_path / "house.db") as database:
        facts = Facts(database)
        await facts.remember("my son Emil likes trains")
        assert masking.mask("may Emil come").text == "may [name 1] come"
        await facts.remember("Sam", "name")
        assert masking.mask("may sam come, or Emil").text == "may [name 1] come, or [name 2]"
        await facts.forget(await facts.all())
        assert masking.mask("may Emil come").text == "may Emil come"
    places.append("Emil's desk")
    assert masking.mask("may Emil come").text == "may [name 1] come"
    glance.close()


def test_a_turn_is_masked_in_what_was_said_answered_and_meant() -> None:
    turn = {
        "id": b"1",
        "text": "remind Anna to call 020 7946 0958",
        "reply": "I will remind Anna.",
        "intents": [["HearthRemind", {"what": "call 020 7946 0958", "who": ["Anna"], "minutes": 10}], ["HassTurnOn"]],
        "outcome": "done",
    }
    assert masked_turn(turn, Masker("en", ["Anna"])) == {
        "id": b"1",
        "text": "remind [name 1] to call [phone 1]",
        "reply": "I will remind [name 1].",
        "intents": [["HearthRemind", {"what": "call [phone 1]", "who": ["[name 1]"], "minutes": 10}], ["HassTurnOn"]],
        "outcome": "done",
    }


async def test_what_is_not_allowed_is_not_even_kept_for_the_bridge(tmp_path: Path) -> None:
    outgoing, turn = Outgoing("en", ["Anna"]), {"text": "is Anna in"}
    async with Database(tmp_path / "house.db") as database:
        consents = Consents(database)
        assert await database.read(lambda connection: outgoing(connection, "turn", turn)) is None
        await consents.say(Purpose.HISTORY, How.CLI, yes=True)
        assert await database.read(lambda connection: outgoing(connection, "turn", turn)) == {"text": "is [name 1] in"}
        assert await database.read(lambda connection: outgoing(connection, "question", turn)) is None
        assert await database.read(lambda connection: outgoing(connection, "erase", turn)) == turn
