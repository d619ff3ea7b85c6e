"""The programs themselves, killed from outside: nothing confirmed is lost or doubled. More by ``python -m
tests.faults.killed``.
"""

import signal
from pathlib import Path

import anyio
import pytest

from cloud_sync.server.app import running
from cloud_sync.server.settings import load
from cloud_sync.server.worker import Worker
from tests.faults.killed import run
from tests.nats import nats
from tests.postgres import postgres


@pytest.mark.anyio
async def test_two_workers_on_postgresql_and_two_boards(tmp_path: Path) -> None:
    # A cluster of its own: it is killed, too.
    with postgres() as cluster, nats() as notes:
        came = await run(1, tmp_path, cluster, notes)
    assert came.kills.total() > 0
    assert came.confirmed > 0
    assert (came.lost, came.doubled) == (0, 0)


@pytest.mark.anyio
async def test_one_worker_on_a_file(tmp_path: Path) -> None:
    came = await run(2, tmp_path, None, None)
    assert came.kills.total() > 0
    assert came.confirmed > 0
    assert (came.lost, came.doubled) == (0, 0)


@pytest.mark.anyio
async def test_a_worker_does_not_outlive_a_part_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    monkeypatch.setattr(signal, "raise_signal", told.append)

    async def broken(self: Worker) -> None:
        raise ValueError("a mistake")

    monkeypatch.setattr(Worker, "run", broken)

    async def served() -> None:
        async with running(load(None, {"data_dir": tmp_path})):
            await anyio.sleep(0.01)

    with pytest.raises(ValueError, match="a mistake"):
        await served()
    assert told == [signal.SIGTERM]
