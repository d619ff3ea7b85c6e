"""Each build of llama-cpp-python on each core: the real small model answers, or the build dies of an instruction that
the core has not.
"""

import os
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from scripts.arm import emulated, suite
from scripts.arm.root import HOME, Kept, settle
from scripts.prepare.cores import Core

_SITES: Final = "opt/llama"
"""Where each build is unpacked on the board."""
_ANSWER: Final = "from scripts.arm.stages import answer; answer()"
_BEGIN: Final = "from scripts.arm.stages import begin; begin()"
"""On cores that a build was not made for: a word, as a whole answer takes minutes."""
_CHOOSE: Final = (
    "from pathlib import Path; from scripts.prepare import cores;"
    "print('chosen', cores.able(Path('/proc/cpuinfo').read_text())[0].name)"
)
_ILLEGAL: Final = (-4, 128 + 4)
"""Ended by SIGILL, as subprocess and as a shell tells it."""


def builds(kept: Kept, emulator: Path, models: Path, wheels: Mapping[Core, Path], cores: Sequence[Core]) -> int:
    """Print what each came to on ``cores``. Returns the exit code: 0 when each runs where it should, nowhere else."""
    bad = 0
    for core in cores:
        chosen = _said(kept, emulator, core, models, None, _CHOOSE)
        right = f"chosen {core.name}" in chosen.stdout
        bad += not right
        print(
            f"on {core.name} the installer takes the build for {chosen.stdout.strip().removeprefix('chosen ')}",
            flush=True,
        )
        for built, wheel in wheels.items():
            program = _ANSWER if built is core else _BEGIN
            said = _said(kept, emulator, core, models, wheel, program)
            bad += not _is_as_expected(said, f"{built.build} on {core.name}", runs=built.needs <= _has(core))
    return 1 if bad else 0


def _has(core: Core) -> frozenset[str]:
    """What the emulated one can. qemu's Cortex-A53 has the checksums that Arm leaves to the maker."""
    return core.needs | {"crc32"}


def _is_as_expected(asked: "subprocess.CompletedProcess[str]", title: str, *, runs: bool) -> bool:
    answers = [line for line in asked.stdout.splitlines() if line.startswith("answered ")]
    if asked.returncode in _ILLEGAL:
        came = "illegal instruction"
    elif asked.returncode or not answers:
        came = f"exit code {asked.returncode}: {asked.stdout[-300:]}"
    else:
        came = answers[-1]
    right = bool(answers) and not asked.returncode if runs else asked.returncode in _ILLEGAL
    print(f"{'ok    ' if right else 'FAILED'}  {title}: {came}", flush=True)
    return right


def _said(
    kept: Kept, emulator: Path, core: Core, models: Path, wheel: Path | None, program: str
) -> "subprocess.CompletedProcess[str]":
    path = f"/{site(kept, wheel).relative_to(kept.root)}" if wheel is not None else ""
    line = suite.inside(kept, core, models, ["env", f"PYTHONPATH={path}", f"{HOME}/bin/python", "-c", program])
    return emulated.run(emulator, line, subprocess.PIPE)


def site(kept: Kept, wheel: Path) -> Path:
    """The folder on the board with that build, unpacked."""
    place = kept.root / _SITES / wheel.stem
    if not place.exists():
        part = place.with_name(f"{wheel.stem}.{os.getpid()}")
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(part)
        settle(part, place)
    return place
