"""Facts and turns on a real database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge.database import Database
from edge.events import Reply, Timings, TurnEnded
from edge.intents import Intent, OutcomeKind, Tier
from edge.memory.episodes import Episodes
from edge.memory.facts import Facts

DAY = 86_400.0


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        self.now += 1e-3
        return self.now


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(tmp_path / "a.db") as opened:
        yield opened


def turn(number: int, text: str, intent: Intent | None = None) -> TurnEnded:
    return TurnEnded(
        turn=f"t{number}", at=0.0, text=text, language="en", intent=intent, tier=Tier.GRAMMAR, confidence=0.99,
        outcome=OutcomeKind.DONE, actions=(), reply=Reply(text="Done."), timings=Timings(), session="s",
    )  # fmt: skip


@pytest.mark.anyio
async def test_facts_are_kept_replaced_and_forgotten(database: Database) -> None:
    facts = Facts(database, Clock())
    await facts.remember("the keys are in the drawer")
    await facts.remember("The keys are in the drawer")
    await facts.remember("Sam", "name")
    await facts.remember("Samantha", "name")
    assert [fact.text for fact in await facts.all()] == ["The keys are in the drawer", "Samantha"]
    assert [fact.text for fact in await facts.about("keys")] == ["The keys are in the drawer"]
    assert await facts.forget(await facts.about("keys")) == 1
    assert [fact.text for fact in await facts.all()] == ["Samantha"]


@pytest.mark.anyio
async def test_what_is_forgotten_is_nowhere_in_the_file(database: Database, tmp_path: Path) -> None:
    facts = Facts(database, Clock())
    secret = "the zyzzyva sleeps under the verandah"
    await facts.forget([await facts.remember(secret)])
    await database.read(lambda connection: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
    assert b"zyzzyva" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


@pytest.mark.anyio
async def test_turns_are_kept_for_as_long_as_allowed(database: Database) -> None:
    clock = Clock()
    episodes = Episodes(database, 2.0, clock)
    await episodes.write(turn(1, "turn on the oven"))
    clock.now += DAY
    await episodes.write(turn(2, "is the oven on"))
    await episodes.write(turn(2, "is the oven on"))
    await episodes.write(turn(3, ""))
    assert [episode.text for episode in await episodes.between(0, clock.now + 1)] == [
        "turn on the oven",
        "is the oven on",
    ]
    assert [episode.id for episode in await episodes.about("ovens", clock.now - 1, clock.now + 1)] == ["t2"]
    clock.now += 1.5 * DAY
    await episodes.write(turn(4, "good night"))
    assert [episode.id for episode in await episodes.between(0, clock.now + 1)] == ["t2", "t4"]
    assert await episodes.forget(clock.now - 1) == 1
    assert [whole["turn"] for whole in await episodes.whole()] == ["t2"]


@pytest.mark.anyio
async def test_no_secret_and_nothing_unwanted_is_written(database: Database) -> None:
    await Episodes(database, 30.0, Clock()).write(turn(1, "one two three four", Intent("HassTurnOff", {"pin": "1234"})))
    await Episodes(database, 0.0, Clock()).write(turn(2, "turn on the light"))
    assert await Episodes(database, 30.0, Clock()).whole() == []
