"""What systemd knows of the assistant's service, and does with it."""

import subprocess
from dataclasses import dataclass
from typing import Final, Protocol

from edge.updates.errors import UpdateError

SERVICE: Final = "hearthside.service"
_OTHERS: Final = ("hearthside-sync.service", "hearthside-cloud.service")
_WORKERS: Final = ("hearthside-update-fetch.service", "hearthside-update.service")
_ASKED: Final = ("ActiveState", "InvocationID", "NRestarts")


@dataclass(frozen=True, slots=True)
class Look:
    """How the service is."""

    active: bool
    """It has said that it is ready, and its watchdog is content."""
    invocation: str
    """Which start this is; empty: it was not started."""
    restarts: int
    """How often systemd started it anew by itself."""


class Service(Protocol):
    """The assistant, as a service."""

    def look(self) -> Look:
        """How it is. Raises UpdateError."""

    def reload(self) -> None:
        """Other unit files were laid. Raises UpdateError."""

    def restart(self) -> None:
        """Start it anew, and what else of ours runs; returns without waiting. Raises UpdateError."""

    def restart_others(self) -> None:
        """Only what else of ours runs, such as the link to the bridge. Raises UpdateError."""


class Systemd:
    """The real one."""

    def look(self) -> Look:
        """See :class:`Service`."""
        said = _call("show", SERVICE, f"--property={','.join(_ASKED)}")
        told = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
        restarts = told.get("NRestarts", "0")
        return Look(
            active=told.get("ActiveState") in ("active", "reloading"),
            invocation=told.get("InvocationID", ""),
            restarts=int(restarts) if restarts.isdecimal() else 0,
        )

    def reload(self) -> None:
        """See :class:`Service`."""
        _call("daemon-reload")

    def restart(self) -> None:
        """See :class:`Service`."""
        _call("--no-block", "restart", SERVICE)
        self.restart_others()

    def restart_others(self) -> None:
        """See :class:`Service`."""
        _call("--no-block", "try-restart", *_OTHERS)


def at_work() -> bool:
    """Whether a unit that brings or exchanges versions runs, or is being started. Raises UpdateError."""
    said = _call("show", *_WORKERS, "--property=ActiveState")
    return any(state in said for state in ("=activating", "=active", "=reloading"))


def _call(*arguments: str) -> str:
    try:
        done = subprocess.run(["systemctl", *arguments], capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UpdateError(f"systemctl {arguments[0]} failed: {error}", "see journalctl") from error
    if done.returncode:
        raise UpdateError(f"systemctl {arguments[0]} failed: {done.stderr.strip()}", "see journalctl")
    return done.stdout
