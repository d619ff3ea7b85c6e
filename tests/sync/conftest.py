"""Both stores of the bridge, for real."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Postgres, postgres


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
