"""Encryption of what is kept."""

import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from edge import at_rest
from edge.at_rest import DataKey, Sealer
from edge.database import Database
from edge.errors import StorageError

pytestmark = pytest.mark.anyio

CANARY = "the spare key is under the third flowerpot"
STEPS = ("CREATE TABLE note (text TEXT)",)


async def keep(data_dir: Path, text: str = CANARY) -> None:
    async with Database(data_dir / "hearthside.db") as database:
        await database.migrate("test", STEPS)
        await database.write(lambda connection: connection.execute("INSERT INTO note VALUES (?)", (text,)))


async def kept(data_dir: Path) -> list[str]:
    async with Database(data_dir / "hearthside.db") as database:
        return await database.read(lambda connection: [text for (text,) in connection.execute("SELECT text FROM note")])


def on_disk(data_dir: Path) -> bytes:
    return b"".join(file.read_bytes() for file in data_dir.iterdir() if file.is_file())


async def test_nothing_that_is_kept_can_be_read_on_the_disk(tmp_path: Path) -> None:
    at_rest.prepare(tmp_path)
    async with Database(tmp_path / "hearthside.db") as database:
        await database.migrate("test", STEPS)
        await database.write(lambda connection: connection.execute("INSERT INTO note VALUES (?)", (CANARY,)))
        assert (tmp_path / "hearthside.db-wal").stat().st_size > 0
        assert CANARY.encode() not in on_disk(tmp_path), "nor in the write-ahead log"
    assert CANARY.encode() not in on_disk(tmp_path)
    assert await kept(tmp_path) == [CANARY]
    assert stat.S_IMODE((tmp_path / "data.key").stat().st_mode) == 0o600


async def test_what_was_kept_openly_is_encrypted_at_the_next_start(tmp_path: Path) -> None:
    await keep(tmp_path)
    assert CANARY.encode() in on_disk(tmp_path)
    at_rest.prepare(tmp_path)
    assert CANARY.encode() not in on_disk(tmp_path)
    assert await kept(tmp_path) == [CANARY]


async def test_a_mark_that_a_power_cut_left_empty_keeps_nobody_from_their_data(tmp_path: Path) -> None:
    key = at_rest.prepare(tmp_path)
    await keep(tmp_path)
    mark = tmp_path / "data.key.id"
    known = mark.read_text()
    mark.write_text("")
    assert at_rest.prepare(tmp_path) == key
    assert (await kept(tmp_path), mark.read_text()) == ([CANARY], known)
    (tmp_path / "data.key").unlink()
    mark.write_text("")
    with pytest.raises(StorageError, match="missing"):
        at_rest.prepare(tmp_path)


async def test_the_mark_is_not_written_again(tmp_path: Path) -> None:
    at_rest.prepare(tmp_path)
    before = (tmp_path / "data.key.id").stat()
    at_rest.prepare(tmp_path)
    after = (tmp_path / "data.key.id").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


async def test_while_another_program_has_it_open_it_stays_as_it_is(tmp_path: Path) -> None:
    await keep(tmp_path)
    async with Database(tmp_path / "hearthside.db") as other:
        await other.read(lambda connection: connection.execute("SELECT * FROM note").fetchall())
        at_rest.prepare(tmp_path)
        assert at_rest.is_plain(tmp_path / "hearthside.db")
        await keep(tmp_path, "more")
    assert await kept(tmp_path) == [CANARY, "more"]
    at_rest.prepare(tmp_path)
    assert not at_rest.is_plain(tmp_path / "hearthside.db")
    assert await kept(tmp_path) == [CANARY, "more"]


async def test_another_process_that_has_it_open_loses_nothing(tmp_path: Path) -> None:
    await keep(tmp_path)
    script = """
import sys
from pathlib import Path
from edge.database import _open
connection = _open(Path(sys.argv[1]), False)
print(connection.execute("SELECT count(*) FROM note").get, flush=True)
for line in sys.stdin:
    connection.execute("INSERT INTO note VALUES ('from there')")
    print(connection.execute("SELECT count(*) FROM note").get, flush=True)
"""
    file = str(tmp_path / "hearthside.db")
    with subprocess.Popen(  # noqa: ASYNC220  # it answers line by line
        [sys.executable, "-c", script, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "1\n"
        for count in (3, 5):
            at_rest.prepare(tmp_path)
            await keep(tmp_path, "from here")
            other.stdin.write("go on\n")
            other.stdin.flush()
            assert other.stdout.readline() == f"{count}\n"
        other.stdin.close()
    assert at_rest.is_plain(tmp_path / "hearthside.db")
    at_rest.prepare(tmp_path)
    assert not at_rest.is_plain(tmp_path / "hearthside.db")
    assert len(await kept(tmp_path)) == 5


async def test_where_it_is_not_wanted_nothing_is_begun(tmp_path: Path) -> None:
    assert at_rest.prepare(tmp_path, encrypt=False) is None
    await keep(tmp_path)
    assert at_rest.is_plain(tmp_path / "hearthside.db")
    key = at_rest.prepare(tmp_path)
    assert at_rest.prepare(tmp_path, encrypt=False) == key, "what is encrypted stays so"


def lose(folder: Path) -> None:
    (folder / "data.key").unlink()


def swap(folder: Path) -> None:
    (folder / "data.key").write_text("ab" * 32)


def spoil(folder: Path) -> None:
    (folder / "data.key").write_text("what?")


@pytest.mark.parametrize(
    ("happens", "why"),
    [(lose, "the data key is missing"), (swap, "is not the one"), (spoil, "holds no key")],
)
async def test_without_the_right_key_nothing_is_touched(
    tmp_path: Path, happens: Callable[[Path], None], why: str
) -> None:
    at_rest.prepare(tmp_path)
    await keep(tmp_path)
    before = (tmp_path / "hearthside.db").read_bytes()
    key = (tmp_path / "data.key").read_bytes()
    happens(tmp_path)
    with pytest.raises(StorageError, match=why):
        at_rest.prepare(tmp_path)
    with pytest.raises(StorageError, match=why):
        await kept(tmp_path)
    assert (tmp_path / "hearthside.db").read_bytes() == before
    assert not list(tmp_path.glob("*damaged*"))
    (tmp_path / "data.key").write_bytes(key)
    assert await kept(tmp_path) == [CANARY]


async def test_the_credential_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "data_key").write_text("5a" * 32 + "\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    data = tmp_path / "data"
    assert at_rest.prepare(data) == DataKey(b"\x5a" * 32)
    assert not (data / "data.key").exists()
    await keep(data)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    with pytest.raises(StorageError, match="missing"):
        await kept(data)


async def test_a_damaged_database_is_still_set_aside(tmp_path: Path) -> None:
    at_rest.prepare(tmp_path)
    await keep(tmp_path)
    file = tmp_path / "hearthside.db"
    file.write_bytes(b"\x00" * 100 + file.read_bytes()[100:])
    await keep(tmp_path, "new")
    assert await kept(tmp_path) == ["new"]
    assert len(list(tmp_path.glob("hearthside.db.damaged-*"))) >= 1


def test_another_key_takes_the_place_of_the_first(tmp_path: Path) -> None:
    old, new = DataKey(b"a" * 32), DataKey(b"b" * 32)
    file = tmp_path / "x.db"
    connection = apsw.Connection(str(file))
    connection.execute(f"PRAGMA key = '{old.pragma}'; CREATE TABLE t (x); INSERT INTO t VALUES (7)").fetchall()
    connection.close()
    at_rest.rekey(file, old, new)
    again = apsw.Connection(str(file))
    again.execute(f"PRAGMA key = '{new.pragma}'").fetchall()
    assert again.execute("SELECT x FROM t").get == 7


def test_a_sealed_file_opens_under_its_own_name_and_key_alone() -> None:
    sealer = Sealer(DataKey(b"a" * 32), "recordings")
    sealed = sealer.seal(b"sound", "turn-1")
    assert b"sound" not in sealed
    assert sealer.seal(b"sound", "turn-1") != sealed
    assert sealer.unseal(sealed, "turn-1") == b"sound"
    for other, name, content in (
        (sealer, "turn-2", sealed),
        (Sealer(DataKey(b"a" * 32), "backups"), "turn-1", sealed),
        (Sealer(DataKey(b"b" * 32), "recordings"), "turn-1", sealed),
        (sealer, "turn-1", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (sealer, "turn-1", b""),
    ):
        with pytest.raises(StorageError):
            other.unseal(content, name)


def test_the_key_is_printed_nowhere() -> None:
    key = DataKey(b"\x5a" * 32)
    assert "5a5a" not in repr(key)
    assert "5a5a" not in key.mark
