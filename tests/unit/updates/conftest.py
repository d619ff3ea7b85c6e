"""A publisher, its server, and a board."""

from pathlib import Path

import pytest

from edge.updates.looking import Source
from models.manifest import Manifest
from models.store import Store
from tests.unit.models.conftest import no_waiting, pip_knows_only_the_server, server
from tests.unit.models.served import Server
from tests.unit.updates.publisher import Board, Publisher
from tests.unit.updates.publisher import board as made_board

__all__ = ["no_waiting", "pip_knows_only_the_server", "server"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def publisher(tmp_path: Path, server: Server) -> Publisher:
    return Publisher(tmp_path / "publisher", server)


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return made_board(tmp_path)


@pytest.fixture
def source(server: Server) -> Source:
    return Source(server.address, "stable", "a board")


@pytest.fixture
def models(tmp_path: Path) -> Store:
    return Store(tmp_path / "models", Manifest(models=()))
