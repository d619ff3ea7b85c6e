"""Both stores of the bridge, for real, and a device's database."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from cloud_sync.server.database import Database
from cloud_sync.server.migrate import migrate
from tests.nats import Nats, nats
from tests.postgres import Postgres, postgres
from tests.sync.house import House, opened


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL for all tests of this folder."""
    with postgres(tmp_path_factory.mktemp("postgres") / "cluster") as running:
        yield running


@pytest.fixture(scope="session")
def migrated(cluster: Postgres) -> str:
    """A database from which others are copied: quicker than to migrate each."""
    name = "migrated"

    async def make() -> None:
        async with Database(cluster.create(name)) as database:
            await migrate(database)

    asyncio.run(make())
    return name


@pytest.fixture(scope="session")
def broker() -> Iterator[Nats]:
    """A NATS for all tests of this folder that do not stop it."""
    with nats() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store of either kind."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'cloud.db'}"
    running: Postgres = request.getfixturevalue("cluster")
    return running.create(f"t{secrets.token_hex(6)}", request.getfixturevalue("migrated"))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """An assistant's database, with what writes into it and what sends it."""
    async with opened(tmp_path) as made:
        yield made
