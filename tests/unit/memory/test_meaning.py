"""What is found by its meaning, with the real encoder and a real database."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from edge.database import Database
from edge.engine_thread import EngineThread
from edge.evaluation.memory import compared
from edge.events import Reply, Timings, TurnEnded
from edge.intents import OutcomeKind
from edge.memory.episodes import Episodes
from edge.memory.facts import Facts
from edge.memory.meaning import alike
from edge.understand.semantic import encoder
from edge.understand.semantic.encoder import Encoder
from edge.understand.semantic.meaning import SentenceMeaning
from models.store import Store

pytestmark = pytest.mark.anyio


@pytest.fixture
async def meaning(store: Store) -> AsyncIterator[SentenceMeaning]:
    folder = store.require(encoder.MODEL)
    async with EngineThread[Encoder]("semantic", lambda: encoder.build(folder)) as thread:
        yield SentenceMeaning(thread)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(tmp_path / "a.db") as database:
        yield database


def turn(text: str, reply: str) -> TurnEnded:
    return TurnEnded(
        turn=text, at=0.0, text=text, language="en", intent=None, tier=None, confidence=0.0,
        outcome=OutcomeKind.DONE, actions=(), reply=Reply(text=reply), timings=Timings(), session="s",
    )  # fmt: skip


async def test_facts_are_found_that_share_no_word(database: Database, meaning: SentenceMeaning) -> None:
    told = Facts(database)
    for fact in ("the plumber's number is on the fridge", "the passports are in the safe", "Tom does not eat meat"):
        await told.remember(fact)
    facts = Facts(database, meaning=meaning)
    assert await told.about("who do I call when a pipe leaks") == []
    for ask, fact in (
        ("who do I call when a pipe leaks", "the plumber's number is on the fridge"),
        ("where are our travel documents", "the passports are in the safe"),
        ("can Tom have a steak", "Tom does not eat meat"),
    ):
        assert [found.text for found in await facts.about(ask)][:1] == [fact]
    assert await facts.about("what is the capital of France") == []
    assert await facts.about("") == []


async def test_the_later_of_two_answers_holds(database: Database, meaning: SentenceMeaning) -> None:
    at = iter(range(10))
    facts = Facts(database, lambda: next(at), meaning)
    await facts.remember("the spare keys are in the blue drawer")
    await facts.remember("the spare keys are in the red drawer")
    assert (await facts.about("where are the spare keys"))[0].text == "the spare keys are in the red drawer"


async def test_a_vector_is_kept_and_goes_with_its_fact(database: Database, meaning: SentenceMeaning) -> None:
    facts = Facts(database, meaning=meaning)
    fact = await facts.remember("the passports are in the safe")
    await facts.about("passports")
    rows = "SELECT count(*) FROM memory_fact WHERE vector IS NOT NULL"
    assert await database.read(lambda connection: next(connection.execute(rows))) == (1,)
    await facts.forget([fact])
    assert await database.read(lambda connection: next(connection.execute(rows))) == (0,)


async def test_turns_are_found_within_their_time(database: Database, meaning: SentenceMeaning) -> None:
    now = 100.0
    episodes = Episodes(database, 30.0, lambda: now, meaning)
    await episodes.write(turn("preheat the oven to 180 degrees", "Oven is at 180 degrees."))
    now = 200.0
    await episodes.write(turn("turn on the kitchen light", "Kitchen Light is on."))
    for query in ("baking temperature", "the oven"):
        assert [each.text for each in await episodes.about(query, 0, 300)][:1] == ["preheat the oven to 180 degrees"]
        assert await episodes.about(query, 150, 300) == []


async def test_meaning_finds_more_than_words(store: Store) -> None:
    engine = encoder.build(store.require(encoder.MODEL))
    found = compared(engine)
    words, meant = found["words, measured on"], found["meaning, measured on"]
    assert meant.right >= words.right + 5
    assert meant.wrong <= words.wrong


def test_a_text_whose_meaning_is_not_known_yet_is_found_by_its_words() -> None:
    north, east = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
    assert [number for number, _ in alike("drill", north, ["the drill is at Paul's", "tea"], [None, east])] == [0]
