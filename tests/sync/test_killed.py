"""The programs themselves, killed from outside: nothing confirmed is lost or doubled. More by ``python -m
tests.faults.killed``.
"""

from pathlib import Path

import pytest

from tests.faults.killed import run
from tests.nats import nats
from tests.postgres import Postgres


@pytest.mark.anyio
async def test_two_workers_on_postgresql_and_two_boards(tmp_path: Path, cluster: Postgres) -> None:
    with nats() as notes:
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
