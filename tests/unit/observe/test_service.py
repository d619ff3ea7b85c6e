"""What is counted survives: on disk, in the weekly line, not when everything is forgotten."""

import json
import logging
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.cli import app
from edge.database import Database
from edge.observe.service import ServiceFigures
from edge.observe.weeks import as_row
from tests.unit.observe.told import ended

pytestmark = pytest.mark.anyio
DAY_S = 86_400.0


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 25, 12).timestamp()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(tmp_path / "hearthside.db") as opened:
        yield opened


def figures(database: Database, clock: Clock) -> ServiceFigures:
    return ServiceFigures(database, now=lambda: clock.now, elapsed=lambda: clock.now)


async def test_counts_of_several_runs_are_one_week(database: Database, clock: Clock) -> None:
    for run in range(3):
        counting = figures(database, clock)
        counting.take(ended(f"t{run}", session=f"s{run}"))
        await counting.write(everything=True)
        clock.now += DAY_S
    (week,) = await figures(database, clock).weeks(1)
    assert (week.tasks, week.success_rate, week.turns_per_task) == (3, 1.0, 1.0)


async def test_the_week_that_is_over_has_one_line_in_the_log(
    database: Database, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hearth")
    counting = figures(database, clock)
    counting.take(ended("t1"))
    await counting._attempt(everything=True)
    assert caplog.records == []
    clock.now += 6 * DAY_S
    await counting._attempt()
    await counting._attempt()
    # Nor is it told again after a restart.
    await figures(database, clock)._attempt()
    (line,) = caplog.records
    assert (line.getMessage(), line.__dict__["week"], line.__dict__["tasks"]) == ("the week", "2026-11-23", 1)
    assert line.__dict__["success_rate"] == 1.0


async def test_a_week_without_a_turn_has_none(
    database: Database, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hearth")
    await figures(database, clock)._attempt()
    assert caplog.records == []


async def test_what_is_older_than_two_years_goes(database: Database, clock: Clock) -> None:
    for days in (0, 1000, 1):
        clock.now += days * DAY_S
        counting = figures(database, clock)
        counting.take(ended("t"))
        await counting.write(everything=True)
    kept = await database.read(lambda connection: connection.execute("SELECT count(DISTINCT day) FROM kpi_day").get)
    assert kept == 2


async def test_nothing_of_what_was_said_is_in_it(database: Database, clock: Clock, tmp_path: Path) -> None:
    counting = figures(database, clock)
    counting.take(ended("t-quibblesnark", text="feed quibblesnark", session="s-quibblesnark"))
    await counting.write(everything=True)
    rows = await database.read(lambda connection: connection.execute("SELECT * FROM kpi_day").fetchall())
    assert rows
    assert "quibblesnark" not in str(rows)
    assert as_row((await counting.weeks(1))[0])["tasks"] == 1


def test_the_command_tells_them_and_forgetting_everything_forgets_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEARTH_DATA_DIR", str(tmp_path))

    def told(*arguments: str) -> str:
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        return done.output

    async def count() -> None:
        async with Database(tmp_path / "hearthside.db") as database:
            counting = ServiceFigures(database)
            counting.take(ended("t1"))
            await counting.write(everything=True)

    import anyio

    anyio.run(count)
    rows = [json.loads(line) for line in told("kpis", "--json", "--weeks", "2").splitlines()]
    assert [row["tasks"] for row in rows] == [0, 1]
    assert "100%" in told("kpis")
    told("privacy", "forget", "--everything", "--yes")
    rows = [json.loads(line) for line in told("kpis", "--json", "--weeks", "2").splitlines()]
    assert [row["tasks"] for row in rows] == [0, 0]
