"""Each build of llama-cpp-python on each core: the real small model answers, or the build dies of an instruction that
the core has not.
"""

import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from scripts.arm import emulated, suite
from scripts.arm.root import HOME, Kept
from scripts.prepare.cores import CORES, Core

_SITE: Final = "/opt/llama"
_ANSWER: Final = "from scripts.arm.stages import answer; answer()"
_BEGIN: Final = "from scripts.arm.stages import begin; begin()"
"""On cores that a build was not made for: a word, as a whole answer takes minutes."""
_CHOOSE: Final = (
    "from pathlib import Path; from scripts.prepare import cores;"
    "print('chosen', cores.able(Path('/proc/cpuinfo').read_text())[0].name)"
)
_ILLEGAL: Final = (-4, 128 + 4)
"""Ended by SIGILL, as subprocess and as a shell tells it."""


def builds(kept: Kept, emulator: Path, models: Path, wheels: Mapping[Core, Path]) -> int:
    """Print what each came to. Returns the exit code: 0 when each runs where it should, and nowhere else."""
    bad = 0
    for core in CORES:
        chosen = _said(kept, emulator, core, models, None, _CHOOSE)
        right = f"chosen {core.name}" in chosen.stdout
        bad += not right
        print(f"on {core.name} the installer takes the build for {chosen.stdout.strip().removeprefix('chosen ')}")
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
    if wheel is not None:
        site = kept.root / _SITE.lstrip("/")
        shutil.rmtree(site, ignore_errors=True)
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(site)
    line = suite.inside(kept, core, models, ["env", f"PYTHONPATH={_SITE}", f"{HOME}/bin/python", "-c", program])
    return emulated.run(emulator, line, subprocess.PIPE)
