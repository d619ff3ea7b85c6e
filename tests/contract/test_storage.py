"""What a skill may rely on when it keeps something on disk."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import apsw
import pytest

from edge.database import Database
from edge.errors import StorageError
from edge.ports import Storage

STEPS = ["CREATE TABLE note (text TEXT NOT NULL)"]


async def noted(storage: Storage) -> list[str]:
    return await storage.read(lambda connection: [text for (text,) in connection.execute("SELECT text FROM note")])


@pytest.mark.anyio
async def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "new folder" / "a.db"
    for text in ("one", "two"):
        async with Database(file) as database:
            await database.migrate("notes", STEPS)
            await database.write(
                lambda connection, text=text: connection.execute("INSERT INTO note VALUES (?)", (text,))
            )
    async with Database(file) as database:
        assert await noted(database) == ["one", "two"]


@pytest.mark.anyio
async def test_a_change_that_fails_leaves_nothing(tmp_path: Path) -> None:
    async with Database(tmp_path / "a.db") as database:
        await database.migrate("notes", STEPS)
        with pytest.raises(StorageError, match="NOT NULL"):
            await database.write(
                lambda connection: connection.execute(
                    "INSERT INTO note VALUES ('kept?'); INSERT INTO note VALUES (NULL)"
                )
            )
        assert await noted(database) == []


@pytest.mark.anyio
async def test_each_step_runs_once_and_a_newer_file_is_refused(tmp_path: Path) -> None:
    more = [*STEPS, "ALTER TABLE note ADD COLUMN at REAL"]
    async with Database(tmp_path / "a.db") as database:
        await database.migrate("notes", STEPS)
        await database.migrate("notes", more)
        await database.migrate("notes", more)
        await database.write(lambda connection: connection.execute("INSERT INTO note VALUES ('x', 1.5)"))
        with pytest.raises(StorageError, match="newer than this program"):
            await database.migrate("notes", STEPS)
        with pytest.raises(StorageError, match="syntax"):
            await database.migrate("others", ["CREATE TABLE other (a)", "NONSENSE"])
        names = await database.read(lambda connection: list(connection.execute("SELECT name FROM sqlite_schema")))
        assert ("other",) not in names


@pytest.mark.anyio
async def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with Database(tmp_path / "file" / "a.db") as database:
        with pytest.raises(StorageError, match="can't be opened"):
            await database.migrate("notes", STEPS)


WRITER = """
import sys, anyio
from pathlib import Path
from edge.database import Database
async def main():
    async with Database(Path(sys.argv[1])) as database:
        await database.migrate("notes", ["CREATE TABLE note (text TEXT NOT NULL)"])
        for number in range(100000):
            await database.write(lambda connection: connection.execute("INSERT INTO note VALUES (?)", (str(number),)))
            print(number, flush=True)
anyio.run(main)
"""


@pytest.mark.anyio
async def test_what_was_confirmed_survives_a_kill(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    with subprocess.Popen([sys.executable, "-c", WRITER, str(file)], stdout=subprocess.PIPE, text=True) as writer:  # noqa: ASYNC220  # nothing else runs meanwhile
        assert writer.stdout is not None
        confirmed = [next(writer.stdout).strip() for _ in range(25)]
        os.kill(writer.pid, signal.SIGKILL)
    async with Database(file) as database:
        assert (await noted(database))[:25] == confirmed


@pytest.mark.anyio
async def test_nobody_else_stands_still_while_another_process_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # apsw's own `with connection` waits with Python's lock in its hand: microphone and event loop stood still.
    monkeypatch.setattr("edge.database._BUSY_MS", 60_000)  # longer than a machine with other work stands still
    other = apsw.Connection(str(tmp_path / "a.db"))
    async with Database(tmp_path / "a.db") as database:
        await database.migrate("notes", STEPS)
        other.execute("BEGIN IMMEDIATE")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(database.write, lambda connection: connection.execute("INSERT INTO note VALUES ('x')"))
            for _ in range(50):
                await anyio.sleep(0.001)
            # Had it stood still, this would come after the write had given up, and the task group would raise.
            other.execute("COMMIT")
        assert await noted(database) == ["x"]


@pytest.mark.anyio
async def test_a_file_that_is_no_database_any_more_is_set_aside_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "a.db"
    async with Database(file) as database:
        await database.migrate("notes", STEPS)
    damaged = os.urandom(8_192)
    file.write_bytes(damaged)
    async with Database(file, checkpoints=False) as database:
        with pytest.raises(StorageError, match="can't be opened"):
            await database.migrate("notes", STEPS)
    for _ in range(2):
        async with Database(file) as database:
            await database.migrate("notes", STEPS)
            assert await noted(database) == []
    (aside,) = (each for each in tmp_path.glob("a.db.damaged-*") if not each.name.endswith(("-wal", "-shm")))
    assert aside.read_bytes() == damaged
    assert len([record for record in caplog.records if "is damaged" in record.getMessage()]) == 1


@pytest.mark.anyio
async def test_a_page_that_is_damaged_is_found_at_the_next_start(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    async with Database(file) as database:
        await database.migrate("notes", STEPS)
        await database.write(
            lambda connection: connection.executemany("INSERT INTO note VALUES (?)", [("x" * 1_000,)] * 100)
        )
    whole = bytearray(file.read_bytes())
    whole[3 * 4_096 : 4 * 4_096] = os.urandom(4_096)
    file.write_bytes(whole)
    async with Database(file) as database:
        await database.migrate("notes", STEPS)
        assert await noted(database) == []
    assert [each.read_bytes() for each in tmp_path.glob("a.db.damaged-*")] == [bytes(whole)]
