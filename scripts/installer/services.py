"""The user, the units, the rules and the commands: what the system knows of an installation."""

import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final

from scripts.installer.places import BACKOFF, ENABLED, EXCHANGING, PROGRAMS, SERVICE, USER, Places
from scripts.prepare.environment import ROOT

SYSTEMD: Final = ROOT / "systemd"
_BACKOFF_SINCE: Final = 254
_RUNS: Final = Path("/run/systemd/system")
"""Is there where systemd is what started the machine: sd_booted(3)."""
_MINE: Final = "# Hearthside:"
_WRAPPER: Final = """#!/bin/sh
{mine} as the service's own user, with its data, its models and its secrets.
set -eu
if [ "$(id -un)" != {user} ]; then
    if [ "$(id -u)" = 0 ]; then exec runuser -u {user} -- "$0" "$@"; fi
    exec sudo -u {user} -- "$0" "$@"
fi
export HOME={state} HEARTH_DATA_DIR={state} HEARTH_MODELS_DIR={state}/models
if [ -r /run/credentials/hearthside.service ]; then export CREDENTIALS_DIRECTORY=/run/credentials/hearthside.service; fi
cd {state}
exec {programs}/{program} "$@"
"""


def units() -> list[Path]:
    """All units, as this tree has them: services first, then what starts them."""
    return [unit for kind in ("service", "timer", "path") for unit in sorted(SYSTEMD.glob(f"*.{kind}"))]


def runs() -> bool:
    """Whether systemd runs here; else it is only prepared for the next start."""
    return _RUNS.is_dir()


def make_user(places: Places) -> None:
    """The user and its groups. Raises CalledProcessError."""
    _quietly("systemd-sysusers", str(places.sysusers))


def lay(places: Places, systemd_version: int) -> None:
    """Units, rules and commands, as this tree has them."""
    for source in units():
        _copy(source, places.units / source.name)
    for unit in BACKOFF:
        drop_in = places.units / f"{unit}.d/backoff.conf"
        if systemd_version >= _BACKOFF_SINCE:
            _copy(SYSTEMD / "since-254/backoff.conf", drop_in)
        else:
            drop_in.unlink(missing_ok=True)
    _copy(SYSTEMD / "hearthside.sysusers", places.sysusers)
    _copy(SYSTEMD / "60-hearthside.rules", places.udev)
    for program in PROGRAMS[:2]:  # the bridge has a user of its own, that is there only while it runs
        file = places.programs / program
        if file.exists() and _MINE not in file.read_text("utf-8", "replace"):
            print(f"hearth: {file} is not ours and stays as it is")
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(wrapper(program, f"{places.current}/bin"), "utf-8")
        file.chmod(0o755)


def wrapper(program: str, programs: str) -> str:
    """The script that an admin calls."""
    return _WRAPPER.format(mine=_MINE, user=USER, state=Places().state, programs=programs, program=program)


def own(places: Places) -> None:
    """Its folders belong to its user: it writes its data, and changes its settings."""
    for folder in (places.state, places.models, places.etc):
        folder.mkdir(parents=True, exist_ok=True)
    places.state.chmod(0o700)
    shutil.chown(places.etc, "root", USER)
    # The bridge reads its settings there, too.
    places.etc.chmod(0o775)
    _quietly("chown", "--recursive", f"{USER}:{USER}", str(places.state))
    if places.settings.exists():
        shutil.chown(places.settings, USER, USER)


def systemd_version() -> int:
    """Its number; 0 where there is none."""
    try:
        said = subprocess.run(["systemctl", "--version"], capture_output=True, text=True, check=False).stdout.split()
    except FileNotFoundError:
        return 0
    return int(said[1]) if len(said) > 1 and said[1].isdecimal() else 0


def enable() -> None:
    """From the next start of the machine on. Raises CalledProcessError."""
    if runs():
        _quietly("systemctl", "daemon-reload")
        subprocess.run(["udevadm", "control", "--reload"], capture_output=True, check=False)
        subprocess.run(["udevadm", "trigger", "--subsystem-match=usb", "--subsystem-match=hidraw"],
                       capture_output=True, check=False)  # fmt: skip
    _quietly("systemctl", "enable", *ENABLED, *EXCHANGING)


def attend_updates() -> None:
    """Requests are listened for from now on."""
    if runs():
        subprocess.run(["systemctl", "start", *EXCHANGING[:2]], capture_output=True, check=False)


def is_active() -> bool:
    """Whether the assistant runs, and is ready."""
    return runs() and subprocess.run(["systemctl", "--quiet", "is-active", SERVICE], check=False).returncode == 0


def restart() -> bool:
    """Start the assistant anew and wait until it is ready; with it, what else of ours ran. False: it does not start."""
    subprocess.run(["systemctl", "reset-failed", SERVICE], capture_output=True, check=False)
    ready = subprocess.run(["systemctl", "restart", SERVICE], capture_output=True, check=False).returncode == 0
    others = ["hearthside-sync.service", "hearthside-cloud.service"]
    subprocess.run(["systemctl", "try-restart", *others], capture_output=True, check=False)
    subprocess.run(["systemctl", "start", "hearthside-maintenance.timer"], capture_output=True, check=False)
    return ready


def stop() -> None:
    """Stop and forget all of it."""
    # What starts others ends first.
    names = [source.name for source in reversed(units())]
    if runs():
        subprocess.run(["systemctl", "stop", *names], capture_output=True, check=False)
    subprocess.run(["systemctl", "disable", *names], capture_output=True, check=False)


def remove(places: Places) -> None:
    """Units, rules and commands."""
    for source in units():
        (places.units / source.name).unlink(missing_ok=True)
        shutil.rmtree(places.units / f"{source.name}.d", ignore_errors=True)
    for file in (places.sysusers, places.udev):
        file.unlink(missing_ok=True)
    with suppress(OSError):  # Debian has no such folder of its own; somebody else's files may be in it
        places.sysusers.parent.rmdir()
    for program in PROGRAMS:
        file = places.programs / program
        if file.exists() and _MINE in file.read_text("utf-8", "replace"):
            file.unlink()
    if runs():
        subprocess.run(["systemctl", "daemon-reload"], capture_output=True, check=False)
        subprocess.run(["systemctl", "reset-failed", "hearthside*"], capture_output=True, check=False)
        subprocess.run(["udevadm", "control", "--reload"], capture_output=True, check=False)


def is_of_a_package(path: Path) -> bool:
    """Whether a Debian package brought ``path``, which then stays."""
    try:
        return subprocess.run(["dpkg-query", "--search", path], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def remove_user() -> None:
    """The user, and the group of the pins where nobody else is in it."""
    subprocess.run(["userdel", USER], capture_output=True, check=False)
    asked = subprocess.run(["getent", "group", "gpio"], capture_output=True, text=True, check=False).stdout.strip()
    if asked.endswith(":"):
        subprocess.run(["groupdel", "gpio"], capture_output=True, check=False)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o644)


def _quietly(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
