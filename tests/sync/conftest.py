"""What most tests here begin with: an assistant's database, and both stores of the bridge, for real."""

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from cloud_sync.client.compose import End
from cloud_sync.client.replica import Replica
from edge.database import Database
from tests.postgres import Postgres, postgres
from tests.sync.house import House


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with Database(tmp_path / "hearthside.db") as database:
        house = House(tmp_path, database)
        await End(house.outbox, Replica("device", house.outbox)).prepare(database)
        yield house


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL for all tests of this folder."""
    with postgres(tmp_path_factory.mktemp("postgres") / "cluster") as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store of either kind."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'cloud.db'}"
    running: Postgres = request.getfixturevalue("cluster")
    return running.create(f"t{secrets.token_hex(6)}")
