"""Seeing, taking along and erasing what is kept."""

import json
from pathlib import Path

import anyio
import pytest
from typer.testing import CliRunner

from edge.bus import Bus
from edge.cli.privacy import app
from edge.database import Database
from edge.errors import AssistantError
from edge.memory.facts import Facts
from edge.session.listening import Listening

RUNNER = CliRunner()


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory with two facts."""
    monkeypatch.setenv("HEARTH_DATA_DIR", str(tmp_path))

    async def remember() -> None:
        async with Database(tmp_path / "hearthside.db") as database:
            facts = Facts(database)
            await facts.remember("the zyzzyva sleeps in the shed")
            await facts.remember("Sam", "name")

    anyio.run(remember)
    return tmp_path


def counts() -> dict[str, int]:
    result = RUNNER.invoke(app, ["show", "--json"])
    assert result.exit_code == 0, result.output
    kept: dict[str, int] = json.loads(result.stdout)["kept"]
    return kept


def texts(file: Path) -> list[str | None]:
    assert RUNNER.invoke(app, ["export", str(file)]).exit_code == 0
    return [fact["text"] for fact in json.loads(file.read_text())["memory_fact"]]


def test_everything_is_shown_and_exported(kept: Path) -> None:
    assert counts()["memory_fact"] == 2
    assert sorted(filter(None, texts(kept / "me.json"))) == ["Sam", "the zyzzyva sleeps in the shed"]
    assert (kept / "me.json").stat().st_mode & 0o777 == 0o600


def test_what_is_about_something_is_erased_from_the_disk(kept: Path) -> None:
    result = RUNNER.invoke(app, ["forget", "--about", "zyzzyva", "--yes"])
    assert result.stdout == "1 entries erased\n"
    assert list(filter(None, texts(kept / "me.json"))) == ["Sam"]
    assert b"zyzzyva" not in b"".join(file.read_bytes() for file in kept.glob("hearthside.db*"))


def test_everything_is_erased_after_asking(kept: Path) -> None:
    assert RUNNER.invoke(app, ["forget", "--everything"], input="n\n").exit_code == 1
    assert counts()["memory_fact"] == 2
    assert RUNNER.invoke(app, ["forget", "--everything"], input="y\n").exit_code == 0
    assert not any(counts().values())


def test_recordings_of_wake_words_and_damaged_copies_go_with_everything_and_nothing_else(kept: Path) -> None:
    for file in (
        "wake/hey_lantern/0123456789ab.wav",
        "wake/hey_lantern.onnx",
        "hearthside.db.damaged-17",
        "house.toml",
    ):
        (kept / file).parent.mkdir(parents=True, exist_ok=True)
        (kept / file).write_bytes(b"zyzzyva")
    assert RUNNER.invoke(app, ["forget", "--about", "nothing at all", "--yes"]).exit_code == 0
    assert (kept / "wake/hey_lantern/0123456789ab.wav").exists()
    assert RUNNER.invoke(app, ["forget", "--everything", "--yes"]).exit_code == 0
    left = {
        str(path.relative_to(kept)) for path in kept.rglob("*") if path.is_file() and path.read_bytes() == b"zyzzyva"
    }
    assert left == {"wake/hey_lantern.onnx", "house.toml"}


def test_a_microphone_that_is_off_stays_off_when_everything_is_erased(kept: Path) -> None:
    async def left(*, off: bool) -> bool:
        async with Database(kept / "hearthside.db") as database, anyio.create_task_group() as tasks:
            listening = Listening(Bus())
            await listening.remember(database)
            if off:
                tasks.start_soon(listening.keep, database)
                listening.set(False)
                with anyio.fail_after(60):
                    while not await database.read(lambda db: db.execute("SELECT * FROM listening").fetchone()):
                        await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()
            return listening.on

    anyio.run(lambda: left(off=True))
    assert RUNNER.invoke(app, ["forget", "--everything", "--yes"]).exit_code == 0
    assert anyio.run(lambda: left(off=False)) is False


def test_wrong_usage_and_nothing_kept_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert RUNNER.invoke(app, ["forget", "--everything", "--days", "3"]).exit_code == 2
    monkeypatch.setenv("HEARTH_DATA_DIR", str(tmp_path / "none"))
    with pytest.raises(AssistantError, match="nothing is kept"):
        RUNNER.invoke(app, ["show"], catch_exceptions=False)
