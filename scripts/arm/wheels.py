"""Whether every locked package has a wheel for boards and every CPython that is supported, or a script that builds one.

The lock files have hashes without names, so ``wheels.txt`` beside this has, for every locked package, the file that
each CPython takes on aarch64, as the index told pip. A check needs no network: a package whose file isn't there, or
whose hash the lock doesn't have, was locked since then.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.markers import Marker
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

from scripts.prepare import foreign, lockfile
from scripts.prepare.environment import ROOT, pip, pip_environ
from scripts.prepare.watch import Words, watch

LOCKS: Final = (ROOT / "requirements.lock", ROOT / "requirements-server.lock")
RECORD: Final = Path(__file__).with_name("wheels.txt")
PYTHONS: Final = ((3, 11), (3, 12), (3, 13), (3, 14))
"""``requires-python`` in ``pyproject.toml``."""
BUILT: Final = {lockfile.LLAMA: "scripts/arm/llama.py"}
"""What makes a wheel of those packages that the index has as source alone."""
_MACHINE: Final = "aarch64"
_HEAD: Final = (
    "# What the package index has for boards: of every locked package the files that CPython 3.11 to 3.14 take on\n"
    "# aarch64 with glibc 2.36 (SHA-256 and name). Written by `./scripts/check_arm wheels --ask`.\n"
)


@dataclass(frozen=True, slots=True)
class Pin:
    """An entry of a lock file."""

    name: str
    """Normalised: PEP 503."""
    version: str
    marker: str
    """Where it is wanted: PEP 508; empty for everywhere."""
    hashes: frozenset[str]
    """SHA-256 of its files, in hexadecimal."""

    @property
    def key(self) -> tuple[str, str]:
        """Name and version."""
        return self.name, self.version

    def wanted(self, python: tuple[int, int]) -> bool:
        """Whether that CPython wants it on a board."""
        return not self.marker or Marker(self.marker).evaluate(lockfile.markers(_MACHINE, python))


def pins(lock: str) -> Iterator[Pin]:
    """The entries of a lock file's text."""
    for block in re.findall(r"^[\w.-]+==.*\n(?:[ \t].*\n)*", lock, re.MULTILINE):
        found = re.match(r"(?P<name>[\w.-]+)==(?P<version>[^\s;]+)\s*(?:;\s*(?P<marker>.*?))?\s*\\?\n", block)
        assert found, block
        hashes = frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", block))
        yield Pin(canonicalize_name(found["name"]), found["version"], found["marker"] or "", hashes)


@dataclass(frozen=True, slots=True)
class File:
    """A wheel of the index."""

    digest: str
    """SHA-256, in hexadecimal."""
    made_for: frozenset[Tag]


def recorded(text: str) -> Mapping[tuple[str, str], list[File]]:
    """What such a record has, by name and version."""
    files: dict[tuple[str, str], list[File]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            digest, file = line.split()
            name, version, _, made_for = parse_wheel_filename(file)
            files.setdefault((name, str(version)), []).append(File(digest, made_for))
    return files


def problems(lock: str, record: str) -> list[str]:
    """What has no wheel, one sentence each."""
    files = recorded(record)
    tags = {python: _tags(python) for python in PYTHONS}
    found = []
    for pin in pins(lock):
        for python in PYTHONS:
            if pin.name in BUILT or not pin.wanted(python):
                continue
            if any(file.digest in pin.hashes and file.made_for & tags[python] for file in files.get(pin.key, ())):
                continue
            version = ".".join(map(str, python))
            found.append(f"{pin.name} {pin.version} has no known wheel for {_MACHINE} and CPython {version}")
    return found


def _tags(python: tuple[int, int]) -> frozenset[Tag]:
    where = foreign.platforms(_MACHINE)
    own = cpython_tags(python, platforms=where)
    return frozenset([*own, *compatible_tags(python, f"cp{python[0]}{python[1]}", where)])


def ask(folder: Path, locks: Sequence[Path] = LOCKS) -> str:
    """A new record: what pip would install of the index, for each CPython. Raises StepFailed."""
    wanted = {pin for lock in locks for pin in pins(lock.read_text("utf-8")) if pin.name not in BUILT}
    files: dict[str, str] = {}
    for python in PYTHONS:
        version = ".".join(map(str, python))
        requirements = folder / f"{version}.txt"
        lines = sorted(f"{pin.name}=={pin.version}{_hashes(pin)}" for pin in wanted if pin.wanted(python))
        requirements.write_text("\n".join(lines), "utf-8")
        report = folder / f"{version}.json"
        line: Words = [
            *pip("install", Path(sys.executable)), "--dry-run", "--ignore-installed", "--no-deps", "--require-hashes",
            # It would ask what its own Python is. A package that another one doesn't take has no wheel of its tags.
            "--ignore-requires-python", "--target", folder / version, *foreign.options(_MACHINE, python),
            "--report", report, "-r", requirements,
        ]  # fmt: skip
        watch(f"asking the index for CPython {version}", line, folder / f"{version}.log", pip_environ())
        for package in json.loads(report.read_text("utf-8"))["install"]:
            told = package["download_info"]
            files[told["url"].rpartition("/")[2].replace("%2B", "+")] = told["archive_info"]["hashes"]["sha256"]
    return _HEAD + "".join(f"{digest}  {name}\n" for name, digest in sorted(files.items()))


def _hashes(pin: Pin) -> str:
    return "".join(f" --hash=sha256:{digest}" for digest in sorted(pin.hashes))
