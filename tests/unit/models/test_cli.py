"""``hearth models`` as it is typed."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from rich.console import Console
from typer.testing import CliRunner

from edge.errors import ModelError
from models import commands
from models.cli import app
from models.display import FetchDisplay
from models.downloads import download_size
from models.manifest import Manifest, load
from models.store import Store
from scripts.installer.answers import Answers, write_settings
from tests.unit.models.served import Server, Steps

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, manifest: Manifest, tmp_path: Path) -> Run:
    """Types a command on the small manifest; the data directory comes as the mounting program gives it."""
    monkeypatch.setattr("models.store.load", lambda: manifest)
    monkeypatch.setattr("edge.engines.models_of", lambda _: {"ears": True, "somebody's own": True})
    return lambda *words: CliRunner().invoke(app, list(words), obj=tmp_path / "data", catch_exceptions=False)


def test_fetch_verify_and_list(run: Run, server: Server) -> None:
    fetched = run("fetch")
    assert fetched.exit_code == 0
    assert fetched.stdout == ""
    assert fetched.stderr.startswith("fetched ears (1 MB, MIT) in ")
    assert len(fetched.stderr.splitlines()) == 1
    verified = run("verify")
    assert (verified.exit_code, verified.stdout) == (0, "ok       ears\n")
    listed = [line.rstrip() for line in run("list").stdout.splitlines()]
    assert "ears" in listed[1]
    assert listed[1].endswith("ok")
    assert listed[2].endswith("optional")


def test_json_lines(run: Run, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in run("fetch", "voice", "--json").stdout.splitlines()]
    assert [(row["id"], row["condition"], row["licence"]) for row in rows] == [("voice", "ok", "MIT")]
    rows = [json.loads(line) for line in run("list", "--json").stdout.splitlines()]
    assert [(row["id"], row["condition"]) for row in rows] == [("ears", "missing"), ("voice", "ok")]
    (tmp_path / "data/voice/voice.onnx").write_bytes(b"")
    verified = run("verify", "voice", "--json")
    assert verified.exit_code == 1
    assert json.loads(verified.stdout)["condition"] == "damaged"


def test_verify_counts_a_missing_one_that_is_needed_as_a_failure(run: Run) -> None:
    verified = run("verify")
    assert (verified.exit_code, verified.stdout) == (1, "missing  ears: not installed\n")


@pytest.mark.parametrize(
    ("language", "profile", "models", "megabytes"),
    [
        (
            "en",
            "other",
            "minilm-l6-v2 moonshine-tiny-en piper-en_US-joe-medium smollm2-135m-instruct speech-embedding",
            300,
        ),
        ("de", "other", "smollm2-135m-instruct speech-embedding whisper-base", 252),
        ("fr", "other", "smollm2-135m-instruct speech-embedding whisper-base", 252),
        ("en", "zero2w", "moonshine-tiny-en speech-embedding", 66),
        ("de", "zero2w", "speech-embedding whisper-base", 160),
    ],
)
def test_a_new_installation_fetches_what_its_language_and_its_board_need(
    language: str, profile: str, models: str, megabytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A German one fetched the English voice as well, and answered with it."""
    monkeypatch.setenv("HEARTH_BOARD__PROFILE", profile)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr("edge.engines.installed", lambda _: True)
    write_settings(tmp_path / "hearthside/hearthside.toml", Answers("Kitchen", "localhost", language))
    fetched: list[str] = []
    monkeypatch.setattr(commands, "fetch", lambda ids, *_: fetched.extend(ids))
    assert CliRunner().invoke(app, ["fetch"], catch_exceptions=False).exit_code == 0
    known = load()
    assert sorted(fetched) == models.split()
    assert round(sum(download_size(known.model(each), known) for each in fetched) / 1e6) == megabytes


def test_errors_reach_the_one_place_that_prints_them(run: Run) -> None:
    with pytest.raises(ModelError, match="there is no model 'earz' — did you mean ears"):
        run("fetch", "earz")


@pytest.mark.parametrize("command", ["list", "fetch", "verify"])
def test_every_help_has_an_example(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"])
    assert f"hearth models {command}" in shown.stdout


def test_without_the_runtime_errors_are_one_line(tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "models", "--models-dir", str(tmp_path), "fetch", "smollm"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "hearth: there is no model 'smollm' — did you mean smollm2-135m-instruct?\n"


def test_a_terminal_sees_one_bar_over_everything(store: Store, steps: Steps) -> None:
    screen = io.StringIO()
    with FetchDisplay(Console(file=screen, force_terminal=True, width=100)) as display:
        commands.fetch(["ears", "voice"], store, display)
        shown = display._bar.tasks[0]
    assert (shown.completed, shown.total) == (shown.total, shown.total)
    assert "fetched ears" in screen.getvalue()


def test_the_defaults_are_what_is_not_bundled(tmp_path: Path) -> None:
    store = Store(tmp_path, load())
    assert set(commands.default_ids(store)) == {
        "moonshine-tiny-en",
        "smollm2-135m-instruct",
        "minilm-l6-v2",
        "piper-en_US-joe-medium",
        "speech-embedding",
    }
