"""A version of the programs in a folder of its own, complete before anything uses it.

A power cut while packages are installed leaves the old version as it was. ``current`` changes by one rename.
"""

import hashlib
import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.installer.places import Places
from scripts.prepare import llama, lockfile, system
from scripts.prepare.ending import CannotGoOn
from scripts.prepare.environment import ROOT, pip, pip_environ
from scripts.prepare.watch import Words, watch

LOCK: Final = ROOT / "requirements.lock"
BRIDGE_LOCK: Final = ROOT / "requirements-server.lock"
_SOURCES: Final = ("edge", "cloud_sync", "models")
_PROGRAMS: Final = 850_000_000
_PACKAGES: Final = 250_000_000
"""Bytes: what is installed, and while that goes on what it comes in."""
_MODELS: Final = 250_000_000
_BUILDS_WITH: Final = 900_000_000
"""Bytes of memory, below which nobody has the patience for a compiler, nor room for the model."""
_DONE: Final = ".installed"
"""Is there once a release is complete."""
_SHARE: Final = ("scripts/install", "scripts/prepare.sh", "scripts/prepare", "scripts/installer", "systemd", "LICENSE")
"""What removes it again, when the tree that it was installed from is gone."""
NEEDLESS: Final = (
    "numpy/**/tests",
    "onnx/backend/test",
    "pip",
    "pip-*.dist-info",
    "setuptools",
    "setuptools-*.dist-info",
)
"""In site-packages: what no program here imports, a tenth of the room."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be installed."""

    wheels: Path | None = None
    """A folder with all packages; no network is used then."""
    bridge: bool = False
    """Also what ``hearth-cloud`` needs."""


def name(*, bridge: bool = False) -> str:
    """Version and contents of this tree, and of what is installed of it: ``0.1.0-1a2b3c4d``."""
    found = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert found, "pyproject.toml names no version"
    digest = hashlib.sha256(b"bridge" if bridge else b"")
    files = [path for source in _SOURCES for path in (ROOT / source).rglob("*") if path.is_file()]
    for path in sorted([*files, LOCK, ROOT / "pyproject.toml"]):
        if "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return f"{found[1]}-{digest.hexdigest()[:8]}"


def installed(places: Places) -> str | None:
    """The release that runs; None where none does."""
    return places.current.resolve().name if (places.current / _DONE).exists() else None


def has_bridge(places: Places) -> bool:
    """Whether the release that runs has what ``hearth-cloud`` needs."""
    return any(places.current.glob("lib/python3*/site-packages/sqlalchemy"))


def version(release: str) -> str:
    """Its number, without what tells builds of one version apart."""
    return release.rpartition("-")[0]


def make(places: Places, wanted: Wanted) -> str:
    """Install this tree beside what runs. Returns its name. Raises StepFailed."""
    release = name(bridge=wanted.bridge)
    folder = places.releases / release
    if not (folder / _DONE).exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _fill(folder, places, wanted)
        (folder / _DONE).touch()
    return release


def check_room(places: Places, *, bridge: bool) -> None:
    """Whether what is to come has room on the disk: installers say so after minutes. Raises CannotGoOn."""
    programs = 0 if (places.releases / name(bridge=bridge) / _DONE).exists() else _PROGRAMS + _PACKAGES
    models = 0 if places.complete.exists() else _MODELS
    disks = [next(path for path in (at, *at.parents) if path.exists()) for at in (places.opt, places.state)]
    one = disks[0].stat().st_dev == disks[1].stat().st_dev
    for disk, size in ((disks[0], programs + models * one), (disks[1], models)):
        if (free := shutil.disk_usage(disk).free) < size:
            what = f"it takes {size / 1e9:.1f} GB at {disk}, and {free / 1e9:.1f} GB are free"
            raise CannotGoOn(f"{what} — free some space, and run it again")


def _fill(folder: Path, places: Places, wanted: Wanted) -> None:
    log = places.log
    log.mkdir(parents=True, exist_ok=True)
    python = folder / "bin/python"
    watch("making the environment", [sys.executable, "-m", "venv", folder], log / "venv.log")
    lock = BRIDGE_LOCK if wanted.bridge else LOCK
    requirements = log / "requirements.txt"
    requirements.write_text(lockfile.without_llama(lock), "utf-8")
    where: Words = ["--no-index", "--find-links", wanted.wheels] if wanted.wheels else []
    options: Words = ["--no-deps", "--require-hashes", "--only-binary", ":all:", *where, "-r", requirements]
    # Not in /tmp, which may be a small piece of memory.
    with tempfile.TemporaryDirectory(dir=folder) as beside:
        environ = {**pip_environ(), "PIP_CACHE_DIR": str(places.packages), "TMPDIR": beside}
        watch("installing packages", [*pip("install", python), *options], log / "packages.log", environ)
    options = ["--no-deps", "--no-build-isolation", "--no-index", ROOT]
    watch("installing hearthside", [*pip("install", python), *options], log / "project.log", pip_environ())
    if (wheel := _llama(wanted, places)) is not None:
        options = ["--no-deps", "--no-index", wheel]
        watch("installing llama-cpp-python", [*pip("install", python), *options], log / "llama.log", pip_environ())
    _slim(folder)
    share(folder)


def share(folder: Path) -> None:
    """What a release brings beside its programs: units, and what removes it again."""
    for part in _SHARE:
        target = folder / "share" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / part, target)


def _llama(wanted: Wanted, places: Places) -> Path | None:
    """The small language model's runtime: from the given wheels, a kept one, else built now; None: it goes without."""
    version = lockfile.llama_version(LOCK)
    for folder in filter(None, (wanted.wheels, *_caches(places))):
        if (wheel := llama.cached_wheel(version, folder)) is not None:
            return wheel
    if wanted.wheels:
        print("hearth: no wheel of llama-cpp-python was given: it works without its language model", file=sys.stderr)
        return None
    if memory() < _BUILDS_WITH:
        print("hearth: this board is too small for its language model: it works without", file=sys.stderr)
        return None
    os.environ["XDG_CACHE_HOME"] = str(places.cache.parent)
    return llama.wheel(LOCK, places.log)


def memory(meminfo: Path = Path("/proc/meminfo")) -> int:
    """Bytes that this machine has."""
    found = re.search(r"^MemTotal:\s+(\d+) kB$", meminfo.read_text("utf-8"), re.MULTILINE)
    assert found, f"{meminfo} has no MemTotal"
    return int(found[1]) * 1024


def _caches(places: Places) -> list[Path]:
    """Where wheels for this processor are kept: ours, root's, and of whoever called sudo."""
    users = (Path(f"~{user}").expanduser() for user in ("root", os.environ.get("SUDO_USER")) if user)
    caches = [places.cache, *(home / ".cache/hearthside" for home in users)]
    return [cache / "wheels" / llama.processor() for cache in caches]


def _slim(folder: Path) -> None:
    site = next(folder.glob("lib/python3*/site-packages"))
    for pattern in NEEDLESS:
        for path in site.glob(pattern):
            shutil.rmtree(path, ignore_errors=True)


def switch(places: Places, release: str) -> None:
    """From now on ``current`` is that release, after a power cut as well."""
    _point(places.current, places.releases / release)


def prove(places: Places) -> None:
    """What runs now is well: it is what an update that fails goes back to."""
    _point(places.proven, places.current.resolve())


def _point(link: Path, release: Path) -> None:
    beside = link.with_name(f"{link.name}.new")
    beside.unlink(missing_ok=True)
    beside.symlink_to(release)
    beside.replace(link)


def remove_others(places: Places) -> None:
    """Leave only the current release."""
    current = places.current.resolve()
    for folder in places.releases.iterdir():
        if folder != current:
            shutil.rmtree(folder, ignore_errors=True)


def system_packages(log: Path) -> list[str]:
    """Install what the programs need of Debian's. Returns what could not be had."""
    return system.install([system.PORTAUDIO, system.OPENMP], log / "apt.log")
