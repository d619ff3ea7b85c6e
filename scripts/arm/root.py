"""A board's file system, made here: Debian's arm64 packages, and the locked packages of Python for aarch64.

No program of it runs while it is made; so no package is configured, and what the tests need of that is laid by hand.
"""

import fcntl
import hashlib
import os
import shutil
import sys
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.arm import debian
from scripts.arm.debian import Archive
from scripts.prepare.environment import ROOT
from scripts.prepare.foreign import Foreign
from scripts.prepare.watch import StepFailed, Words, watch

SUITE: Final = "bookworm"
_PYTHON: Final = (3, 11)
"""Of that Debian."""
_PACKAGES: Final = (
    "base-files", "base-passwd", "bash", "coreutils", "dash", "diffutils", "findutils", "gawk", "grep", "hostname",
    "libc-bin", "procps", "sed", "tar", "util-linux",
    "alsa-utils", "ca-certificates", "espeak-ng", "git", "libasound2-plugins", "libgomp1", "libportaudio2", "mosquitto",
    "openssl", "pulseaudio", "pulseaudio-utils", "python3", "python3-venv", "systemd", "tzdata",
)  # fmt: skip
"""What Debian takes for granted, then what the assistant and its tests use."""
_EMULATOR: Final = "qemu-user/bookworm-backports"
"""10.0: knows /proc/cpuinfo of the emulated processor, without which onnxruntime dies when it is imported (7.2)."""
_LOCK: Final = ROOT / "requirements-dev.lock"
HOME: Final = "/opt/hearthside"
"""Where the environment lies in it."""
BYTECODE: Final = "/var/cache/python"
"""Where Python keeps what it has compiled."""
TREE: Final = "/src"
"""Where the tree that is tested is shown in it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept from one call to the next."""

    folder: Path

    @property
    def emulator(self) -> Path:
        """For a program of aarch64."""
        return self.folder / "tools/usr/bin/qemu-aarch64"

    @property
    def root(self) -> Path:
        """The board's file system: for each lock another, as some may be running in that of before."""
        return self.folder / f"root-{hashlib.sha256(repr((_PACKAGES, _LOCK.read_bytes())).encode()).hexdigest()[:12]}"

    @property
    def wheels(self) -> Path:
        """llama-cpp-python, a file for each core."""
        return self.folder / "wheels"

    @property
    def board(self) -> Archive:
        """Debian's packages for boards."""
        return Archive(self.folder / "arm64", "arm64", (SUITE,))

    @property
    def here(self) -> Archive:
        """Debian's packages for this machine, also newer ones."""
        return Archive(self.folder / "amd64", "amd64", (SUITE, f"{SUITE}-backports"), beside_ours=True)


def emulator(kept: Kept) -> Path:
    """Fetched once. Raises StepFailed."""
    if not kept.emulator.exists():
        debian.unpack(kept.here.fetch([_EMULATOR]), kept.folder / "tools")
    return kept.emulator


def make(kept: Kept) -> Path:
    """The file system; made anew when the lock has changed. Raises StepFailed."""
    kept.folder.mkdir(parents=True, exist_ok=True)
    with (kept.folder / "root.lock").open("w") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        if not kept.root.exists():
            part = kept.folder / "root.part"
            shutil.rmtree(part, ignore_errors=True)
            _fill(part, kept)
            part.rename(kept.root)
    return kept.root


def _fill(root: Path, kept: Kept) -> None:
    debian.unpack(kept.board.fetch(_PACKAGES), root)
    _configure(root)
    environment = Foreign(root / HOME.lstrip("/"), "aarch64", _PYTHON, kept.folder)
    environment.lay("../../../usr/bin/python")
    environment.install_locked(_LOCK)
    environment.install_project()
    environment.lay_programs(f"#!{HOME}/bin/python3")
    _have_it_import_the_tree(environment.site)
    _lay_pip(root, environment.site)
    _compile(root, kept.folder)


def settle(part: Path, place: Path) -> None:
    """What was made in ``part`` goes to its ``place``, unless another who made the same was quicker."""
    try:
        part.rename(place)
    except OSError:
        if not place.exists():
            raise
        shutil.rmtree(part)


def _compile(root: Path, folder: Path) -> None:
    """Python's bytecode, which is the same on every processor, of this one in a twentieth of the time."""
    if sys.version_info[:2] != _PYTHON:
        return
    made, root = folder / f"bytecode.{os.getpid()}", root.resolve()
    folders: Words = [root / "usr/lib/python3.11", root / HOME.lstrip("/") / "lib"]
    line: Words = [sys.executable, "-m", "compileall", "-qq", "-j", "0", "-x", "/tests?/", *folders]
    # Among them are templates of modules, which no Python can read.
    with suppress(StepFailed):
        environ = {**os.environ, "PYTHONPYCACHEPREFIX": str(made)}
        watch("compiling Python's modules", line, folder / "compile.log", environ)
    shutil.copytree(made / str(root).lstrip("/"), root / BYTECODE.lstrip("/"), dirs_exist_ok=True)
    shutil.rmtree(made)


def _configure(root: Path) -> None:
    """What the scripts of Debian's packages would have done."""
    for name in ("passwd", "group"):
        shutil.copyfile(root / f"usr/share/base-passwd/{name}.master", root / "etc" / name)
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n", "utf-8")
    (root / "etc/localtime").symlink_to("/usr/share/zoneinfo/Etc/UTC")
    (root / "bin/sh").unlink(missing_ok=True)
    (root / "bin/sh").symlink_to("dash")
    authorities = sorted((root / "usr/share/ca-certificates").rglob("*.crt"))
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    bundle.write_text("".join(one.read_text("ascii") for one in authorities), "ascii")


def _lay_pip(root: Path, site: Path) -> None:
    """Debian's, which ``python -m venv`` would have put there."""
    for wheel in (root / "usr/share/python-wheels").glob("pip-*.whl"):
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(site)


def _have_it_import_the_tree(site: Path) -> None:
    """The project's sources are those that are shown, in whatever folder a program runs; its entry points stay."""
    for name in ("edge", "models", "cloud_sync"):
        shutil.rmtree(site / name)
    (site / "hearthside-tree.pth").write_text(f"{TREE}\n", "utf-8")
