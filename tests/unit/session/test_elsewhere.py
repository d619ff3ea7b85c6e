"""What another connection writes is seen with the next look, once; nothing is written for it."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from edge.act.skills.lists.skill import Lists
from edge.act.skills.lists.store import ListStore
from edge.act.skills.memory import Memory
from edge.act.skills.routines.skill import Routines
from edge.act.skills.routines.store import RoutineStore
from edge.database import Database
from edge.errors import StorageError
from edge.memory.episodes import Episodes
from edge.memory.facts import Facts
from edge.ports import Editable
from edge.session.elsewhere import Elsewhere
from edge.session.interpreter import TurnlessInterpreter

pytestmark = pytest.mark.anyio


class Looks:
    """Sleeps until it is woken; counts how often somebody slept."""

    def __init__(self) -> None:
        self.slept = 0
        self._asleep, self._wake = anyio.Event(), anyio.Event()

    async def sleep(self, seconds: float) -> None:
        assert seconds >= 2.0
        self.slept += 1
        self._asleep.set()
        await self._wake.wait()
        self._wake = anyio.Event()

    async def next(self) -> None:
        """Returns when it has looked once more."""
        await self._asleep.wait()
        self._asleep = anyio.Event()
        self._wake.set()
        await self._asleep.wait()


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[tuple[Database, Database]]:
    async with Database(tmp_path / "db") as here, Database(tmp_path / "db") as there:
        yield here, there


async def test_a_list_that_another_process_made_is_known_with_the_next_look(two: tuple[Database, Database]) -> None:
    here, there = two
    lists, looks, count = Lists(ListStore(here)), Looks(), 0
    await lists.load()

    async def refresh() -> None:
        nonlocal count
        count += 1
        await lists.refresh()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Elsewhere(here, [refresh], sleep=looks.sleep).serve)
        await looks.next()
        written = await here.read(lambda connection: connection.total_changes())
        revision, looked = lists.revision, count
        await looks.next()
        assert (lists.revision, count) == (revision, looked)
        await ListStore(there).create("camping")
        await looks.next()
        assert lists.names() == {"lists_known": ["camping"]}
        assert lists.revision == revision + 1
        await looks.next()
        assert count == looked + 1
        assert await here.read(lambda connection: connection.total_changes()) == written
        # What it writes itself it knows.
        await ListStore(here).create("party")
        await looks.next()
        assert count == looked + 1
        tasks.cancel_scope.cancel()


async def test_who_shows_it_is_told_of_what_another_process_wrote(two: tuple[Database, Database]) -> None:
    here, there = two
    lists, routines = Lists(ListStore(here)), RoutineStore(there)
    facts = Memory(Facts(here), Episodes(here, 1.0), lambda: 0.0)
    taught = Routines(RoutineStore(here), TurnlessInterpreter(), Path("none.yaml"))
    everything: list[Editable] = [lists, facts, taught]
    await taught.load()
    for skill in (lists, facts, taught):
        await skill.refresh()
    known = [await skill.by_hand.changed(-1) for skill in everything]
    await ListStore(there).add("shopping", ["milk"])
    await Facts(there).remember("the bins go out on tuesday")
    await routines.teach("bedtime", ["turn off the light"])
    for skill in (lists, facts, taught):
        await skill.refresh()
    now = [await skill.by_hand.changed(-1) for skill in everything]
    assert all(later > before for before, later in zip(known, now, strict=True))
    for skill in (lists, facts, taught):
        await skill.refresh()
    assert [await skill.by_hand.changed(-1) for skill in everything] == now


async def test_what_fails_is_tried_again_and_holds_up_nothing(
    two: tuple[Database, Database], caplog: pytest.LogCaptureFixture
) -> None:
    here, _ = two
    looks, tried, others = Looks(), 0, 0

    async def fails() -> None:
        nonlocal tried
        tried += 1
        if tried < 3:
            raise StorageError("the disk is full", "make room")

    async def works() -> None:
        nonlocal others
        others += 1

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Elsewhere(here, [fails, works], sleep=looks.sleep).serve)
        for _ in range(4):
            await looks.next()
        assert (tried, others) == (3, 3)
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        tasks.cancel_scope.cancel()
