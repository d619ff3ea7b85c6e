"""The virtual environment and what is installed in it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.prepare import lockfile
from scripts.prepare.watch import Words, watch

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin/python"
LOG = VENV / "log"
"""Folder for what installers said."""
_UNFINISHED = VENV / ".unfinished"
"""Is there while packages are being installed: pip takes a package that it was interrupted in for an installed one."""
_PLACE = VENV / ".place"
"""Holds the folder that the environment was made in: it can't be moved."""


def make() -> None:
    """Make the virtual environment, or make it anew where it is half-made, moved or of another Python."""
    if _is_sound():
        return
    if VENV.exists():
        print("the virtual environment is incomplete or out of date: making it anew", file=sys.stderr)
        shutil.rmtree(VENV)
    VENV.mkdir()
    _UNFINISHED.touch()
    watch("making the virtual environment", [sys.executable, "-m", "venv", VENV], LOG / "venv.log")
    _PLACE.write_text(str(ROOT), "utf-8")
    _UNFINISHED.unlink()


def install(lock: Path) -> None:
    """Install everything that the lock file names, except llama-cpp-python, and this project itself."""
    stamp = VENV / f".installed-{lock.stem}"
    wanted = lock.read_text("utf-8") + (ROOT / "pyproject.toml").read_text("utf-8")
    if stamp.exists() and stamp.read_text("utf-8") == wanted:
        return
    requirements = LOG / lock.name
    requirements.parent.mkdir(exist_ok=True)
    requirements.write_text(lockfile.without_llama(lock), "utf-8")
    log = LOG / "packages.log"
    locked: Words = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", requirements]
    _UNFINISHED.touch()
    try:
        watch(f"installing packages ({lock.name})", [*pip("install"), *locked], log, pip_environ())
    finally:
        if "Installing collected packages" not in log.read_text("utf-8", "replace"):
            _UNFINISHED.unlink()
    _remove_strangers(log)
    project: Words = ["--no-deps", "--no-build-isolation", "--editable", ROOT]
    watch("installing hearthside", [*pip("install"), *project], LOG / "project.log", pip_environ())
    stamp.write_text(wanted, "utf-8")
    _UNFINISHED.unlink(missing_ok=True)


def _remove_strangers(log: Path) -> None:
    """What no lock names any more: an older lock may have."""
    asked: Words = [PYTHON, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
    listed = json.loads(subprocess.run(asked, capture_output=True, check=True).stdout)
    names = {lockfile.plain(row["name"]) for row in listed} - {"pip", "setuptools", "hearthside"}
    strangers = sorted(names - lockfile.names(ROOT.glob("requirements*.lock")))
    if strangers:
        line: Words = [PYTHON, "-m", "pip", "uninstall", "--yes", *strangers]
        watch("removing what is not locked", line, log, pip_environ())


def has(module: str) -> bool:
    """Whether the environment has that top-level module."""
    return any(VENV.glob(f"lib/python3*/site-packages/{module}/__init__.py"))


def pip(command: str, python: Path = PYTHON) -> Words:
    """The beginning of a pip command line."""
    return [python, "-m", "pip", command, "--no-input", "--progress-bar", "off"]


def pip_environ() -> dict[str, str]:
    """Fewer retries than pip's own, so that a missing network is told within seconds."""
    return {"PIP_RETRIES": "2", **os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUNBUFFERED": "1"}


def _is_sound() -> bool:
    if _UNFINISHED.exists() or not _PLACE.exists() or _PLACE.read_text("utf-8") != str(ROOT):
        return False
    version = "import pip, sys; print(*sys.version_info[:2])"
    try:
        asked = subprocess.run([PYTHON, "-c", version], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return asked.stdout.split() == [str(part) for part in sys.version_info[:2]]
