"""Who publishes, and a board that takes: small releases, really signed, on a real server."""

import platform
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge.updates import versions
from edge.updates.places import Places, Spool
from edge.updates.release import Release, python
from scripts.publishing.keys import Keys
from scripts.publishing.repository import Repository
from scripts.publishing.tree import release_of
from tests.unit.models.served import Server

SITE = f"lib/python{python()}/site-packages"
LIBRARY = bytes(range(256)) * 400
"""A package that stays the same."""
NO_MODELS = "models = []\n"


def tree(folder: Path, version: str, files: Mapping[str, bytes] | None = None, models: str = NO_MODELS) -> Path:
    """A release as `scripts/release build` makes one, and small."""
    shutil.rmtree(folder, ignore_errors=True)
    listed = {
        f"{SITE}/edge/__init__.py": f'VERSION = "{version}"\n'.encode(),
        f"{SITE}/models/manifest.toml": models.encode(),
        f"{SITE}/hearthside-{version}.dist-info/METADATA": f"Name: hearthside\nVersion: {version}\n".encode(),
        f"{SITE}/sound/library.so": LIBRARY,
        f"{SITE}/sound/__init__.py": b"LOUD = True\n",
        f"{SITE}/sound-1.0.dist-info/METADATA": b"Name: sound\nVersion: 1.0\n",
        "bin/hearth": b"#!/bin/sh\n",
        "share/systemd/hearthside.service": f"# {version}\n".encode(),
        **(files or {}),
    }
    for path, content in listed.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    (folder / "bin/hearth").chmod(0o755)
    for package, parts in (("hearthside", ("edge", "models")), ("sound", ("sound",))):
        (info,) = (folder / SITE).glob(f"{package}-*.dist-info")
        names = [
            path.relative_to(folder / SITE).as_posix()
            for part in (*parts, info.name)
            for path in (folder / SITE / part).rglob("*")
            if path.is_file()
        ]
        (info / "RECORD").write_text("".join(f"{name},,\n" for name in [*names, f"{info.name}/RECORD"]), "utf-8")
    return folder


@dataclass
class Publisher:
    """A repository, its keys, and the server that has it."""

    folder: Path
    server: Server
    keys: Keys = field(init=False)
    repository: Repository = field(init=False)

    def __post_init__(self) -> None:
        self.keys = Keys(self.folder / "keys")
        self.repository = Repository(self.public, self.keys)
        self.root = self.repository.init()

    @property
    def public(self) -> Path:
        return self.folder / "repository"

    def made(self, version: str, files: Mapping[str, bytes] | None = None, models: str = NO_MODELS) -> Release:
        made = tree(self.folder / f"tree-{version}", version, files, models)
        return release_of(made, platform.machine(), self.repository.targets)

    def publish(
        self, version: str, *, rollout: float = 100, files: Mapping[str, bytes] | None = None, models: str = NO_MODELS
    ) -> Release:
        made = self.made(version, files, models)
        self.repository.add(made, "stable", rollout)
        self.serve()
        return made

    def serve(self) -> None:
        """What lies there now is what the server has."""
        self.server.files = {
            f"/{path.relative_to(self.public).as_posix()}": path.read_bytes()
            for path in self.public.rglob("*")
            if path.is_file()
        }


@dataclass
class Board:
    """A board that was installed by `scripts/install`."""

    places: Places
    spool: Spool
    units: Path

    @property
    def current(self) -> Path:
        return self.places.current.resolve()

    def install(self, publisher: Publisher, version: str) -> str:
        """As it was installed at first, and found well."""
        made = publisher.made(version)
        folder = self.places.releases / made.name
        shutil.copytree(publisher.folder / f"tree-{version}", folder)
        (folder / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).resolve().parent}\n", "utf-8")
        (folder / "bin/python3").symlink_to(Path(sys.executable).resolve())
        (folder / versions.DONE).touch()
        for link in (self.places.current, self.places.proven):
            versions.point(link, folder)
        self.places.own.mkdir(exist_ok=True)
        shutil.copyfile(publisher.root, self.places.anchor)
        return made.name


def board(folder: Path) -> Board:
    made = Board(Places(folder / "opt"), Spool(folder / "data/update"), folder / "units")
    made.places.releases.mkdir(parents=True)
    made.units.mkdir()
    return made


def carried(publisher: Publisher, spool: Spool) -> None:
    """What is published comes into the spool as it is, unverified: as somebody would do it who is in the assistant."""
    spool.make()
    metadata = publisher.public / "metadata"
    (spool.metadata / "root_history").mkdir(exist_ok=True)
    for path in metadata.glob("*.root.json"):
        shutil.copyfile(path, spool.metadata / "root_history" / path.name)
    shutil.copyfile(metadata / "timestamp.json", spool.metadata / "timestamp.json")
    for role in ("snapshot", "targets"):
        newest = max(metadata.glob(f"*.{role}.json"), key=lambda path: int(path.name.partition(".")[0]))
        shutil.copyfile(newest, spool.metadata / f"{role}.json")
    for path in (publisher.public / "targets").rglob("*"):
        if path.is_file():
            shutil.copyfile(path, spool.release if path.suffix == ".json" else spool.packs / path.name)
