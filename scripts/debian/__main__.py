"""``scripts/build_deb``."""

import argparse
import csv
import gzip
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from email.utils import formatdate
from pathlib import Path
from typing import Final

from scripts.debian import control
from scripts.debian.control import HOME, Package
from scripts.installer.release import LOCK, NEEDLESS
from scripts.installer.services import SYSTEMD, wrapper
from scripts.materials import bill
from scripts.prepare import cores, foreign
from scripts.prepare.ending import explain
from scripts.prepare.environment import ROOT
from scripts.prepare.foreign import Foreign
from scripts.prepare.watch import StepFailed, Words, watch

_OF_DEBIAN: Final = {(3, 11): "deb12", (3, 13): "deb13"}
_SHARE: Final = ("scripts/prepare", "scripts/installer", "systemd")
_WITH_BACKOFF: Final = (3, 13)
"""The Python of the first Debian whose systemd knows RestartSteps."""


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code; prints the file and its sizes."""
    asked = _parser().parse_args(arguments)
    os.environ.pop("PYTHONPATH", None)
    os.environ.setdefault("SOURCE_DATE_EPOCH", _date())
    if shutil.which("dpkg-deb") is None:
        print("build_deb: dpkg-deb is missing — apt-get install dpkg", file=sys.stderr)
        return 1
    if asked.llama and not cores.for_all(asked.llama.name):
        print(
            "build_deb: that llama-cpp-python is not for every board — give the build for cortex-a53", file=sys.stderr
        )
        return 1
    begun = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="hearthside-deb-") as folder:
            made, size_kib = build(asked, Path(folder))
    except StepFailed as failure:
        log = asked.out / failure.log.name
        shutil.copyfile(failure.log, log)
        print(f"build_deb: {failure.title} failed: {explain(failure.output)} (log: {log})", file=sys.stderr)
        return 1
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    took = time.monotonic() - begun
    print(
        f"{made}: {made.stat().st_size / 1e6:.0f} MB, {size_kib / 1e3:.0f} MB installed, {took:.0f} s, sha256 {digest}"
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    here = next((arch for arch, machine in foreign.MACHINES.items() if machine == platform.machine()), "arm64")
    parser = argparse.ArgumentParser("scripts/build_deb")
    parser.add_argument("--arch", choices=foreign.MACHINES, default=here)
    parser.add_argument("--python", default="3.11", help="of the Debian that it is for: 3.11 for 12, 3.13 for 13")
    parser.add_argument(
        "--llama", type=Path, metavar="WHEEL", help="llama-cpp-python, built for all boards of this kind"
    )
    parser.add_argument("--wheels", type=Path, metavar="DIR", help="all packages, where there is no network")
    parser.add_argument("--out", type=Path, default=ROOT / "out", help="folder that it is put into")
    return parser


def build(asked: argparse.Namespace, folder: Path) -> tuple[Path, int]:
    """The package, and what it takes installed, in KiB. Raises StepFailed."""
    major, _, minor = asked.python.partition(".")
    python = int(major), int(minor)
    tree = folder / "tree"
    home = tree / HOME.lstrip("/")
    programs(home, python, asked, folder, f"#!{HOME}/bin/python3")
    _system(tree, home, backoff=python >= _WITH_BACKOFF)
    _documents(tree, version := f"{_version()}~{_OF_DEBIAN[python]}")
    site = home / f"lib/python{asked.python}/site-packages"
    materials = bill.bill(site, LOCK, int(os.environ["SOURCE_DATE_EPOCH"]))
    bill.write(materials, tree / "usr/share/doc/hearthside/hearthside.cdx.json")
    _normalise(tree)
    size = sum(_blocks(path) for path in tree.rglob("*"))
    _control(tree, Package(version, asked.arch, python, size))
    asked.out.mkdir(parents=True, exist_ok=True)
    made: Path = asked.out / f"hearthside_{version}_{asked.arch}.deb"
    # zstd: a small board unpacks it in an eighth of the time of xz. One thread: the bytes may depend on how many.
    line: Words = ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z12", "--threads-max=1", "--build", tree, made]
    watch("packing", line, folder / "dpkg-deb.log")
    return made, size


def programs(home: Path, python: tuple[int, int], asked: argparse.Namespace, folder: Path, head: str) -> None:
    """A virtual environment on Debian's Python. ``head``: how its programs begin, so that its own Python runs them.
    Raises StepFailed.
    """
    environment = Foreign(home, foreign.MACHINES[asked.arch], python, folder)
    environment.lay("../../../bin/python")
    environment.install_locked(LOCK, asked.wheels)
    environment.install_project(asked.llama)
    site = environment.site
    for pattern in (*NEEDLESS, "bin", "*.dist-info/direct_url.json", "*.dist-info/REQUESTED"):
        for path in site.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    _forget(site)
    environment.lay_programs(head)


def _forget(site: Path) -> None:
    """Take out of the packages' lists what was removed: its hashes are of paths on the machine that built it."""
    for record in site.glob("*.dist-info/RECORD"):
        with record.open(encoding="utf-8", newline="") as listed:
            rows = [row for row in csv.reader(listed) if row and (site / row[0]).exists()]
        with record.open("w", encoding="utf-8", newline="") as kept:
            csv.writer(kept, lineterminator="\n").writerows(rows)


def _system(tree: Path, home: Path, *, backoff: bool) -> None:
    """Units, rules, the user and the commands."""
    units = tree / "lib/systemd/system"
    units.mkdir(parents=True)
    for source in (*SYSTEMD.glob("*.service"), *SYSTEMD.glob("*.timer")):
        if source.name.startswith("hearthside-update"):
            continue  # what dpkg has laid, apt exchanges
        (units / source.name).write_text(source.read_text("utf-8").replace("/opt/hearthside/current", HOME), "utf-8")
    if backoff:
        for unit in ("hearthside.service", "hearthside-cloud.service"):
            (units / f"{unit}.d").mkdir()
            shutil.copyfile(SYSTEMD / "since-254/backoff.conf", units / f"{unit}.d/backoff.conf")
    for source, target in (
        (SYSTEMD / "hearthside.sysusers", "usr/lib/sysusers.d/hearthside.conf"),
        (SYSTEMD / "60-hearthside.rules", "lib/udev/rules.d/60-hearthside.rules"),
    ):
        (tree / target).parent.mkdir(parents=True)
        shutil.copyfile(source, tree / target)
    for folder, name, text in (
        ("usr/bin", "hearth", wrapper("hearth", f"{HOME}/bin")),
        ("usr/bin", "hearth-sync", wrapper("hearth-sync", f"{HOME}/bin")),
        ("usr/sbin", "hearthside-setup", control.SETUP),
    ):
        (tree / folder).mkdir(parents=True, exist_ok=True)
        (tree / folder / name).write_text(text, "utf-8")
        (tree / folder / name).chmod(0o755)
    for part in _SHARE:
        shutil.copytree(ROOT / part, home / "share" / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(LOCK, home / "share" / LOCK.name)


def _documents(tree: Path, version: str) -> None:
    docs = tree / "usr/share/doc/hearthside"
    docs.mkdir(parents=True)
    (docs / "copyright").write_text(control.COPYRIGHT, "utf-8")
    date = formatdate(int(os.environ["SOURCE_DATE_EPOCH"]))
    entry = (
        f"hearthside ({version}) stable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- {control.MAINTAINER}  {date}\n"
    )
    # The time in the head of the file would be another one each time.
    (docs / "changelog.gz").write_bytes(gzip.compress(entry.encode(), 9, mtime=0))
    overrides = tree / "usr/share/lintian/overrides/hearthside"
    overrides.parent.mkdir(parents=True)
    overrides.write_text(control.OVERRIDES, "utf-8")
    for name in ("install.md", "hardware.md"):
        if (ROOT / "docs" / name).exists():
            shutil.copyfile(ROOT / "docs" / name, docs / name)


def _normalise(tree: Path) -> None:
    """Modes as Debian wants them, whatever the umask was and the wheels had; shared libraries are not executable. All
    times are that of the tree.
    """
    then = int(os.environ["SOURCE_DATE_EPOCH"])
    for path in tree.rglob("*"):
        os.utime(path, (then, then), follow_symlinks=False)
        if path.is_symlink():
            continue
        runs = path.is_dir() or (path.parent.name in ("bin", "sbin") and os.access(path, os.X_OK))
        path.chmod(0o755 if runs else 0o644)


def _control(tree: Path, package: Package) -> None:
    debian = tree / "DEBIAN"
    debian.mkdir()
    (debian / "control").write_text(package.control(), "utf-8")
    sums = [
        f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}  {path.relative_to(tree)}\n"
        for path in sorted(tree.rglob("*"))
        if path.is_file() and not path.is_symlink() and debian not in path.parents
    ]
    (debian / "md5sums").write_text("".join(sums), "utf-8")
    for name, text in (("postinst", control.postinst()), ("prerm", control.prerm()), ("postrm", control.postrm())):
        (debian / name).write_text(text, "utf-8")
        (debian / name).chmod(0o755)


def _blocks(path: Path) -> int:
    """In KiB, a directory or a link as one: deb-substvars(5), Installed-Size."""
    return max(1, -(-path.lstat().st_size // 1024)) if path.is_file() and not path.is_symlink() else 1


def _version() -> str:
    found = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert found, "pyproject.toml names no version"
    return found[1]


def _date() -> str:
    """Of the last commit, else of the list of changes: the same tree gives the same bytes on any day."""
    asked = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=False)
    return asked.stdout.strip() or str(int((ROOT / "CHANGELOG.md").stat().st_mtime))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
