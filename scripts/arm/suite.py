"""What is run on an emulated board: this tree and its models, in Debian's root, with the core of a board.

Emulation takes ten to thirty times as long, so that what measures time fails there although nothing is wrong; what
can't run, and why, is in ``left_out.toml`` beside this. Everything else must pass.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.arm import emulated, slow
from scripts.arm.root import BYTECODE, HOME, TREE, Kept
from scripts.prepare.cores import Core
from scripts.prepare.environment import ROOT

_LIST: Final = "scripts/arm/left_out.toml"
_MODELS: Final = "/root/.local/share/hearthside/models"
_ENVIRON: Final = {
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "PATH": f"{HOME}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "PYTHONPYCACHEPREFIX": BYTECODE,
    "HYPOTHESIS_STORAGE_DIRECTORY": "/tmp/hypothesis",  # noqa: S108  # a file system of its own
    "HYPOTHESIS_PROFILE": "patient",
}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Tests that can't run on an emulated board."""

    tests: tuple[str, ...]
    """As pytest's ``--deselect`` takes them; a folder or a file stands for all in it."""
    why: str


def left_out(tree: Path = ROOT) -> list[LeftOut]:
    """The committed list."""
    read = tomllib.loads((tree / _LIST).read_text("utf-8"))
    return [LeftOut(tuple(entry["tests"]), entry["why"]) for entry in read["left_out"]]


def inside(
    kept: Kept,
    core: Core,
    models: Path,
    program: Sequence[str],
    tree: Path | None = ROOT,
    written: Mapping[Path, str] | None = None,
    times: int = 1,
) -> Sequence[str | Path]:
    """How that program is run on the emulated board, with those models, by a clock so many times as slow; in that tree,
    or where there is none in what ``written`` shows in its place.
    """
    shown = {models: _MODELS} | ({tree: TREE} if tree else {})
    environ = {**_ENVIRON, "QEMU_CPU": core.name}
    if times > 1:
        shown |= slow.shown(slow.build(kept.folder))
        environ |= slow.environ(times)
    return emulated.confined(kept.root, program, TREE, shown, environ, written)
