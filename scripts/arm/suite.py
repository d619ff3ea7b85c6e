"""The project's tests on an emulated board.

Emulation takes ten to thirty times as long, so that what measures time fails there although nothing is wrong; what
can't run, and why, is in ``left_out.toml`` beside this. Everything else must pass.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.arm import emulated
from scripts.arm.root import HOME, Kept
from scripts.prepare.cores import Core
from scripts.prepare.environment import ROOT

_LIST: Final = Path(__file__).with_name("left_out.toml")
_TREE: Final = "/src"
_MODELS: Final = "/root/.local/share/hearthside/models"
_ENVIRON: Final = {
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "PATH": f"{HOME}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "PYTHONPYCACHEPREFIX": "/var/cache/python",
    "HYPOTHESIS_STORAGE_DIRECTORY": "/tmp/hypothesis",  # noqa: S108  # a file system of its own
    "HYPOTHESIS_PROFILE": "patient",
}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Tests that can't run on an emulated board."""

    tests: tuple[str, ...]
    """As pytest's ``--deselect`` takes them; a folder or a file stands for all in it."""
    why: str


@dataclass(frozen=True, slots=True)
class Result:
    """Of a run."""

    passed: int
    failed: tuple[str, ...]
    deselected: int
    seconds: float


def left_out() -> list[LeftOut]:
    """The committed list."""
    read = tomllib.loads(_LIST.read_text("utf-8"))
    return [LeftOut(tuple(entry["tests"]), entry["why"]) for entry in read["left_out"]]


def run(kept: Kept, emulator: Path, core: Core, models: Path, paths: Sequence[str]) -> Result:
    """Those tests, but for what is left out. Their output is shown as it comes, and kept."""
    deselected = [f"--deselect={test}" for entry in left_out() for test in entry.tests]
    pytest = ["python", "-m", "pytest", "-p", "no:cacheprovider", "-rf", "--tb=short", *deselected, *paths]
    line = inside(kept, core, models, pytest)
    log = kept.folder / f"tests-{core.name}.log"
    with log.open("wb") as out:
        emulated.run(emulator, line, out.fileno())
    return read(log.read_text("utf-8", "replace"))


def inside(kept: Kept, core: Core, models: Path, program: Sequence[str]) -> Sequence[str | Path]:
    """How that program is run on the emulated board, in this tree, with those models."""
    shown = {ROOT: _TREE, models: _MODELS}
    return emulated.confined(kept.root, program, _TREE, shown, {**_ENVIRON, "QEMU_CPU": core.name})


def read(said: str) -> Result:
    """What pytest's last lines say."""
    last = said.rstrip().rpartition("\n")[2]
    numbers = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|error|deselected)", last)}
    took = re.search(r"in ([\d.]+)s", last)
    failed = tuple(re.findall(r"^(?:FAILED|ERROR) (\S+)", said, re.MULTILINE))
    return Result(numbers.get("passed", 0), failed, numbers.get("deselected", 0), float(took[1]) if took else 0.0)
