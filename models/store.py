"""Where models lie on disk: ``<models_dir>/<id>/<file>``.

A model's folder appears by one rename when every file in it is complete and on the disk, so what is there is whole.
"""

import hashlib
import importlib.util
import shutil
from collections.abc import Callable
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Final

from edge import atomic_file
from edge.errors import ModelError
from models.manifest import Manifest, Model, ModelFile, load


class Condition(StrEnum):
    """What is there of a model."""

    OK = "ok"
    MISSING = "missing"
    DAMAGED = "damaged"


class Store:
    """The models of one data directory."""

    def __init__(self, models_dir: Path, manifest: Manifest | None = None) -> None:
        """``manifest``: None for the one that comes with the product."""
        self.root: Final = models_dir
        """Folder that holds one folder per model."""
        if manifest is not None:
            self.manifest = manifest

    @cached_property
    def manifest(self) -> Manifest:
        """All known models. Raises ModelError when the manifest is broken."""
        return load()

    def folder(self, model: Model) -> Path:
        """Where the model lies or would lie. A bundled model's files: see :meth:`path`."""
        return self.root / model.id

    def path(self, model: Model, file: ModelFile) -> Path:
        """Where one file lies or would lie."""
        return _bundled_path(file.bundled) if file.bundled else self.folder(model) / file.name

    def require(self, model_id: str) -> Path:
        """The folder of an installed model; all its files are there with their right sizes, hashes aren't read.

        Raises ModelError with the command that mends it when the model is missing, damaged or unknown.
        """
        model = self.manifest.model(model_id)
        condition, detail = self.inspect(model)
        if condition is not Condition.OK:
            raise ModelError(f"the model {model_id} is {condition} ({detail})", _remedy(model), permanent=True)
        return self.path(model, model.files[0]).parent

    def inspect(self, model: Model) -> tuple[Condition, str]:
        """Whether the model is whole by the sizes of its files, and what is wrong with it in words."""
        return self._judge(model, lambda path, file: path.stat().st_size == file.size)

    def verify(self, model: Model) -> tuple[Condition, str]:
        """Like :meth:`inspect`, but reads every byte and compares hashes."""
        return self._judge(model, lambda path, file: sha256(path) == file.sha256)

    def _judge(self, model: Model, whole: Callable[[Path, ModelFile], bool]) -> tuple[Condition, str]:
        paths = [(self.path(model, file), file) for file in model.files]
        if not any(path.is_file() for path, _ in paths):
            return Condition.MISSING, "not installed"
        for path, file in paths:
            if not path.is_file():
                return Condition.DAMAGED, f"{file.name} is not there"
            if not whole(path, file):
                return Condition.DAMAGED, f"{file.name} is not what it was"
        return Condition.OK, ""

    def install(self, model: Model, staged: Path) -> None:
        """Put the complete folder ``staged``, which lies on the same disk, in the model's place at once."""
        for path in (*staged.iterdir(), staged):
            atomic_file.sync(path)
        target = self.folder(model)
        old = self.root / f".old-{model.id}"
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            target.rename(old)
        staged.rename(target)
        atomic_file.sync(self.root)
        shutil.rmtree(old, ignore_errors=True)

    def remove(self, model: Model) -> None:
        """Delete what is there of the model. Raises ModelError for one that comes with a package."""
        if model.bundled:
            raise ModelError(f"{model.id} comes with a Python package", _remedy(model), permanent=True)
        old = self.root / f".old-{model.id}"
        try:
            if self.folder(model).exists():
                # At once: half of a model is none.
                shutil.rmtree(old, ignore_errors=True)
                self.folder(model).rename(old)
                shutil.rmtree(old)
        except OSError as error:
            what = f"{self.folder(model)} can't be deleted: {error.strerror or error}"
            raise ModelError(what, "see to its permissions") from error


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _bundled_path(reference: str) -> Path:
    """``package/path`` → where it lies, without importing the package."""
    package, _, inside = reference.partition("/")
    spec = importlib.util.find_spec(package)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return Path(folders[0]) / inside if folders else Path(reference)


def _remedy(model: Model) -> str:
    if not model.bundled:
        return f"run `hearth models fetch {model.id}`"
    return f"reinstall the Python package {str(model.files[0].bundled).partition('/')[0]}"
