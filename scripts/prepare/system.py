"""System packages: what is missing, and installing it where that may be done."""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.prepare.watch import StepFailed, watch


@dataclass(frozen=True, slots=True)
class SystemPackage:
    """A Debian package and how to see whether what it brings is there, wherever that came from."""

    name: str
    there: Callable[[], bool]


def _library(name: str) -> Callable[[], bool]:
    def there() -> bool:
        try:
            ctypes.CDLL(name)
        except OSError:
            return False
        return True

    return there


def _program(name: str) -> Callable[[], bool]:
    return lambda: shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin") is not None


def _pulse_plugin() -> bool:
    return any(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so"))


def _postgresql() -> bool:
    return any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


PORTAUDIO = SystemPackage("libportaudio2", _library("libportaudio.so.2"))
COMPILER = SystemPackage("build-essential", lambda: all(_program(name)() for name in ("cc", "c++", "make")))
OPENMP = SystemPackage("libgomp1", _library("libgomp.so.1"))
TESTING = (
    SystemPackage("mosquitto", _program("mosquitto")),
    SystemPackage("nats-server", _program("nats-server")),
    SystemPackage("postgresql", _postgresql),
    SystemPackage("pulseaudio", _program("pulseaudio")),
    SystemPackage("pulseaudio-utils", _program("pactl")),
    SystemPackage("libasound2-plugins", _pulse_plugin),
    SystemPackage("chromium", _program("chromium")),
    SystemPackage("prometheus", _program("promtool")),
    SystemPackage("systemd", _program("systemd-analyze")),
    SystemPackage("bubblewrap", _program("bwrap")),
    SystemPackage("strace", _program("strace")),
)


def missing(packages: Sequence[SystemPackage]) -> list[str]:
    """Names of those packages that bring what isn't there yet."""
    return [package.name for package in packages if not package.there()]


def install(packages: Sequence[SystemPackage], log: Path) -> list[str]:
    """Install what is missing with apt where that may be done without asking. Returns what is missing still."""
    wanted = missing(packages)
    prefix = _privilege() if wanted else None
    if not wanted or prefix is None:
        return wanted
    # -y and no questions: whoever types ./scripts/run has asked for it. An earlier interruption is mended first.
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive"]
    try:
        watch("refreshing the list of system packages", [*apt, "apt-get", "update", "-q"], log)
        watch("mending interrupted installations", [*apt, "dpkg", "--configure", "-a"], log)
        line = [*apt, "apt-get", "install", "-q", "-y", "--no-install-recommends", *wanted]
        watch(f"installing {' '.join(wanted)}", line, log)
    except StepFailed as failure:
        print(f"hearth: {failure.title} failed, see {failure.log}", file=sys.stderr)
    return missing(packages)


def by_hand(names: Sequence[str]) -> str:
    """The one line to type."""
    return f"sudo apt-get install -y {' '.join(names)}"


def _privilege() -> list[str] | None:
    """What to put before apt-get: nothing as root, sudo where it needs no password; None where neither works."""
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    asked = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    return ["sudo", "-n"] if asked.returncode == 0 else None
