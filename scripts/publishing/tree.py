"""A folder of programs, as packs: the small files of a package, and each big one, so that what did not change is not
fetched again.
"""

import csv
import hashlib
import os
import re
from collections import defaultdict
from pathlib import Path
from typing import Final

import zstandard

from edge.updates.release import FORMAT, File, Pack, Release, pack_path

LEVEL: Final = 19
_THREADS: Final = 0
"""The bytes must not depend on how many."""
_MADE_ON_THE_BOARD: Final = ("bin/python", "bin/python3", "pyvenv.cfg")
_OURS: Final = "hearthside"
BIG: Final = 128 * 1024
"""Bytes of a file that is a pack of its own."""


def release_of(tree: Path, machine: str, targets: Path, level: int = LEVEL) -> Release:
    """Write the packs of ``tree`` below ``targets``, those that are not there yet, packed at ``level``. Returns the
    description.
    """
    site = next(tree.glob("lib/python3*/site-packages"))
    python = site.parent.name.removeprefix("python")
    packs = []
    for name, paths in sorted(_by_package(tree, site).items()):
        files = [_file(tree, path) for path in sorted(paths)]
        # A library or a model that stays is not fetched again for a line of code beside it.
        parts = [(name, [file for file in files if file.size < BIG])]
        parts += [(f"{name}: {Path(file.path).name}", [file]) for file in files if file.size >= BIG]
        packs += [_pack(part, tuple(of_it), tree, targets, level) for part, of_it in parts if of_it]
    listed = "".join(f"{file.path} {file.sha256} {file.runs}\n" for pack in packs for file in pack.files)
    digest = hashlib.sha256(listed.encode()).hexdigest()[:8]
    return Release(format=FORMAT, name=f"{_version(site)}-{digest}", machine=machine, python=python, packs=tuple(packs))


def _by_package(tree: Path, site: Path) -> dict[str, set[str]]:
    """Paths below ``tree`` by the package that they are of, by its RECORD; what none has is ``rest``."""
    files = {
        path.relative_to(tree).as_posix()
        for path in tree.rglob("*")
        if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts
    } - set(_MADE_ON_THE_BOARD)
    owners: dict[str, str] = {}
    for record in site.glob("*.dist-info/RECORD"):
        package = record.parent.name.partition("-")[0].lower()
        with record.open(encoding="utf-8", newline="") as listed:
            for row in csv.reader(listed):
                path = os.path.normpath(site.relative_to(tree) / row[0])
                owners[path] = package
    found: dict[str, set[str]] = defaultdict(set)
    for path in files:
        found[owners.get(path, "rest")].add(path)
    return found


def _file(tree: Path, path: str) -> File:
    content = (tree / path).read_bytes()
    runs = os.access(tree / path, os.X_OK)
    return File(path=path, size=len(content), sha256=hashlib.sha256(content).hexdigest(), runs=runs)


def _pack(name: str, files: tuple[File, ...], tree: Path, targets: Path, level: int) -> Pack:
    content = b"".join((tree / file.path).read_bytes() for file in files)
    packed = zstandard.ZstdCompressor(level=level, threads=_THREADS, write_checksum=False).compress(content)
    pack = Pack(name=name, sha256=hashlib.sha256(packed).hexdigest(), size=len(packed), files=files)
    target = targets / pack_path(pack)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        part.write_bytes(packed)
        part.replace(target)
    return pack


def _version(site: Path) -> str:
    (folder,) = site.glob(f"{_OURS}-*.dist-info")
    found = re.search(r"^Version: (\d+\.\d+\.\d+)$", (folder / "METADATA").read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise ValueError(f"{folder.name} has no version of three numbers")
    return found[1]
