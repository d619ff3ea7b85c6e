"""The repository: signed metadata and what it names, in a folder that any web server serves.

https://theupdateframework.github.io/specification/latest/#repository-operations
"""

import datetime
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

from edge.updates import release
from edge.updates.release import Release
from models.manifest import Model
from scripts.publishing.keys import ROLES, Keys

DAYS: Final[Mapping[str, int]] = {"root": 730, "targets": 365, "snapshot": 90, "timestamp": 14}
"""How long each is believed: whoever holds back newer ones can do so no longer than the last."""
_ALL: Final = 100
S = TypeVar("S", Root, Targets, Snapshot)


class NotPublished(Exception):
    """What is wrong, in one sentence."""


class Repository:
    """A folder with ``metadata`` and ``targets``."""

    def __init__(self, folder: Path, keys: Keys, now: datetime.datetime | None = None) -> None:
        """``now``: from when on what is signed is believed."""
        self._metadata, self.targets = folder / "metadata", folder / "targets"
        self._keys = keys
        self._now = (now or datetime.datetime.now(datetime.UTC)).replace(microsecond=0)

    # -- what is published --------------------------------------------------------------------------------------------

    def init(self) -> Path:
        """Keys for all roles, and nothing in it. Returns the root that boards are given. Raises NotPublished."""
        if (self._metadata / "1.root.json").exists():
            raise NotPublished(f"{self._metadata.parent} is a repository already")
        self._metadata.mkdir(parents=True)
        self.targets.mkdir(exist_ok=True)
        root = Root(expires=self._expires("root"), consistent_snapshot=True)
        for role in ROLES:
            root.add_key(self._keys.make(role).public_key, role)
        self._write("root", Metadata(root))
        self._write("targets", Metadata(Targets(expires=self._expires("targets"))))
        self._snapshot(Metadata(Snapshot(expires=self._expires("snapshot"))))
        return self._metadata / "1.root.json"

    def add(self, made: Release, channel: str, rollout: float = _ALL) -> str:
        """The newest release of a channel from now on. Returns what it is called there. Raises NotPublished."""
        path = release.target(channel, made.machine, made.python)
        known = self._targets.signed.targets.get(path)
        if known is not None:
            before = release.read((self.targets / path).read_bytes())
            if release.number(made.name) <= release.number(before.name):
                raise NotPublished(f"{made.name} is no newer than {before.name}: no board would take it")
        (self.targets / path).parent.mkdir(parents=True, exist_ok=True)
        (self.targets / path).write_bytes(release.written(made))
        self._edit({path: self._target(path, {"release": made.name, "rollout": rollout})})
        return path

    def rollout(self, channel: str, percent: float) -> list[str]:
        """From now on for so many percent of the devices. Returns the releases. Raises NotPublished."""
        changed = {}
        for path, target in self._targets.signed.targets.items():
            if path.partition("/")[0] == channel:
                told = {**(target.custom or {}), "rollout": percent}
                changed[path] = self._target(path, told)
        if not changed:
            raise NotPublished(f"there is nothing in the channel {channel}")
        self._edit(changed)
        return [str((target.custom or {}).get("release", path)) for path, target in changed.items()]

    def add_models(self, folder: Path, models: Sequence[Model]) -> list[str]:
        """Models as they lie in ``folder``, for boards that find no package index. Raises NotPublished."""
        changed = {}
        for model in models:
            for file in model.files:
                path = f"models/{model.id}/{file.name}"
                known = self._targets.signed.targets.get(path)
                if known is not None and known.hashes["sha256"] != file.sha256:
                    raise NotPublished(f"{model.id} has changed: give it another id, the version before needs its own")
                (self.targets / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(folder / model.id / file.name, self.targets / path)
                changed[path] = self._target(path, {})
                if changed[path].hashes["sha256"] != file.sha256:
                    raise NotPublished(f"{folder / model.id / file.name} is not what the manifest says")
        self._edit(changed)
        return list(changed)

    def refresh(self) -> None:
        """Nothing new, and that is signed anew: snapshot and timestamp, whose keys lie where this runs by itself."""
        self._snapshot(self._read("snapshot", Snapshot))

    def rotate(self, role: str) -> None:
        """Another key for ``role``; a new root is signed by the old one, too. Raises NotPublished, OSError."""
        if role not in ROLES:
            raise NotPublished(f"there is no role {role}: {', '.join(ROLES)}")
        root = self._read("root", Root)
        old = self._keys.signer("root")
        for key in list(root.signed.roles[role].keyids):
            root.signed.revoke_key(key, role)
        root.signed.add_key(self._keys.make(role).public_key, role)
        self._renew(root.signed, "root")
        root.sign(old)
        root.sign(self._keys.signer("root"), append=True)
        root.to_file(str(self._metadata / f"{root.signed.version}.root.json"))
        if role == "targets":
            self._edit({})
        elif role != "root":
            self.refresh()

    # -- how it is signed ---------------------------------------------------------------------------------------------

    @property
    def _targets(self) -> Metadata[Targets]:
        return self._read("targets", Targets)

    def _target(self, path: str, custom: Mapping[str, object]) -> TargetFile:
        found = TargetFile.from_file(path, str(self.targets / path), ["sha256"])
        found.unrecognized_fields = {"custom": dict(custom)} if custom else {}
        return found

    def _edit(self, changed: Mapping[str, TargetFile]) -> None:
        targets = self._targets
        targets.signed.targets.update(changed)
        self._renew(targets.signed, "targets")
        self._write("targets", targets)
        self._snapshot(self._read("snapshot", Snapshot))

    def _snapshot(self, snapshot: Metadata[Snapshot]) -> None:
        snapshot.signed.meta["targets.json"] = self._described("targets", self._targets.signed.version)
        if self._newest("snapshot"):
            self._renew(snapshot.signed, "snapshot")
        self._write("snapshot", snapshot)
        file = self._metadata / "timestamp.json"
        timestamp = Metadata[Timestamp].from_file(str(file)) if file.exists() else Metadata(Timestamp())
        if file.exists():
            timestamp.signed.version += 1
        timestamp.signed.expires = self._expires("timestamp")
        timestamp.signed.snapshot_meta = self._described("snapshot", snapshot.signed.version)
        timestamp.sign(self._keys.signer("timestamp"))
        part = file.with_suffix(".part")
        timestamp.to_file(str(part))
        # The last word: until now everybody sees what was before.
        part.replace(file)

    def _described(self, role: str, version: int) -> MetaFile:
        data = (self._metadata / f"{version}.{role}.json").read_bytes()
        return MetaFile.from_data(version, data, ["sha256"])

    def _renew(self, signed: Root | Targets | Snapshot, role: str) -> None:
        signed.version += 1
        signed.expires = self._expires(role)

    def _write(self, role: str, metadata: "Metadata[Root] | Metadata[Targets] | Metadata[Snapshot]") -> None:
        metadata.sign(self._keys.signer(role))
        metadata.to_file(str(self._metadata / f"{metadata.signed.version}.{role}.json"))

    def _read(self, role: str, _: type[S]) -> "Metadata[S]":
        return Metadata[S].from_file(str(self._metadata / f"{self._newest(role)}.{role}.json"))

    def _newest(self, role: str) -> int:
        """The number of the newest version; 0 where there is none."""
        names = (path.name.partition(".") for path in self._metadata.glob(f"*.{role}.json"))
        return max((int(number) for number, _, _ in names), default=0)

    def _expires(self, role: str) -> datetime.datetime:
        return self._now + datetime.timedelta(days=DAYS[role])
