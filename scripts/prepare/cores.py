"""Processor cores of boards that llama-cpp-python is built for ahead of time, and which of them a board has.

Names of features: Linux, Documentation/arch/arm64/elf_hwcaps.rst. Part numbers: each core's technical reference manual,
MIDR_EL1.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class Core:
    """One of them."""

    name: str
    """As compilers and qemu write it."""
    part: str
    """``CPU part`` in /proc/cpuinfo, of Arm's."""
    march: str
    """What its compiler may use: gcc's ``-march``."""
    needs: frozenset[str]
    """``Features`` in /proc/cpuinfo without which a program that was built so dies."""
    board: str
    """Where it is found."""

    @property
    def build(self) -> str:
        """What its wheels are told apart by, PEP 427's build tag."""
        return re.sub(r"\D+", "", self.name) + re.sub(r"\W", "", self.name)


_BASE: Final = frozenset({"fp", "asimd"})
A53: Final = Core("cortex-a53", "0xd03", "armv8-a", _BASE, "Raspberry Pi Zero 2 W, Pi 3")
A72: Final = Core("cortex-a72", "0xd08", "armv8-a+crc", _BASE | {"crc32"}, "Raspberry Pi 4")
A76: Final = Core(
    "cortex-a76",
    "0xd0b",
    "armv8.2-a+dotprod+fp16",
    # The first four come with Armv8.2-A, which a compiler makes use of unasked.
    _BASE | {"crc32", "atomics", "asimdrdm", "dcpop", "asimddp", "asimdhp", "fphp"},
    "Raspberry Pi 5",
)
CORES: Final = (A76, A72, A53)
"""The most demanding first."""


def able(cpuinfo: str) -> list[Core]:
    """Those whose builds run on the processor of that /proc/cpuinfo, the best first: made for its very core, then the
    most demanding. Where its cores differ, each must be able to.
    """
    listed = re.findall(r"^Features\s*: *(.*)$", cpuinfo, re.MULTILINE)
    has = frozenset.intersection(*(frozenset(line.split()) for line in listed)) if listed else frozenset()
    parts = set(re.findall(r"^CPU part\s*: *(0x[0-9a-f]+)$", cpuinfo, re.MULTILINE))
    return sorted((core for core in CORES if core.needs <= has), key=lambda core: parts != {core.part})


def pick(wheels: Iterable[Path], cpuinfo: str) -> Path | None:
    """Of wheels of one version, for one machine, the one that suits its processor best; after those that were built for
    a core, one that names none: it was built where it lies.
    """
    by_build = {_build(wheel.name): wheel for wheel in sorted(wheels, reverse=True)}
    builds = [*(core.build for core in able(cpuinfo)), ""]
    return next((by_build[build] for build in builds if build in by_build), None)


def for_all(wheel: str) -> bool:
    """Whether a wheel of that name runs on every board, as far as its name says for which it was built."""
    return _build(wheel) in ("", A53.build)


def _build(wheel: str) -> str:
    """PEP 427: the part after the version, where there are six."""
    parts = wheel.split("-")
    return parts[2] if len(parts) == len(("name", "version", "build", "python", "abi", "platform")) else ""
