"""The database that most tests here begin with."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cloud_sync.client.compose import End
from cloud_sync.client.replica import Replica
from edge.database import Database
from tests.sync.house import House


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with Database(tmp_path / "hearthside.db") as database:
        house = House(tmp_path, database)
        await End(house.outbox, Replica("device", house.outbox)).prepare(database)
        yield house
