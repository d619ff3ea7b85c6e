"""Root's part, the first half: a release that was fetched by somebody without rights becomes a folder beside what runs.

Everything is verified here once more, from the signatures on, of bytes that are read once. Files that the current
release has are linked, not copied: they take neither room nor time, and two releases share them.
"""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from edge.updates import packs, release, versions
from edge.updates.errors import UpdateError, UpdateRefused
from edge.updates.places import Places, Spool
from edge.updates.plain import open_plain
from edge.updates.release import File, Pack, Release
from edge.updates.transport import SpoolFetcher
from edge.updates.trust import MOST_BYTES, Trust
from edge.updates.word import sync_folder

_CACHE: Final = "__pycache__"


def verified(channel: str, places: Places, spool: Spool) -> Release:
    """The release in ``spool``, if it is signed, for this machine, and newer than what was well here.

    Raises UpdateError, UpdateRefused.
    """
    trust = Trust(places.trusted, places.anchor, SpoolFetcher(spool.metadata), "spool:///")
    trust.refresh()
    path = release.target(channel, platform.machine(), release.python())
    offer = trust.offer(path)
    if offer is None:
        raise UpdateRefused(f"{path} is not in the repository", "hearth update check")
    try:
        with open_plain(spool.release) as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UpdateError(f"no release was fetched: {error.strerror or error}", "hearth update apply") from None
    trust.verify(offer, data)
    found = release.read_for_this_machine(data)
    newest = max(release.number(name) for name in {versions.installed(places), versions.led_to(places.proven)} if name)
    if release.number(found.name) <= newest:
        raise UpdateRefused(f"{found.name} is no newer than what is here", "an older one is never laid")
    return found


def lay(found: Release, places: Places, spool: Spool) -> None:
    """Make its folder; it is complete once it has its mark. Raises UpdateError, UpdateRefused, OSError."""
    folder, current = places.releases / found.name, places.current.resolve()
    if (folder / versions.DONE).exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o755)
    with ExitStack() as unfinished:
        unfinished.callback(shutil.rmtree, folder, ignore_errors=True)
        missing = [pack for pack in found.packs if not _linked(pack, current, folder)]
        _check_room(missing, folder)
        for pack in missing:
            _unpack(pack, spool, folder)
        _finish(folder, current)
        unfinished.pop_all()
    _sync_all(folder)
    (folder / versions.DONE).touch()
    sync_folder(folder)
    sync_folder(places.releases)


def _check_room(missing: list[Pack], folder: Path) -> None:
    size = sum(pack.content for pack in missing)
    if shutil.disk_usage(folder).free < size + release.RESERVE:
        raise UpdateError(f"it takes {size / 1e6:.0f} MB more than are free", "free some space")


def _linked(pack: Pack, current: Path, folder: Path) -> bool:
    """Whether all of it is in the current release, byte for byte; then it is here, too."""
    if not all(packs.has(current, file) for file in pack.files):
        return False
    for file in pack.files:
        target = _place(folder, file)
        os.link(current / file.path, target)
        _link_compiled(current / file.path, target)
    return True


def _link_compiled(source: Path, target: Path) -> None:
    """What Python has made of a source that stays: it knows it by time and size, which are the same."""
    if source.suffix != ".py":
        return
    for compiled in (source.parent / _CACHE).glob(f"{source.stem}.*.pyc"):
        (target.parent / _CACHE).mkdir(exist_ok=True)
        os.link(compiled, target.parent / _CACHE / compiled.name)


def _unpack(pack: Pack, spool: Spool, folder: Path) -> None:
    try:
        packed = open_plain(spool.packs / pack.sha256)
    except OSError as error:
        raise UpdateError(f"the pack {pack.name} was not fetched ({error})", "hearth update apply") from None
    with packed:
        # Whoever fetched it may still write to it: what counts is the hash of each file, as it is written here.
        packs.check(packed, pack)
        for file, blocks in packs.unpacked(packed, pack):
            with _place(folder, file).open("xb") as out:
                for block in blocks:
                    out.write(block)
                out.flush()
                os.fchmod(out.fileno(), 0o755 if file.runs else 0o644)
                os.fsync(out.fileno())


def _place(folder: Path, file: File) -> Path:
    path = folder / file.path
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    return path


def _finish(folder: Path, current: Path) -> None:
    """What is made on the board: its Python, and what that compiles of sources that are new. No code of the release is
    run for it.
    """
    shutil.copyfile(current / "pyvenv.cfg", folder / "pyvenv.cfg")
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin/python3").symlink_to((current / "bin/python3").resolve())
    (folder / "bin/python").symlink_to("python3")
    line: list[str | Path] = [folder / "bin/python3", "-I", "-m", "compileall", "-q", folder / "lib"]
    # A source that can't be compiled is one that nothing imports: some packages have templates of such a name.
    subprocess.run(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def _sync_all(folder: Path) -> None:
    """Names of files are on the disk before the mark is."""
    for path in _folders(folder):
        sync_folder(path)


def _folders(folder: Path) -> Iterator[Path]:
    for path, _, _ in os.walk(folder):
        yield Path(path)
