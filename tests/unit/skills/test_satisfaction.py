"""When it asks how satisfied one is, and what becomes of the answer."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from edge.act.skills.satisfaction.skill import Satisfaction, scores
from edge.database import Database
from edge.dialogue import Context, Exchange
from edge.errors import StorageError
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase, Question
from edge.observe.kpi_store import KpiStore
from edge.observe.kpis import SATISFACTION, SATISFACTION_SLOT

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 11, 25, 12)
HERE = Origin("s1", "Kitchen", "en")
DONE = Outcome(OutcomeKind.DONE, Phrase("done"))
RINGS = Phrase("timer_over")


class Situation:
    """What goes on around it: a conversation, something that rings."""

    def __init__(self) -> None:
        self.exchanges: tuple[Exchange, ...] = ()
        self.ringing: Phrase | None = None
        self.now = NOON

    def context(self, session: str) -> Context:
        return Context(self.exchanges)


@pytest.fixture
def around() -> Situation:
    return Situation()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(tmp_path / "db") as opened:
        yield opened


async def used(database: Database, *days: int) -> None:
    """On so many days before noon's."""
    await KpiStore(database).add({(NOON - timedelta(day)).date(): {"tasks": 5} for day in days}, NOON.date())


def skill(database: Database, around: Situation) -> Satisfaction:
    return Satisfaction(database, around, around, lambda: around.now)  # type: ignore[arg-type]


async def counted(database: Database) -> dict[str, float]:
    days = await KpiStore(database).since(date(2026, 1, 1))
    return {what: n for of_day in days.values() for what, n in of_day.items() if what != "tasks"}


async def test_it_asks_after_something_went_well_and_once_a_week(database: Database, around: Situation) -> None:
    await used(database, 1, 2, 3)
    asking = skill(database, around)
    asked = await asking.afterthought([DONE], HERE)
    assert asked is not None
    assert (asked.kind, asked.say.key) == (OutcomeKind.DONE, "satisfaction_ask")
    assert asked.question is not None
    assert asked.question.slot == SATISFACTION_SLOT
    assert await asking.afterthought([DONE], HERE) is None
    # Nor after a restart, nor when it was not answered.
    around.now += timedelta(6)
    assert await skill(database, around).afterthought([DONE], HERE) is None
    around.now += timedelta(1)
    assert await asking.afterthought([DONE], HERE) is not None
    assert await counted(database) == {"asked": 1}  # on each of two days


FAILED = replace(DONE, kind=OutcomeKind.FAILED)
ASKING = replace(DONE, question=Question(Intent("HassTurnOn"), "name"))
BEFORE = Exchange(at=0.0, text="", intents=(), outcome=OutcomeKind.DONE)


@pytest.mark.parametrize(
    ("outcomes", "hour", "exchanges", "ringing", "language"),
    [
        ([FAILED], 12, (), None, "en"),
        ([DONE, FAILED], 12, (), None, "en"),
        ([ASKING], 12, (), None, "en"),
        ([], 12, (), None, "en"),
        ([DONE], 8, (), None, "en"),
        ([DONE], 21, (), None, "en"),
        ([DONE], 12, (BEFORE,), None, "en"),
        ([DONE], 12, (), RINGS, "en"),
        ([DONE], 12, (), None, "sl"),
    ],
)
async def test_at_no_other_time(
    outcomes: list[Outcome], hour: int, exchanges: tuple[Exchange, ...], ringing: Phrase | None, language: str,
    database: Database, around: Situation,
) -> None:  # fmt: skip
    await used(database, 1, 2, 3)
    around.now, around.exchanges, around.ringing = NOON.replace(hour=hour), exchanges, ringing
    assert await skill(database, around).afterthought(outcomes, replace(HERE, language=language)) is None
    assert await counted(database) == {}


@pytest.mark.parametrize("days", [(), (1, 2), (1, 2, 40)])
async def test_nor_somebody_who_has_just_come(days: tuple[int, ...], database: Database, around: Situation) -> None:
    await used(database, *days)
    assert await skill(database, around).afterthought([DONE], HERE) is None


@pytest.mark.parametrize(
    ("answer", "language", "score", "says"),
    [
        ("5", "en", 5, "satisfaction_thanks"),
        ("four", "en", 4, "satisfaction_thanks"),
        ("good", "en", 4, "satisfaction_thanks"),
        ("three", "en", 3, "satisfaction_sorry"),
        ("bad", "en", 2, "satisfaction_sorry"),
        ("fünf", "de", 5, "satisfaction_thanks"),
        ("un", "fr", 1, "satisfaction_sorry"),
    ],
)
async def test_the_answer_is_kept(
    answer: str, language: str, score: int, says: str, database: Database, around: Situation
) -> None:
    said = Intent(SATISFACTION, {SATISFACTION_SLOT: answer})
    outcome = await skill(database, around).run(said, replace(HERE, language=language))
    assert (outcome.kind, outcome.say.key) == (OutcomeKind.DONE, says)
    assert await counted(database) == {"answered": 1, "score": score}


async def test_a_disk_that_fails_spoils_no_answer(around: Situation) -> None:
    class Full:
        async def migrate(self, part: str, steps: object) -> None:
            raise StorageError("full", "make room")

    assert await skill(Full(), around).afterthought([DONE], HERE) is None  # type: ignore[arg-type]


def test_each_language_has_words_for_all_five() -> None:
    for language in ("en", "de", "fr", "es", "it", "nl"):
        assert sorted(set(scores(language).values())) == [1, 2, 3, 4, 5]
        assert len(scores(language)) == 12
