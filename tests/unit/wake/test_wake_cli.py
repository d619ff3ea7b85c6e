"""``hearth wake train`` refuses in one line what cannot work, before minutes are spent."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.cli import app
from edge.wake.training.errors import TrainingError


@pytest.mark.parametrize("make", [True, False])
def test_a_folder_without_recordings_is_named(tmp_path: Path, make: bool) -> None:
    folder = tmp_path / "clips"
    if make:
        folder.mkdir()
        (folder / "notes.txt").write_text("none yet")
    result = CliRunner().invoke(app, ["wake", "train", "hey lantern", "--recordings", str(folder)])
    assert isinstance(result.exception, TrainingError)
    assert str(result.exception).startswith(f"{folder} has no recordings — ")


def test_an_empty_phrase_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["wake", "train", " ", "--out", str(tmp_path / "x.onnx")])
    assert isinstance(result.exception, TrainingError)
    assert "the phrase is empty" in str(result.exception)


def test_what_must_be_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in ("sklearn", "onnx") else find(name))
    result = CliRunner().invoke(app, ["wake", "train", "hey lantern"])
    assert str(result.exception) == "training needs scikit-learn, onnx — pip install 'hearthside[train]'"


def test_help_ends_with_an_example() -> None:
    result = CliRunner().invoke(app, ["wake", "train", "--help"])
    assert "Example:" in result.output
