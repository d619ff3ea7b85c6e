"""``scripts/check_update``: releases are published, and a board takes them, goes back, and refuses."""

import importlib.metadata
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from edge.updates import versions
from edge.updates.exchange import Rules
from scripts.board_checks import board
from scripts.board_checks.board import Board
from scripts.board_checks.running import parser as shared_parser
from scripts.board_checks.running import run_all
from scripts.installer import places as installer
from scripts.installer import release, services
from scripts.prepare.environment import ROOT
from scripts.prepare.watch import StepFailed
from scripts.publishing.__main__ import PYTHON_BESIDE
from scripts.publishing.keys import Keys
from scripts.publishing.repository import Repository
from scripts.publishing.tree import release_of

_URL: Final = "http://127.0.0.1:8000"
_WELL_S: Final = 10
_QUICKLY: Final = 3
"""How hard packs are packed."""
_SHORTER: Final = f"""\
[Service]
ExecStart=
ExecStart=/opt/hearthside/proven/bin/python3 -I -B -m edge.updates --spool /run/hearthside-update --well {_WELL_S}
"""
_SERVER: Final = f"""\
[Service]
ExecStart=/usr/bin/python3 -m http.server --directory /repository --bind 127.0.0.1 {_URL.rpartition(":")[2]}
"""
_NEEDS: Final = (
    "import edge.cli.update, edge.service, edge.updates.attending, edge.updates.keeper, edge.updates.__main__\n"
    "import httpcore, httpx, rich.console, rich.status, structlog"
)


class Life:
    """A publisher and its board."""

    def __init__(self, running: Board, folder: Path) -> None:
        self.board, self._folder = running, folder
        self.repository = Repository(folder / "repository", Keys(folder / "keys"))

    def publish(self, version: str, *, broken: bool = False) -> str:
        """The newest one from now on. Returns its name."""
        made = release_of(
            _tree(self._folder / "tree", version, broken=broken), platform.machine(), self.repository.targets, _QUICKLY
        )
        self.repository.add(made, "stable")
        return made.name

    @property
    def runs(self) -> tuple[str, str]:
        """What is started, and what is proven."""
        opt = Path("/opt/hearthside")
        links = [self.board.says("readlink", str(opt / link)) for link in ("current", "proven")]
        return Path(links[0]).name, Path(links[1]).name

    def hearth(self, *words: str) -> str:
        """What the command says, of both kinds."""
        done = self.board.run("hearth", *words, check=False)
        return (done.stdout + done.stderr).strip()


def is_seen(life: Life) -> str:
    """A newer version."""
    life.publish("0.2.0")
    said = life.hearth("update", "check")
    assert said == "0.2.0 is there; to take it: hearth update apply", said
    return said


def is_taken(life: Life) -> str:
    """By a request alone: fetched by one unit, laid by another, which also restarts nobody who is busy."""
    begun, before = time.monotonic(), life.board.shows("hearthside", "InvocationID")
    said = life.hearth("update", "apply")
    assert said.endswith("0.2.0: applied"), said + life.board.journal("hearthside-update*")
    assert [name.partition("-")[0] for name in life.runs] == ["0.2.0", "0.2.0"]
    assert life.board.shows("hearthside", "ActiveState") == "active"
    assert life.board.shows("hearthside", "InvocationID") != before
    assert life.board.shows("hearthside", "NRestarts") in ("0", "1")
    shared = life.board.says("sh", "-c", "find /opt/hearthside/releases -name '*.so' -links +1 | wc -l")
    assert int(shared) > 0, "libraries that stay are shared"
    return f"{time.monotonic() - begun:.0f} s, of which {_WELL_S} s are its trial; {shared} libraries are shared"


def is_undone(life: Life) -> str:
    """What does not start."""
    begun = time.monotonic()
    life.publish("0.3.0", broken=True)
    said = life.hearth("update", "apply")
    # Between two looks it may have been started more than once.
    expected = r"0\.3\.0: undone: it came to an end (\d+) times — the version before runs"
    found = re.search(expected, said)
    assert found is not None, said + life.board.journal("hearthside-update*")
    assert int(found[1]) >= Rules().failures
    assert [name.partition("-")[0] for name in life.runs] == ["0.2.0", "0.2.0"]
    life.board.until("hearthside", "active", 60)
    return f"{time.monotonic() - begun:.0f} s; 0.2.0 runs again"


def is_left(life: Life) -> str:
    """For the version before, once."""
    said = life.hearth("update", "rollback")
    assert said.endswith("0.1.0: rolled back"), said + life.board.journal("hearthside-update*")
    assert [name.partition("-")[0] for name in life.runs] == ["0.1.0", "0.1.0"]
    life.board.until("hearthside", "active", 60)
    return "0.1.0 runs"


def writes_nothing_itself(life: Life) -> str:
    """The assistant's user has no way to the programs, nor to what is believed."""
    for line in (
        "touch /opt/hearthside/releases/x",
        "ln -sfn /tmp /opt/hearthside/current",
        "cp /etc/hostname /opt/hearthside/update/root.json",
        "touch /etc/systemd/system/hearthside.service",
    ):
        done = life.board.run("runuser", "-u", "hearthside", "--", "sh", "-c", line, check=False)
        assert done.returncode != 0, line
    return "4 ways tried"


CHECKS: Final[Sequence[Callable[[Life], str]]] = (is_seen, is_taken, is_undone, is_left, writes_nothing_itself)


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code: 0 when all passed."""
    parser = shared_parser("scripts/check_update", "which Debian; its Python must be the one that runs this")
    asked = parser.parse_args(arguments)
    folder = asked.cache / "updated"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        root = board.copy(board.pristine(asked.cache, asked.suite), folder / "board")
        repository = Repository(folder / "repository", Keys(folder / "keys"))
        _install(root, folder, repository.init())
        with board.started(root, {folder / "repository": "/repository"}) as running:
            _begin(running)
            return run_all(CHECKS, Life(running, folder))
    except (StepFailed, TimeoutError, subprocess.CalledProcessError) as error:
        print(f"check_update: {error} {getattr(error, 'stderr', '')}", file=sys.stderr)
        return 1
    finally:
        if not asked.keep:
            shutil.rmtree(folder, ignore_errors=True)


def _install(root: Path, folder: Path, anchor: Path) -> None:
    """As `scripts/install` leaves it, with 0.1.0."""
    there = installer.Places(root)
    name = f"0.1.0-{0:08x}"
    home = there.releases / name
    shutil.copytree(_tree(folder / "tree", "0.1.0", broken=False), home)
    (home / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n", "utf-8")
    (home / "bin/python3").symlink_to("/usr/bin/python3")
    (home / versions.DONE).touch()
    for link in (there.current, there.proven):
        link.symlink_to(Path("/opt/hearthside/releases") / name)
    there.anchor.parent.mkdir(parents=True)
    shutil.copyfile(anchor, there.anchor)
    services.lay(there, 252)
    for program in installer.PROGRAMS[:2]:
        (there.programs / program).write_text(services.wrapper(program, "/opt/hearthside/current/bin"), "utf-8")
    there.etc.mkdir(parents=True, exist_ok=True)
    there.settings.write_text(f'[update]\nurl = "{_URL}"\n', "utf-8")
    drop_in = there.units / "hearthside-update.service.d/shorter.conf"
    drop_in.parent.mkdir()
    drop_in.write_text(_SHORTER, "utf-8")
    (there.units / "repository.service").write_text(_SERVER, "utf-8")
    there.models.mkdir(parents=True)
    there.complete.touch()


def _begin(running: Board) -> None:
    running.run("systemd-sysusers")
    running.run("chown", "-R", "hearthside:hearthside", "/var/lib/hearthside")
    running.run("chmod", "700", "/var/lib/hearthside")
    running.run("systemctl", "daemon-reload")
    running.run("systemctl", "start", "repository", "hearthside", "hearthside-update.path")
    running.until("hearthside", "active", 60)


def _tree(folder: Path, version: str, *, broken: bool) -> Path:
    """A release with all that its updating needs, and a stand-in for the rest."""
    shutil.rmtree(folder, ignore_errors=True)
    site = folder / f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    site.mkdir(parents=True)
    for package in ("edge", "cloud_sync", "models"):
        ignored = shutil.ignore_patterns("__pycache__", "static", "*.onnx", "*.gguf", "adapters", "heads")
        shutil.copytree(ROOT / package, site / package, ignore=ignored)
    for source, inside in _installed():
        (site / inside).parent.mkdir(parents=True, exist_ok=True)
        if not (site / inside).exists():
            shutil.copyfile(source, site / inside)
    stand_in = (ROOT / "scripts/board_checks/stand_in.py").read_text("utf-8")
    head = 'raise SystemExit("a mistake in this version")\n' if broken else ""
    (site / "stand_in.py").write_text(head + stand_in, "utf-8")
    info = site / f"hearthside-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: hearthside\nVersion: {version}\n", "utf-8")
    (folder / "bin").mkdir()
    program = folder / "bin/hearth"
    program.write_text(f"{PYTHON_BESIDE}\nfrom stand_in import main\n\nmain()\n", "utf-8")
    program.chmod(0o755)
    release.share(folder)
    return folder


def _installed() -> list[tuple[Path, str]]:
    """Files of the packages that updating imports: where they are, and their path in site-packages."""
    code = f"{_NEEDS}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    owners = importlib.metadata.packages_distributions()
    packages = {owner for name in said.split() for owner in owners.get(name, ())} - {"hearthside", "pip", "setuptools"}
    found = []
    for package in sorted(packages):
        for file in importlib.metadata.distribution(package).files or ():
            if (
                ".." not in file.parts
                and "__pycache__" not in file.parts
                and (path := Path(str(file.locate()))).is_file()
            ):
                found.append((path, str(file)))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
