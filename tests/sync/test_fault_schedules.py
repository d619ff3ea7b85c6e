"""Some schedules of random faults: the eight promises hold in each. ``scripts/sync_faults`` runs many more."""

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.disk import Platter
from tests.faults.process import Killed, Process
from tests.faults.schedule import Outcome, Schedule, memory, run, template
from tests.faults.storage import SimStorage
from tests.replicas import at_once

SEEDS = range(9_000, 9_025)


@pytest.fixture(scope="module")
def store() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=memory()) as folder:
        yield template(Path(folder))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_promise_holds(store: Path, seed: int) -> None:
    outcome = run(seed, store, memory())
    assert not outcome.violation, f"scripts/sync_faults --replay {seed}"
    assert outcome.counted["confirmed"] > 0


def test_a_schedule_can_be_replayed(store: Path) -> None:
    first, again = run(7, store, memory()), run(7, store, memory())
    assert (first.trace, first.counted) == (again.trace, again.counted)
    assert first.faults


@pytest.mark.parametrize(
    ("sabotage", "said"),
    [
        ("DELETE FROM event WHERE kind = 'change'", "lost"),
        ("DELETE FROM event WHERE rowid = (SELECT max(rowid) FROM event)", "lost"),
        (
            "INSERT INTO event SELECT house, device, 'another', seq, covers, id, kind, clock, received_ms, raw"
            " FROM event WHERE kind = 'turn'",
            "doubled",
        ),
        ("UPDATE register SET value = x'00'", "fields"),
    ],
)
def test_what_is_broken_is_found(store: Path, monkeypatch: pytest.MonkeyPatch, sabotage: str, said: str) -> None:
    settle = Schedule._settle

    async def sabotaged(self: Schedule) -> None:
        await settle(self)
        self.bridge.sabotage(sabotage)

    monkeypatch.setattr(Schedule, "_settle", sabotaged)
    outcome: Outcome = run(3, store, memory())
    assert said in outcome.violation


@pytest.mark.parametrize("seed", range(9_100, 9_106))
def test_a_card_with_a_bad_page_is_set_aside_and_comes_back_from_the_bridge(
    store: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    heal, aside = Schedule._heal, []

    async def damaged(self: Schedule) -> None:
        aside.append(await self.damage(self.boards[0]))
        await heal(self)

    monkeypatch.setattr(Schedule, "_heal", damaged)
    outcome = run(seed, store, memory())
    assert not outcome.violation
    assert aside == [True]


def test_a_power_cut_undoes_what_was_not_synced(tmp_path: Path) -> None:
    def opened() -> SimStorage:
        return SimStorage(Process("a", lambda _: None), platter, tmp_path / "a.db")

    platter = Platter(tmp_path)
    storage = opened()
    at_once(storage.write(lambda connection: connection.execute("CREATE TABLE note (n)")))
    for n in range(20):
        at_once(storage.write(lambda connection, n=n: connection.execute("INSERT INTO note VALUES (?)", (n,))))
    storage.process.fuse = 2
    with pytest.raises(Killed):
        at_once(storage.write(lambda connection: connection.execute("INSERT INTO note VALUES (99)")))
    storage.drop()
    assert platter.unsynced
    platter.cut(random.Random(1))
    found = at_once(opened().read(lambda connection: connection.execute("SELECT n FROM note").fetchall()))
    assert [n for (n,) in found] == list(range(20))
