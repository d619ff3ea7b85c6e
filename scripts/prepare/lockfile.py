"""Parts of a lock file, as files that pip takes."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

LLAMA: Final = "llama-cpp-python"
"""The one dependency that the package index has only as source."""


def without_llama(lock: Path) -> str:
    """The lock file for everything that is installed from ready-made packages."""
    return "".join(block for name, block in _blocks(lock) if name != LLAMA)


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
    """Name and text of each entry: a line that isn't indented and the indented ones that follow it."""
    for block in re.findall(r"^\w.*\n(?:[ \t].*\n)*", lock.read_text("utf-8"), re.MULTILINE):
        yield re.split(r"[=\[ ]", block, maxsplit=1)[0].lower(), block
