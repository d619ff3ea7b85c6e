"""What the runtime asks the store for when it starts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from edge.errors import ModelError
from models import commands
from models.store import Condition, Store
from tests.unit.models.served import CONFIG, WEIGHTS, Steps


@pytest.fixture
def filled(store: Store, steps: Steps) -> Store:
    commands.fetch(["ears"], store, steps)
    return store


def test_require_gives_the_folder(filled: Store) -> None:
    folder = filled.require("ears")
    assert folder == filled.root / "ears"
    assert (folder / "model.bin").read_bytes() == WEIGHTS
    assert (folder / "config.json").read_bytes() == CONFIG


def test_a_missing_model_names_the_command_that_fetches_it(store: Store) -> None:
    with pytest.raises(ModelError) as caught:
        store.require("ears")
    assert str(caught.value) == "the model ears is missing (not installed) — run `hearth models fetch ears`"
    assert caught.value.permanent


@pytest.mark.parametrize(
    ("harm", "detail"),
    [
        (lambda file: file.write_bytes(WEIGHTS[:-1]), "model.bin is not what it was"),
        (lambda file: file.unlink(), "model.bin is not there"),
    ],
)
def test_a_damaged_model_is_told_from_a_missing_one(filled: Store, harm: Callable[[Path], object], detail: str) -> None:
    harm(filled.root / "ears/model.bin")
    with pytest.raises(ModelError) as caught:
        filled.require("ears")
    assert str(caught.value) == f"the model ears is damaged ({detail}) — run `hearth models fetch ears`"


def test_a_changed_byte_is_found_by_verify_alone(filled: Store) -> None:
    (filled.root / "ears/model.bin").write_bytes(b"x" + WEIGHTS[1:])
    model = filled.manifest.model("ears")
    assert filled.inspect(model) == (Condition.OK, "")
    assert filled.verify(model) == (Condition.DAMAGED, "model.bin is not what it was")


def test_models_of_installed_packages_are_found_and_whole(tmp_path: Path) -> None:
    store = Store(tmp_path)
    bundled = [model for model in store.manifest.models if model.bundled]
    assert len(bundled) >= 5
    for model in bundled:
        assert store.verify(model) == (Condition.OK, ""), model.id
        assert all(path.is_file() for path in store.require(model.id).glob("*okay_nabu*"))
