"""The lock files: every package with its version, its hashes, and who wants it. Nothing but Python itself is needed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.prepare.environment import ROOT
from scripts.prepare.lockfile import plain

LOCKS: Final = tuple(sorted(ROOT.glob("requirements*.lock")))
RUNTIME: Final = ROOT / "requirements.lock"
_ENTRY: Final = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[\w,-]+\])?==(\S+?)(?:\s*;\s*(.+?))?\s*\\?$")
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})(?:\s|$)")
_VIA: Final = re.compile(r"^\s+#\s+(?:via\s+)?([A-Za-z0-9][\w.-]*)\b")


class NotLocked(ValueError):
    """A lock file has something that names no one file."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One package."""

    name: str
    """As PEP 503 writes it."""
    version: str
    marker: str
    """PEP 508; empty where it is wanted everywhere."""
    hashes: tuple[str, ...]
    """SHA-256 of each file that may be installed."""
    wanted_by: tuple[str, ...]
    """Packages, ``hearthside`` itself among them."""


def read(lock: Path) -> Sequence[Entry]:
    """Raises NotLocked, naming the line, for what has no version or no hash, and for anything that is no entry."""
    entries: list[Entry] = []
    block: list[str] = []
    for number, line in enumerate([*lock.read_text("utf-8").splitlines(), ""], start=1):
        if block and not line.startswith((" ", "\t")):
            entries.append(_entry(block, f"{lock.name}, before line {number}"))
            block = []
        if block or (line and not line.startswith("#")):
            block.append(line)
    return entries


def _entry(block: Sequence[str], place: str) -> Entry:
    head = _ENTRY.match(block[0])
    if head is None:
        raise NotLocked(f"{place}: {block[0][:80]!r} is no package with its version")
    hashes = tuple(found[1] for line in block if (found := _HASH.search(line)) is not None)
    if not hashes:
        raise NotLocked(f"{place}: {head[1]} has no hash")
    via = (_VIA.match(line) for line in block[1:])
    wanted = tuple(plain(found[1]) for found in via if found is not None and found[1] not in ("via", "c"))
    return Entry(plain(head[1]), head[2], head[3] or "", hashes, wanted)
