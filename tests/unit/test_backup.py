"""``edge.backup``: out of one board, into another."""

import os
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge import at_rest, backup
from edge.at_rest import Sealer
from edge.cli import app
from edge.database import Database
from edge.errors import StorageError
from tests.unit.test_at_rest import CANARY, keep, kept

pytestmark = pytest.mark.anyio

RUNNER = CliRunner()
PASSPHRASE = "correct horse battery staple"


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    file = tmp_path / "hearthside.toml"
    file.write_text("area = 'Kitchen'  # mine\n")
    return file


async def board(folder: Path) -> Path:
    """A board on which something is kept."""
    key = at_rest.prepare(folder)
    assert key is not None
    await keep(folder)
    (folder / "house.toml").write_text("[areas.Kitchen]\n")
    (folder / "recordings").mkdir()
    (folder / "recordings/t1.sealed").write_bytes(Sealer(key, "recordings").seal(b"sound", "t1"))
    (folder / "big").write_bytes(os.urandom(3 * 1024 * 1024))
    for gone in ("cache", "models"):
        (folder / gone).mkdir()
        (folder / gone / "x").write_text("made anew")
    return folder


async def test_everything_is_there_on_a_new_board(tmp_path: Path, settings: Path) -> None:
    old, new = await board(tmp_path / "old"), tmp_path / "new"
    file = tmp_path / "b"
    written = backup.write(old, settings, file, PASSPHRASE)
    assert CANARY.encode() not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    restored = backup.restore(file, new, tmp_path / "etc/hearthside.toml", PASSPHRASE)
    assert restored == written
    assert await kept(new) == [CANARY]
    assert (tmp_path / "etc/hearthside.toml").read_text() == settings.read_text()
    assert (new / "house.toml").read_text() == "[areas.Kitchen]\n"
    assert (new / "big").read_bytes() == (old / "big").read_bytes()
    assert not (new / "cache").exists()
    assert not (new / "models").exists()
    assert sorted(path.name for path in new.iterdir() if path.name.startswith(".")) == []
    assert CANARY.encode() not in (new / "hearthside.db").read_bytes()


async def test_on_a_board_with_a_key_of_its_own_that_one_holds(
    tmp_path: Path, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = await board(tmp_path / "old"), tmp_path / "new"
    backup.write(old, settings, tmp_path / "b", PASSPHRASE)
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "data_key").write_text("5a" * 32)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    backup.restore(tmp_path / "b", new, tmp_path / "none.toml", PASSPHRASE)
    assert not (new / "data.key").exists()
    assert await kept(new) == [CANARY]
    key = at_rest.data_key(new)
    assert key is not None
    assert Sealer(key, "recordings").unseal((new / "recordings/t1.sealed").read_bytes(), "t1") == b"sound"


async def test_it_is_one_moment_of_a_database_that_is_written_meanwhile(tmp_path: Path, settings: Path) -> None:
    old = await board(tmp_path / "old")
    done = threading.Event()

    async with Database(old / "hearthside.db") as database:

        def write() -> None:
            backup.write(old, settings, tmp_path / "b", PASSPHRASE)
            done.set()

        thread = threading.Thread(target=write)
        thread.start()
        count = 0
        while not done.is_set():
            await database.write(lambda connection: connection.execute("INSERT INTO note VALUES ('more')"))
            count += 1
        thread.join()
    backup.restore(tmp_path / "b", tmp_path / "new", settings, PASSPHRASE)
    found = await kept(tmp_path / "new")
    assert found[0] == CANARY
    assert len(found) <= count + 1


@pytest.mark.parametrize("harm", ["passphrase", "cut", "cut at a frame", "changed", "swapped", "not ours", "costly"])
async def test_what_is_not_whole_is_refused_and_nothing_is_left(tmp_path: Path, settings: Path, harm: str) -> None:
    old, new, file = await board(tmp_path / "old"), tmp_path / "new", tmp_path / "b"
    backup.write(old, settings, file, PASSPHRASE)
    content = bytearray(file.read_bytes())
    head, frame = 40, 1024 * 1024 + 16
    match harm:
        case "cut":
            content = content[:-100]
        case "cut at a frame":
            content = content[: head + frame]
        case "changed":
            content[len(content) // 2] ^= 1
        case "swapped":
            content[head : head + 2 * frame] = content[head + frame : head + 2 * frame] + content[head : head + frame]
        case "not ours":
            content[:11] = b"BACKUP FILE"
        case "costly":
            content[16:20] = b"\xff\xff\xff\xff"
    file.write_bytes(content)
    with pytest.raises(StorageError):
        backup.restore(file, new, settings, "wrong" if harm == "passphrase" else PASSPHRASE)
    assert list(new.iterdir()) == []


async def test_nothing_is_overwritten(tmp_path: Path, settings: Path) -> None:
    old = await board(tmp_path / "old")
    backup.write(old, settings, tmp_path / "b", PASSPHRASE)
    with pytest.raises(StorageError, match="already"):
        backup.restore(tmp_path / "b", old, settings, PASSPHRASE)
    assert await kept(old) == [CANARY]


async def test_a_backup_that_fails_leaves_no_half_file(tmp_path: Path, settings: Path) -> None:
    old = await board(tmp_path / "old")
    with pytest.raises(StorageError):
        backup.write(old, settings, tmp_path / "nowhere" / "b", PASSPHRASE)
    assert not list(old.glob(".backup-*"))


async def test_by_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await board(tmp_path / "old")
    (tmp_path / "pass").write_text(f"{PASSPHRASE}\n")
    file, asked = str(tmp_path / "b"), ["--passphrase-file", str(tmp_path / "pass")]
    monkeypatch.setenv("HEARTH_DATA_DIR", str(tmp_path / "old"))
    written = RUNNER.invoke(app, ["backup", file, *asked])
    assert (written.exit_code, written.stdout.startswith(f"{file}: 4 files")) == (0, True), written.output
    monkeypatch.setenv("HEARTH_DATA_DIR", str(tmp_path / "new"))
    restored = RUNNER.invoke(app, ["restore", file, *asked])
    assert (restored.exit_code, restored.stdout.startswith("4 files restored")) == (0, True), restored.output
    (tmp_path / "pass").write_text("short\n")
    refused = RUNNER.invoke(app, ["backup", file, *asked])
    assert "shorter than 8" in str(refused.exception)
