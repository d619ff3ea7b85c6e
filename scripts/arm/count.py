"""How many instructions each stage of a turn takes on the cores of boards, and what that may come to in seconds.

The emulator's translator counts them (``count.c``). What an instruction takes is borrowed: docs/arm.md says from whom.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.arm import debian
from scripts.arm.root import HOME, Kept
from scripts.prepare.cores import A53, A72, A76, Core
from scripts.prepare.environment import ROOT
from scripts.prepare.watch import Words, watch

_PACKAGE: Final = "qemu-user/bookworm"
"""7.2: the newer one is linked statically, and a static program takes no plugins."""
_SOURCE: Final = Path(__file__).with_name("count.c")
_SITE: Final = f"{HOME.lstrip('/')}/lib/python3.11/site-packages"


@dataclass(frozen=True, slots=True)
class Board:
    """What is estimated for."""

    name: str
    core: Core
    ghz: float
    vectors: tuple[float, float]
    """Instructions per cycle in work that vector kernels dominate: the least and the most that is likely."""
    plain: tuple[float, float]
    """The same of everything else, mostly the Python interpreter."""


BOARDS: Final = (
    Board("Zero 2 W", A53, 1.0, (0.5, 0.72), (0.4, 0.7)),
    Board("Pi 4", A72, 1.8, (0.9, 1.3), (0.8, 1.2)),
    Board("Pi 5", A76, 2.4, (1.5, 2.2), (1.3, 2.0)),
)
"""docs/arm.md has the source of every number."""
_KERNELS: Final = 0.25
"""From this share of vector instructions on, it is a matter of kernels."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A stage on a core."""

    name: str
    per: float
    """Seconds of sound or number of sentences that it was about."""
    instructions: int
    vectors: float
    """Share of them that are of the vector and floating-point unit, 0–1."""
    memory: float
    """Share of loads and stores, 0–1."""

    def seconds(self, board: Board) -> tuple[float, float]:
        """On one core of that board: the quickest and the slowest that is likely."""
        slow, quick = board.vectors if self.vectors >= _KERNELS else board.plain
        hertz = board.ghz * 1e9
        return self.instructions / (quick * hertz), self.instructions / (slow * hertz)


def parse(said: str) -> list[Counted]:
    """What :mod:`scripts.arm.stages` and the plugin wrote, together."""
    marks = {
        int(mark): (int(every), int(vector), int(memory))
        for mark, every, vector, memory in re.findall(r"^counted (\d+) (\d+) (\d+) (\d+)$", said, re.MULTILINE)
    }
    counted = []
    for line in re.findall(r"^stage (.*)$", said, re.MULTILINE):
        stage = json.loads(line)
        before, after = marks[stage["first"]], marks[stage["first"] + 1]
        every, vector, memory = (late - early for early, late in zip(before, after, strict=True))
        counted.append(Counted(stage["name"], stage["per"], every, vector / every, memory / every))
    return counted


def count(kept: Kept, core: Core, stages: Sequence[str], models: Path) -> list[Counted]:
    """Those ``stages``, or all of a turn that the grammar knows, on that core. Raises StepFailed."""
    tools, plugin = _tools(kept), kept.folder / "count.so"
    compiler: Words = ["cc", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", plugin, _SOURCE]
    watch("building the counter", compiler, kept.folder / "count-build.log")
    libraries = ":".join(sorted({str(library.parent) for library in tools.rglob("*.so.*")}))
    log = kept.folder / f"count-{core.name}.log"
    cpuinfo = kept.folder / f"cpuinfo-{core.name}"
    cpuinfo.write_text(_cpuinfo(core), "utf-8")
    python = kept.root / "usr/bin/python3.11"
    # The file system is this machine's own; only what onnxruntime reads of the processor is the board's.
    line: Words = [
        "bwrap", "--dev-bind", "/", "/", "--ro-bind", cpuinfo, "/proc/cpuinfo", "--chdir", ROOT, "--",
        tools / "usr/bin/qemu-aarch64", "-U", "LD_LIBRARY_PATH", "-plugin", plugin, "-cpu", core.name,
        "-L", kept.root, python, "-m", "scripts.arm.stages", *stages,
    ]  # fmt: skip
    watch(f"counting instructions on {core.name}", line, log, _environ(kept, libraries, models))
    return parse(log.read_text("utf-8"))


def _environ(kept: Kept, libraries: str, models: Path) -> Mapping[str, str]:
    return {
        "LD_LIBRARY_PATH": libraries,
        "PATH": "/usr/bin:/bin",
        "HOME": str(kept.folder),
        "LANG": "C.UTF-8",
        "HEARTH_MODELS_DIR": str(models),
        "PYTHONPATH": f"{kept.root / _SITE}:{ROOT}",
        "PYTHONPYCACHEPREFIX": str(kept.folder / "pycache"),
        # One thread: what waits for another one spins, and would be counted.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _tools(kept: Kept) -> Path:
    tools = kept.folder / "counting"
    if not (tools / "usr/bin/qemu-aarch64").exists():
        debian.unpack(kept.here.fetch([_PACKAGE]), tools)
    return tools


def _cpuinfo(core: Core) -> str:
    """What Linux tells of a board with four of them."""
    known = "fp asimd evtstrm crc32 cpuid"
    features = (
        f"{known} aes pmull sha1 sha2 atomics fphp asimdhp asimdrdm lrcpc dcpop asimddp" if core is A76 else known
    )
    return "".join(
        f"processor\t: {number}\nBogoMIPS\t: 108.00\nFeatures\t: {features}\nCPU implementer\t: 0x41\n"
        f"CPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: {core.part}\nCPU revision\t: 3\n\n"
        for number in range(4)
    )


def told(board: Board, counted: Sequence[Counted]) -> str:
    """A table, for the documentation."""
    lines = ["| stage | instructions, millions | of them vector · memory | one core, estimated |", "|---|---|---|---|"]
    for stage in counted:
        quick, slow = stage.seconds(board)
        shares = f"{stage.vectors:.0%} · {stage.memory:.0%}"
        lines.append(f"| {stage.name} | {stage.instructions / 1e6:,.1f} | {shares} | {_range(quick, slow)} |")
    return f"{board.name}, {board.core.name}, {board.ghz} GHz\n\n" + "\n".join(lines) + "\n"


def _range(quick: float, slow: float) -> str:
    def said(seconds: float) -> str:
        return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.{0 if seconds >= 0.01 else 1}f} ms"  # noqa: PLR2004

    return f"{said(quick)} – {said(slow)}"


def save(path: Path, core: Core, counted: Sequence[Counted]) -> None:
    """Keep what was counted."""
    rows = [
        {"stage": one.name, "per": one.per, "instructions": one.instructions,
         "vectors": round(one.vectors, 4), "memory": round(one.memory, 4)}
        for one in counted
    ]  # fmt: skip
    path.write_text(json.dumps({"core": core.name, "counted": rows}, indent=1) + "\n", "utf-8")
