"""``scripts/check_install``."""

import argparse
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from scripts.board_checks import board, checks
from scripts.board_checks.checks import Life
from scripts.board_checks.running import parser as shared_parser
from scripts.board_checks.running import run_all
from scripts.installer.release import BRIDGE_LOCK
from scripts.prepare import foreign, llama, lockfile
from scripts.prepare.environment import ROOT, pip, pip_environ
from scripts.prepare.watch import StepFailed, Words, watch

Check: TypeAlias = Callable[[Life], str]

_NEWER: Final = (("pyproject.toml", 'version = "0.1.0"', 'version = "9.9.9"'),)
_BROKEN: Final = (
    ("pyproject.toml", 'version = "0.1.0"', 'version = "10.0.0"'),
    ("edge/cli/run.py", "keep_private()", 'raise SystemExit("a mistake in this version")'),
)


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code: 0 when all passed."""
    asked = _parser().parse_args(arguments)
    missing = [name for name in ("debootstrap", "systemd-nspawn") if shutil.which(name) is None]
    if missing:
        print(
            f"check_install: {', '.join(missing)} missing — apt-get install debootstrap systemd-container",
            file=sys.stderr,
        )
        return 1
    try:
        return _check(asked)
    except (StepFailed, TimeoutError) as error:
        print(f"check_install: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    models = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "hearthside/models"
    parser = shared_parser("scripts/check_install")
    parser.add_argument("--models", type=Path, default=models, help="models that are here already")
    parser.add_argument("--deb", type=Path, metavar="FILE", help="check this package instead")
    names = [check.__name__ for check in (*checks.CHECKS, *checks.DEB_CHECKS)]
    parser.add_argument("--checks", nargs="+", choices=names, metavar="NAME", help="only these; the first must install")
    return parser


def _check(asked: argparse.Namespace) -> int:
    pristine = board.pristine(asked.cache, asked.suite)
    if asked.deb:
        return _check_packages(asked, pristine)
    wheels = _wheels(asked.cache, board.python(pristine))
    root = board.copy(pristine, asked.cache / "board")
    newer = board.overlaid(ROOT, asked.cache / "newer", _NEWER)
    broken = board.overlaid(ROOT, asked.cache / "broken", _BROKEN)
    plain = board.overlaid(ROOT, asked.cache / "plain", ())
    shown = {plain: "/src", newer: "/newer", broken: "/broken", wheels: "/wheels", asked.models: "/given-models"}
    try:
        with board.started(root, shown) as running:
            return run_all(_chosen(checks.CHECKS, asked), Life(running))
    finally:
        if not asked.keep:
            for folder in (root, newer, broken, plain):
                shutil.rmtree(folder, ignore_errors=True)


def _check_packages(asked: argparse.Namespace, pristine: Path) -> int:
    debs = asked.cache / "debs"
    debs.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(asked.deb, debs / "older.deb")
    _renumbered(asked.deb, debs / "newer.deb", asked.cache)
    root = board.copy(pristine, asked.cache / "board")
    try:
        with board.started(root, {debs: "/debs", asked.models: "/given-models"}) as running:
            return run_all(_chosen(checks.DEB_CHECKS, asked), Life(running))
    finally:
        shutil.rmtree(debs, ignore_errors=True)
        if not asked.keep:
            shutil.rmtree(root, ignore_errors=True)


def _renumbered(deb: Path, to: Path, cache: Path) -> None:
    """The same package as a newer version of itself. Raises StepFailed."""
    tree = cache / "renumbered"
    shutil.rmtree(tree, ignore_errors=True)
    log = cache / "renumbered.log"
    watch("unpacking the package", ["dpkg-deb", "--raw-extract", deb, tree], log)
    fields = tree / "DEBIAN/control"
    fields.write_text(
        re.sub(r"^Version: .*$", "Version: 9.9.9", fields.read_text("utf-8"), flags=re.MULTILINE), "utf-8"
    )
    line: Words = ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z1", "--build", tree, to]
    watch("packing it as a newer one", line, log)
    shutil.rmtree(tree)


def _chosen(usual: Sequence[Check], asked: argparse.Namespace) -> list[Check]:
    return [check for check in usual if not asked.checks or check.__name__ in asked.checks]


def _wheels(cache: Path, python: tuple[int, int]) -> Path:
    """A folder with every package of the lock file for that Python, for a board without network. Raises StepFailed."""
    mine = python == sys.version_info[:2]
    folder = cache / ("wheels" if mine else f"wheels-{python[0]}.{python[1]}")
    lock = BRIDGE_LOCK
    stamp = folder / ".of"
    if not stamp.exists() or stamp.read_text("utf-8") != lock.read_text("utf-8"):
        folder.mkdir(parents=True, exist_ok=True)
        requirements = cache / "requirements.txt"
        text = lockfile.without_llama(lock)
        requirements.write_text(text if mine else _for_python(text, python), "utf-8")
        where = ["--only-binary", ":all:"] if mine else foreign.options(platform.machine(), python)
        options: Words = ["--no-deps", "--require-hashes", *where, "-r", requirements, "--dest", folder]
        line: Words = [*pip("download", Path(sys.executable)), *options]
        watch("fetching packages", line, cache / "packages.log", pip_environ())
        kept = llama.cached_wheel(lockfile.llama_version(lock))
        if kept is not None:
            shutil.copy2(kept, folder)
        stamp.write_text(lock.read_text("utf-8"), "utf-8")
    return folder


def _for_python(lock: str, python: tuple[int, int]) -> str:
    """What another Python takes of the lock file, without conditions: pip would ask them of its own."""
    from packaging.markers import Marker

    from scripts.arm.wheels import pins

    version = ".".join(map(str, python))
    there = {"python_version": version, "python_full_version": f"{version}.0"}
    wanted = [pin for pin in pins(lock) if not pin.marker or Marker(pin.marker).evaluate(there)]
    return "".join(
        f"{pin.name}=={pin.version}{''.join(f' --hash=sha256:{digest}' for digest in sorted(pin.hashes))}\n"
        for pin in wanted
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
