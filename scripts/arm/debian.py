"""Debian's packages without installing any: fetched and checked by apt with lists and a cache of its own, then unpacked
into a folder. This machine's own packages stay as they are.
"""

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.prepare.watch import watch

_KEYRING: Final = "/usr/share/keyrings/debian-archive-keyring.gpg"
_INSTALLED: Final = "/var/lib/dpkg/status"


@dataclass(frozen=True, slots=True)
class Archive:
    """A Debian for one processor, as seen from here."""

    folder: Path
    """Where its lists and packages are kept."""
    arch: str
    suites: tuple[str, ...]
    beside_ours: bool = False
    """Whether what this machine has installed need not be fetched."""

    def update(self) -> None:
        """Fetch the lists, where there are none. Raises StepFailed."""
        for name in ("lists/partial", "cache/archives/partial"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        if any((self.folder / "lists").glob("*Packages*")):
            return
        uri = _mirror()
        lines = [f"deb [signed-by={_KEYRING}] {uri} {suite} main\n" for suite in self.suites]
        (self.folder / "sources.list").write_text("".join(lines), "utf-8")
        (self.folder / "apt.conf").write_text(self._settings(), "utf-8")
        self._apt(f"asking Debian what it has for {self.arch}", "update")

    def fetch(self, packages: Sequence[str]) -> list[Path]:
        """Files of these packages, ``name`` or ``name/suite``, and of all that they need. Raises StepFailed."""
        self.update()
        install = ["install", "--yes", *packages]
        self._apt(f"fetching Debian's packages for {self.arch}", *install, "--download-only")
        line = ["apt-get", "--quiet", *install, "--simulate"]
        said = subprocess.run(line, env=self._environ(), capture_output=True, text=True, check=True).stdout
        found = re.findall(r"^Inst ([^ :]+)\S* (?:\[\S+\] )?\((\S+) .*\[(\w+)\]\)", said, re.MULTILINE)
        archives = self.folder / "cache/archives"
        return [archives / f"{name}_{version.replace(':', '%3a')}_{arch}.deb" for name, version, arch in found]

    def _apt(self, title: str, *words: str | Path) -> None:
        watch(title, ["apt-get", "--quiet", *words], self.folder / "apt.log", self._environ())

    def _environ(self) -> dict[str, str]:
        return {**os.environ, "APT_CONFIG": str(self.folder / "apt.conf"), "DEBIAN_FRONTEND": "noninteractive"}

    def _settings(self) -> str:
        """apt.conf(5)."""
        status = _INSTALLED if self.beside_ours else self.folder / "status"
        return f"""\
APT::Architecture "{self.arch}";
APT::Architectures {{ "{self.arch}"; }};
APT::Install-Recommends "false";
APT::Sandbox::User "";
Dir::Etc::sourcelist "{self.folder}/sources.list";
Dir::Etc::sourceparts "-";
Dir::State "{self.folder}";
Dir::State::lists "{self.folder}/lists";
Dir::State::status "{status}";
Dir::Cache "{self.folder}/cache";
Debug::NoLocking "true";
"""


def unpack(packages: Sequence[Path], into: Path) -> None:
    """Their files alone: none of their programs is run. Raises CalledProcessError."""
    into.mkdir(parents=True, exist_ok=True)
    for package in packages:
        subprocess.run(["dpkg-deb", "--extract", package, into], check=True)


def _mirror() -> str:
    """Where this machine has its own packages from."""
    line = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(COMPONENT)", "Created-By: Packages", "Origin: Debian"]
    told = subprocess.run(line, capture_output=True, text=True, check=True).stdout.splitlines()
    mirrors = [uri for uri, _, component in (row.partition(" ") for row in told) if component == "main"]
    if not mirrors:
        raise SystemExit("check_arm: apt has no lists of Debian's packages — apt-get update")
    return mirrors[0]
