"""Parts of a lock file, as files that pip takes."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

LLAMA: Final = "llama-cpp-python"
"""The one dependency that the package index has only as source."""
_BLOCK: Final = r"^\w.*\n(?:[ \t].*\n)*"
"""An entry: a line that isn't indented, and the indented ones that follow it."""


def without_llama(lock: Path) -> str:
    """The lock file for everything that is installed from ready-made packages."""
    return "".join(block for name, block in _blocks(lock) if name != LLAMA)


def wanted_where(lock: str, machine: str, python: tuple[int, int]) -> str:
    """Of such a text what is wanted on that machine by that CPython, without the conditions: pip holds them against the
    machine that it runs on itself, whatever platform it is told to install for.
    """
    # A system's Python has no packaging of its own before anything is installed, but it has pip.
    from pip._vendor.packaging.markers import Marker

    there = markers(machine, python)
    kept = []
    for block in re.findall(_BLOCK, lock, re.MULTILINE):
        pin, _, further = block.partition("\n")
        pin, condition, marker = pin.partition(";")
        if not condition:
            kept.append(block)
        elif Marker(marker.rstrip(" \\")).evaluate(there):
            goes_on = " \\" if marker.endswith("\\") else ""
            kept.append(f"{pin.rstrip()}{goes_on}\n{further}")
    return "".join(kept)


def markers(machine: str, python: tuple[int, int]) -> dict[str, str]:
    """What PEP 508's conditions ask for."""
    version = ".".join(map(str, python))
    return {
        "python_version": version,
        "python_full_version": f"{version}.0",
        "platform_machine": machine,
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
    }


def llama_alone(lock: Path) -> str:
    """The lock file's entry for llama-cpp-python."""
    return "".join(block for name, block in _blocks(lock) if name == LLAMA)


def names(locks: Iterable[Path]) -> frozenset[str]:
    """All packages that any of ``locks`` names."""
    return frozenset(plain(name) for lock in locks for name, _ in _blocks(lock))


def plain(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def llama_version(lock: Path) -> str:
    """The locked version of llama-cpp-python."""
    found = re.match(r"[\w-]+==(\S+)", llama_alone(lock))
    assert found, f"{lock} has no {LLAMA}"
    return found[1]


def _blocks(lock: Path) -> Iterator[tuple[str, str]]:
    """Name and text of each entry."""
    for block in re.findall(_BLOCK, lock.read_text("utf-8"), re.MULTILINE):
        yield re.split(r"[=\[ ]", block, maxsplit=1)[0].lower(), block
