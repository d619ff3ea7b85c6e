"""What the figures were measured on."""

import platform
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import psutil

_BOARD: Final = Path("/proc/device-tree/model")
"""Where ARM boards say what they are."""
_CPU: Final = Path("/proc/cpuinfo")
_PACKAGES: Final = ("hearthside", "faster-whisper", "ctranslate2", "onnxruntime", "piper-tts", "pymicro-wakeword")


@dataclass(frozen=True, slots=True)
class Machine:
    """The board, and what ran on it."""

    name: str
    """The board's own name, else its processor's."""
    cores: int
    memory_mb: int
    system: str
    python: str

    def __str__(self) -> str:
        return f"{self.name}, {self.cores} cores, {self.memory_mb / 1000:.0f} GB, Python {self.python}, {self.system}"


def this_machine() -> Machine:
    """The one that this runs on."""
    return Machine(
        name=_name(),
        cores=psutil.cpu_count() or 1,
        memory_mb=round(psutil.virtual_memory().total / 1e6),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
    )


def versions() -> dict[str, str]:
    """The installed packages that the figures depend on most."""
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def command_line(arguments: Sequence[str] = sys.argv) -> str:
    """What to type to run the same again."""
    return shlex.join(["hearth", *arguments[1:]])


def _name() -> str:
    if _BOARD.is_file():
        return _BOARD.read_text("utf-8", errors="replace").strip("\0 \n")
    if _CPU.is_file():
        for line in _CPU.read_text("utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
