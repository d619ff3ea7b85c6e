"""A board: Debian in a folder, started by its own systemd. It has no network, and the tree and packages read-only."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from scripts.prepare.watch import Words, watch

_PACKAGES: Final = (
    "systemd,systemd-sysv,dbus,udev,procps,ca-certificates,python3,python3-venv,libportaudio2,libgomp1,mosquitto"
)
_BOOT_S: Final = 90.0
_LOOK_S: Final = 0.2
_SNAPSHOT: Final = ("etc", "opt", "usr", "var", "root", "home", "srv")
_COMES_AND_GOES: Final = (
    "etc/.pwd.lock", "etc/group-", "etc/gshadow-", "etc/passwd-", "etc/shadow-", "etc/.updated", "etc/subuid-",
    "etc/subgid-", "var/.updated", "var/cache/apt", "var/cache/debconf", "var/cache/ldconfig", "var/log",
    "var/lib/systemd", "var/lib/apt", "var/lib/dpkg", "var/lib/private", "var/lib/dbus", "var/lib/mosquitto",
    "var/tmp", "var/backups",
)  # fmt: skip
"""What a system changes by itself, or by any package."""


def pristine(cache: Path, suite: str) -> Path:
    """A folder with that Debian, as it comes; made where it is not there yet. Raises StepFailed."""
    folder = cache / suite
    if not folder.exists():
        part = cache / f"{suite}.part"
        shutil.rmtree(part, ignore_errors=True)
        cache.mkdir(parents=True, exist_ok=True)
        line: Words = ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", suite, part]
        watch(f"making a board of Debian {suite}", line, cache / "debootstrap.log")
        (part / "etc/hosts").write_text("127.0.0.1 localhost\n", "utf-8")
        part.rename(folder)
    return folder


def python(folder: Path) -> tuple[int, int]:
    """Of the Debian in ``folder``."""
    major, minor = (folder / "usr/bin/python3").readlink().name.removeprefix("python").split(".")
    return int(major), int(minor)


class Board:
    """One that runs."""

    def __init__(self, root: Path, leader: int) -> None:
        self.root = root
        self._leader = leader

    def run(self, *command: str, check: bool = True, timeout: float = 900) -> subprocess.CompletedProcess[str]:
        """``command`` on the board, as its root. Raises CalledProcessError."""
        environ = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "HOME=/root", "LANG=C.UTF-8"]
        line = ["nsenter", "--target", str(self._leader), "--all", *environ, *command]
        return subprocess.run(line, capture_output=True, text=True, check=check, timeout=timeout)

    def says(self, *command: str) -> str:
        """What ``command`` prints, without the end of its line."""
        return self.run(*command).stdout.strip()

    def shows(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.says("systemctl", "show", "--value", "--property", name, unit)

    def until(self, unit: str, state: str, within_s: float, *, but_not: str = "") -> float:
        """Seconds until the unit is in that state, in another process than ``but_not``. Raises TimeoutError."""
        begun = time.monotonic()
        while True:
            shown = self.run("systemctl", "show", "--property", "ActiveState,MainPID", unit).stdout.splitlines()
            now = dict(line.split("=", 1) for line in shown)
            if now["ActiveState"] == state and now["MainPID"] != (but_not or "-"):
                return time.monotonic() - begun
            if time.monotonic() - begun > within_s:
                raise TimeoutError(f"{unit} is {now['ActiveState']} after {within_s:.0f} s")
            time.sleep(_LOOK_S)

    def holds(self, unit: str, name: str, wanted: Callable[[str], bool], within_s: float) -> bool:
        """Whether a property of the unit becomes as ``wanted`` within so many seconds; returns as soon as it is."""
        begun = time.monotonic()
        while not wanted(self.shows(unit, name)):
            if time.monotonic() - begun > within_s:
                return False
            time.sleep(_LOOK_S)
        return True

    def kill(self, unit: str, number: int) -> str:
        """Send a signal to the main process of ``unit``. Returns its id on the board."""
        process = self.shows(unit, "MainPID")
        self.run("kill", f"-{number}", process)
        return process

    def journal(self, unit: str) -> str:
        """All that the unit has said."""
        return self.says("journalctl", "--no-pager", "--output=cat", "--unit", unit)

    def files(self) -> set[str]:
        """Everything that lies on its disk, but for what comes and goes."""
        found: set[str] = set()
        for top in _SNAPSHOT:
            for folder, names, files in os.walk(self.root / top):
                inside = os.path.relpath(folder, self.root)
                names[:] = [
                    name for name in names if f"{inside}/{name}" not in _COMES_AND_GOES and name != "__pycache__"
                ]
                found.update(f"{inside}/{name}" for name in (*names, *files))
        return found - set(_COMES_AND_GOES)

    def accounts(self) -> str:
        """Users and groups."""
        return "".join(sorted((self.root / f"etc/{name}").read_text("utf-8") for name in ("passwd", "group")))


@contextmanager
def started(root: Path, shown: Mapping[Path, str]) -> Iterator[Board]:
    """The board in the folder ``root``, from its start to its end. ``shown``: folders of this machine, and where the
    board sees them, read-only. Raises TimeoutError.
    """
    binds = [f"--bind-ro={here}:{there}" for here, there in shown.items()]
    line = ["systemd-nspawn", "--quiet", "--directory", str(root), "--register=no", "--keep-unit", "--boot",
            "--notify-ready=no", "--private-network", "--settings=no", *binds]  # fmt: skip
    with (root.with_suffix(".log")).open("wb") as log:
        process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            board = Board(root, _leader(process))
            board.run("systemctl", "is-system-running", "--wait", check=False, timeout=_BOOT_S)
            yield board
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _leader(process: "subprocess.Popen[bytes]") -> int:
    """The board's first process, once it can be talked to. Raises TimeoutError."""
    begun = time.monotonic()
    while time.monotonic() - begun < _BOOT_S and process.poll() is None:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii").split()
        for child in children:
            if Path(f"/proc/{child}/root/run/systemd/private").exists():
                return int(child)
        time.sleep(_LOOK_S)
    raise TimeoutError("the board does not start")


def copy(source: Path, target: Path) -> Path:
    """A board like ``source`` that may be written to."""
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "--archive", "--reflink=auto", source, target], check=True)
    return target


def overlaid(tree: Path, target: Path, changes: Sequence[tuple[str, str, str]]) -> Path:
    """A copy of what installing needs of ``tree``, with texts changed: (file, old, new)."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name in ("edge", "cloud_sync", "models", "systemd", "scripts"):
        shutil.copytree(tree / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (
        *tree.glob("requirements*.lock"),
        *(tree / name for name in ("pyproject.toml", "README.md", "LICENSE")),
    ):
        shutil.copy2(path, target / path.name)
    for name, old, new in changes:
        text = (target / name).read_text("utf-8")
        if old not in text:
            raise ValueError(f"{name} has no {old!r}")
        (target / name).write_text(text.replace(old, new), "utf-8")
    return target
