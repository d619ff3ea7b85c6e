"""A virtual environment for another processor or another Python: laid by hand, as neither runs here."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.prepare import lockfile
from scripts.prepare.environment import ROOT, pip, pip_environ
from scripts.prepare.watch import Words, watch

MACHINES: Final = {"amd64": "x86_64", "arm64": "aarch64"}
"""Debian's name of a processor, and the kernel's, which Python's packages go by."""
GLIBC: Final = 36
"""2.36, of Debian 12, the oldest that it is for."""
_OLDEST_GLIBC: Final = 5
"""2.5, the first that packages name: PEP 513."""
_PROGRAMS: Final = {
    "hearth": "from edge.cli import main",
    "hearth-sync": "from cloud_sync.client.cli import main",
    "hearth-cloud": "from cloud_sync.server.cli import main",
}


def platforms(machine: str) -> list[str]:
    """What a package may be built for so that it runs there: PEP 600, the best first."""
    glibc = [f"manylinux_2_{minor}_{machine}" for minor in range(GLIBC, _OLDEST_GLIBC - 1, -1)]
    return [f"linux_{machine}", *glibc, f"manylinux2014_{machine}"]


def options(machine: str, python: Sequence[int]) -> list[str]:
    """What tells pip for which processor and CPython."""
    where = [word for platform in platforms(machine) for word in ("--platform", platform)]
    version = ".".join(map(str, python))
    return [*where, "--python-version", version, "--implementation", "cp", "--only-binary", ":all:"]


@dataclass(frozen=True, slots=True)
class Foreign:
    """One of them."""

    home: Path
    """Where it is laid."""
    machine: str
    """As ``uname -m`` says it there."""
    python: tuple[int, int]
    log: Path
    """Folder for what installers say."""

    @property
    def site(self) -> Path:
        """Its packages."""
        return self.home / f"lib/python{self._version}/site-packages"

    @property
    def _version(self) -> str:
        return ".".join(map(str, self.python))

    def lay(self, system: str) -> None:
        """An empty one; ``system`` is the way from its ``bin`` to the system's Python."""
        self.site.mkdir(parents=True)
        (self.home / "bin").mkdir()
        text = f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {self._version}\n"
        (self.home / "pyvenv.cfg").write_text(text, "utf-8")
        (self.home / "bin/python3").symlink_to(f"{system}{self._version}")
        (self.home / "bin/python").symlink_to("python3")

    def install_locked(self, lock: Path, wheels: Path | None = None) -> None:
        """Everything that the lock file names but llama-cpp-python. Raises StepFailed."""
        requirements = self.log / "requirements.txt"
        wanted = lockfile.wanted_where(lockfile.without_llama(lock), self.machine, self.python)
        requirements.write_text(wanted, "utf-8")
        where: Words = ["--no-index", "--find-links", wheels] if wheels else []
        line: Words = [*self._install(), "--require-hashes", *where, "-r", requirements]
        watch(f"fetching packages for {self.machine}", line, self.log / "packages.log", pip_environ())

    def install_project(self, *further: Path | None) -> None:
        """This project, and the wheels that are given. Raises StepFailed."""
        log = self.log / "project.log"
        wheel = self.log / "wheel"
        line = [
            *pip("wheel", Path(sys.executable)),
            "--no-deps",
            "--no-build-isolation",
            "--no-index",
            "--wheel-dir",
            wheel,
            ROOT,
        ]
        # By the tools that were installed by their hashes, and are Python alone: pip itself would fetch newer ones.
        locked = {"PYTHONPATH": str(self.site), "PYTHONDONTWRITEBYTECODE": "1"}
        watch("building hearthside", line, log, pip_environ() | locked)
        line = [*self._install(), "--no-index", "--upgrade", *wheel.glob("hearthside-*.whl"), *filter(None, further)]
        watch("installing hearthside", line, log, pip_environ())

    def lay_programs(self, head: str) -> None:
        """Its commands; ``head`` is how each begins, so that the environment's own Python runs it where it will lie."""
        for name, imports in _PROGRAMS.items():
            program = self.home / "bin" / name
            program.write_text(f"{head}\nimport sys\n\n{imports}\n\nsys.exit(main())\n", "utf-8")
            program.chmod(0o755)

    def _install(self) -> Words:
        target: Words = ["--no-deps", "--no-compile", "--target", self.site]
        return [*pip("install", Path(sys.executable)), *target, *options(self.machine, self.python)]
