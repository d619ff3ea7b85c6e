"""Where the disk takes no writes at a start: what is kept can be told, nothing is claimed to be kept, and it goes on by
itself when the disk does.
"""

import logging
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

import edge.database
from edge import at_rest
from edge.database import Database
from edge.errors import StorageError

pytestmark = pytest.mark.anyio
_STEPS = ["CREATE TABLE note (text TEXT NOT NULL)"]
Broken = Callable[[type[apsw.Error] | None], None]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Broken:
    """Says what opening the file raises from now on; None: it opens."""
    opened, raised = edge.database._connected, list[type[apsw.Error] | None]([None])

    def connected(file: Path, checkpoints: bool, vfs: str | None) -> apsw.Connection:
        if (error := raised[0]) is not None:
            raise error("no")
        return opened(file, checkpoints, vfs)

    monkeypatch.setattr(edge.database, "_connected", connected)

    def breaks(error: type[apsw.Error] | None) -> None:
        raised[0] = error

    return breaks


async def put(database: Database, text: str) -> None:
    await database.write(lambda connection: connection.execute("INSERT INTO note VALUES (?)", (text,)))


async def noted(database: Database) -> list[str]:
    return await database.read(lambda connection: [text for (text,) in connection.execute("SELECT text FROM note")])


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("error", [apsw.ReadOnlyError, apsw.FullError, apsw.CantOpenError, apsw.IOError])
async def test_it_reads_refuses_and_goes_on(
    tmp_path: Path, broken: Broken, encrypted: bool, error: type[apsw.Error], caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "hearthside.db"
    at_rest.prepare(tmp_path, encrypt=encrypted)
    async with Database(file) as database:
        await database.migrate("notes", _STEPS)
        await put(database, "one")
    broken(error)
    async with Database(file) as database:
        with caplog.at_level(logging.WARNING):
            # Nothing to bring up to date: nothing is written.
            await database.migrate("notes", _STEPS)
        assert "can't be written" in caplog.text
        assert await noted(database) == ["one"]
        with pytest.raises(StorageError):
            await put(database, "two")
        assert await noted(database) == ["one"]
        broken(None)
        await put(database, "three")
        assert await noted(database) == ["one", "three"]
    async with Database(file) as database:
        assert await noted(database) == ["one", "three"]


async def test_what_was_not_taken_into_the_file_yet_is_there_too(tmp_path: Path, broken: Broken) -> None:
    file = tmp_path / "a.db"
    async with Database(file, checkpoints=False) as writer:
        await writer.migrate("notes", _STEPS)
        await put(writer, "in the log")
        broken(apsw.ReadOnlyError)
        async with Database(file) as database:
            assert await noted(database) == ["in the log"]


async def test_without_a_file_there_is_nothing_to_stand_in_for(tmp_path: Path, broken: Broken) -> None:
    broken(apsw.FullError)
    async with Database(tmp_path / "a.db") as database:
        with pytest.raises(StorageError, match="can't be opened"):
            await database.migrate("notes", _STEPS)


async def test_the_copy_is_gone_afterwards(tmp_path: Path, broken: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = tmp_path / "run"
    memory.mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(memory))
    async with Database(tmp_path / "a.db") as database:
        await database.migrate("notes", _STEPS)
    broken(apsw.ReadOnlyError)
    async with Database(tmp_path / "a.db") as database:
        assert await noted(database) == []
        assert len(list(memory.iterdir())) == 1
    assert list(memory.iterdir()) == []
