"""An emulated board whose clock goes slower (``slow.c``), so that every deadline in the product and in its tests keeps
its meaning although the processor is slower than any board's.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from scripts.arm.llama import COMPILERS
from scripts.prepare import system
from scripts.prepare.watch import Words, watch

_SOURCE: Final = Path(__file__).with_name("slow.c")
_PLACE: Final = "/usr/lib/hearthside-slow.so"
TIMES: Final = "HEARTHSIDE_SLOW"


def build(folder: Path) -> Path:
    """For boards, with Debian's compiler. Raises StepFailed."""
    if still := system.install(COMPILERS, folder / "apt.log"):
        raise SystemExit(f"check_arm: {', '.join(still)} missing — {system.by_hand(still)}")
    library = folder / "slow.so"
    if not library.exists() or library.stat().st_mtime < _SOURCE.stat().st_mtime:
        compiler: Words = ["aarch64-linux-gnu-gcc", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", _SOURCE, "-o"]
        watch("building the slower clock", [*compiler, library], folder / "slow-build.log")
    return library


def shown(library: Path) -> Mapping[Path, str]:
    """What of this machine is shown on the board for it."""
    return {library: _PLACE}


def environ(times: int) -> Mapping[str, str]:
    """From now on the clock goes so many times as slow."""
    return {"LD_PRELOAD": _PLACE, TIMES: f"{times} {time.monotonic_ns()} {time.time_ns()}"}
