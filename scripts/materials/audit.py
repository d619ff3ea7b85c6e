"""Whether the locks hold, the environment and the page's libraries are what they name, and what is known against them.

Nothing here asks a service: advisories come as a file that OSV exports, so that the answer is the same on a machine
without a way out, and "nothing known" is never said of what nobody has looked at.
"""

import argparse
import json
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final, TypeAlias

from packaging.markers import Marker
from packaging.version import InvalidVersion, Version

from scripts.console_libraries import SUMS, TARGET, sha256
from scripts.materials.locks import LOCKS, Entry, read
from scripts.prepare.lockfile import plain

_OURS: Final = frozenset({"hearthside"})
_OF_PYTHON: Final = frozenset({"pip", "setuptools"})
"""They come with every virtual environment."""
_ECOSYSTEM: Final = "PyPI"


@dataclass(frozen=True, slots=True)
class Advisory:
    """Something that is known against a version of a package."""

    id: str
    package: str
    version: str
    summary: str

    def __str__(self) -> str:
        return f"{self.package} {self.version}: {self.id}: {self.summary[:100]}"


Locked: TypeAlias = Mapping[str, Sequence[Entry]]
"""By package, its entries: several where versions differ between processors or versions of Python."""


def locked(locks: Sequence[Path] = LOCKS) -> dict[str, Locked]:
    """By lock file. Raises NotLocked for an entry without version or hash."""
    found: dict[str, Locked] = {}
    for lock in locks:
        named: dict[str, list[Entry]] = {}
        for entry in read(lock):
            named.setdefault(entry.name, []).append(entry)
        found[lock.name] = named
    return found


def disagreements(locks: Mapping[str, Locked]) -> Iterator[str]:
    """Packages that two locks have in different versions, or one version of them with different hashes."""
    seen: dict[str, tuple[str, dict[str, frozenset[str]]]] = {}
    for lock, named in locks.items():
        for name, entries in named.items():
            files = {entry.version: frozenset(entry.hashes) for entry in entries}
            other, before = seen.setdefault(name, (lock, files))
            if before != files:
                yield f"{name}: {other} and {lock} differ"


def strangers(entries: Locked, installed: Mapping[str, str] | None = None) -> Iterator[str]:
    """What is installed here and is not in the lock, or in another version; and what the lock wants here and is not."""
    here = present() if installed is None else installed
    for name, version in here.items():
        if name in _OURS | _OF_PYTHON:
            continue
        wanted = [entry.version for entry in entries.get(name, ()) if _here(entry)]
        if not wanted:
            yield f"{name} {version} is installed, and in no lock"
        elif Version(version) not in map(Version, wanted):
            yield f"{name} {version} is installed, and {', '.join(wanted)} is locked"
    for name, several in entries.items():
        if name not in here and any(map(_here, several)):
            yield f"{name} is locked, and not installed"


def _here(entry: Entry) -> bool:
    return not entry.marker or Marker(entry.marker).evaluate()


def present() -> dict[str, str]:
    """By package, its version in this environment."""
    return {plain(found.metadata["Name"]): found.version for found in metadata.distributions()}


def page() -> Iterator[str]:
    """Libraries of the web page that are not what was fetched, or that nobody has noted."""
    lines = [line.split("  ", 1) for line in SUMS.read_text("utf-8").splitlines()]
    sums = {name: digest for digest, name in lines}
    there = {file.name: sha256(file) for file in TARGET.glob("*.js")}
    both = sorted(sums.keys() & there.keys())
    yield from (f"{name} is not what was fetched" for name in both if sums[name] != there[name])
    yield from (f"{name} is in only one of the two" for name in sorted(sums.keys() ^ there.keys()))


def advisories(export: Path, entries: Locked) -> Iterator[Advisory]:
    """Those of ``export`` (a zip of OSV's JSON, or a folder of it) that are about a locked version.

    Format: https://ossf.github.io/osv-schema/
    """
    for told in _exported(export):
        if told.get("withdrawn"):
            continue
        for affected in told.get("affected", ()):
            package = affected.get("package", {})
            if package.get("ecosystem") != _ECOSYSTEM:
                continue
            for entry in entries.get(plain(str(package.get("name", ""))), ()):
                if _affects(affected, entry.version):
                    summary = str(told.get("summary") or told.get("details") or "")
                    yield Advisory(str(told["id"]), entry.name, entry.version, summary)


def _exported(export: Path) -> Iterator[dict[str, Any]]:
    if export.is_dir():
        yield from (json.loads(path.read_bytes()) for path in sorted(export.glob("*.json")))
        return
    with zipfile.ZipFile(export) as archive:
        yield from (json.loads(archive.read(name)) for name in sorted(archive.namelist()) if name.endswith(".json"))


def _affects(affected: Mapping[str, Any], version: str) -> bool:
    if version in affected.get("versions", ()):
        return True
    ranges = [each for each in affected.get("ranges", ()) if each.get("type") == "ECOSYSTEM"]
    return any(_within(each.get("events", ()), version) for each in ranges)


def _within(events: Sequence[Mapping[str, str]], version: str) -> bool:
    """OSV's own algorithm: the last event at or before the version tells."""
    wanted, affected = Version(version), False
    for event in sorted(events, key=_place):
        (kind, bound), *_ = event.items()
        at = _version(bound)
        if kind == "introduced" and at <= wanted:
            affected = True
        elif (kind == "fixed" and at <= wanted) or (kind == "last_affected" and at < wanted):
            affected = False
    return affected


def _place(event: Mapping[str, str]) -> Version:
    return _version(next(iter(event.values())))


def _version(bound: str) -> Version:
    try:
        return Version(bound)
    except InvalidVersion:
        # "0" stands for the beginning; what can't be read is taken for it, so that too much is told and not too little.
        return Version("0")


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code: 1 for anything that is not as it should be."""
    parser = argparse.ArgumentParser("scripts/audit", description="Compare what is installed with the locks.")
    parser.add_argument("--advisories", type=Path, metavar="FILE", help="what OSV exports: a zip, or a folder of JSON")
    asked = parser.parse_args(arguments)
    entries = locked()
    every: dict[str, list[Entry]] = {}
    for named in entries.values():
        for name, several in named.items():
            merged = every.setdefault(name, [])
            merged += [entry for entry in several if entry.version not in {other.version for other in merged}]
    wrong = [*disagreements(entries), *strangers(entries["requirements-dev.lock"]), *page()]
    print(f"{len(entries)} locks, {len(every)} packages, each with its hashes; {len(wrong)} wrong")
    print("\n".join(wrong), end="\n" if wrong else "")
    if asked.advisories is None:
        print("advisories: NOT looked at — give --advisories FILE.zip, as OSV exports them for PyPI")
        return 1 if wrong else 0
    known = list(advisories(asked.advisories, every))
    print("\n".join(map(str, known)), end="\n" if known else "")
    print(f"advisories: {len(known)} about what is locked")
    return 1 if wrong or known else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
