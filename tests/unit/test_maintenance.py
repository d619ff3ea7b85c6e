"""What is looked after at night."""

import os
import random
import time
from pathlib import Path

import apsw
import pytest

from edge.database import Database
from edge.errors import StorageError
from edge.maintenance import clear, look_after_database

pytestmark = pytest.mark.anyio
_DAY_S = 86_400


def fill(connection: apsw.Connection) -> None:
    connection.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
    connection.execute("CREATE INDEX note_text ON note (text)")
    connection.executemany(
        "INSERT INTO note (text) VALUES (?)", ((f"{number:06} {'x' * 400}",) for number in range(20_000))
    )


def shrink(connection: apsw.Connection) -> None:
    connection.execute("DELETE FROM note WHERE id > 100")


def notes(connection: apsw.Connection) -> int:
    count: int = connection.execute("SELECT count(*) FROM note").get
    return count


async def test_free_pages_are_given_back_while_the_assistant_runs(tmp_path: Path) -> None:
    file = tmp_path / "hearthside.db"
    async with Database(file) as assistant:
        await assistant.write(fill)
        await assistant.write(shrink)
        before = file.stat().st_size
        await look_after_database(file)
        assert file.stat().st_size < before / 10
        assert (tmp_path / "hearthside.db-wal").stat().st_size == 0
        assert await assistant.read(notes) == 100


async def test_a_file_with_little_to_gain_is_not_rewritten(tmp_path: Path) -> None:
    file = tmp_path / "hearthside.db"
    async with Database(file) as assistant:
        await assistant.write(fill)
        await assistant.write(lambda connection: connection.execute("DELETE FROM note WHERE id > 19000"))
    before = file.stat().st_size
    await look_after_database(file)
    assert file.stat().st_size == before


async def test_a_damaged_file_is_told_and_left_for_the_assistant(tmp_path: Path) -> None:
    file = tmp_path / "hearthside.db"
    async with Database(file) as assistant:
        await assistant.write(fill)
    with file.open("r+b") as there:
        there.seek(4096 * 40)
        there.write(random.Random(1).randbytes(4096 * 20))
    with pytest.raises(StorageError, match="damaged"):
        await look_after_database(file)
    assert file.exists()


async def test_without_a_database_there_is_nothing_to_do(tmp_path: Path) -> None:
    await look_after_database(tmp_path / "hearthside.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "days", "goes"),
    [
        ("hearthside.db.damaged-1700000000", 31, True),
        ("hearthside.db.damaged-1700000000-wal", 31, True),
        ("hearthside.db.damaged-1700000000", 29, False),
        ("hearthside.db", 4_000, False),
        ("identity", 4_000, False),
        ("house.toml", 4_000, False),
        (".hearthside.toml.77.part", 8, True),
        (".hearthside.toml.77.part", 6, False),
        ("models/.downloads/voice.whl", 8, True),
        ("models/.downloads/voice.whl", 1, False),
        ("models/whisper-base/model.bin", 4_000, False),
        ("hearthside.db.damaged-1700000000", -300, False),
    ],
)
def test_what_is_outdated(name: str, days: float, goes: bool, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("something")
    then = time.time() - days * _DAY_S
    os.utime(path, (then, then))
    removed = clear(tmp_path, tmp_path / "models")
    assert removed == ([path.name] if goes else [])
    assert path.exists() is not goes
