"""A control group for the assistant alone, of version 1 or 2, whichever this machine gives."""

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_ROOT: Final = Path("/sys/fs/cgroup")
_PERIOD_US: Final = 100_000


class Group:
    """One controller's group: ``memory`` or ``cpu``."""

    def __init__(self, folder: Path, version: int) -> None:
        self.folder, self.version = folder, version

    @property
    def prefix(self) -> Sequence[str]:
        """Put before a command, it runs in the group from its first instruction."""
        return ("sh", "-c", f'echo $$ > {self.folder}/cgroup.procs; exec "$@"', "sh")

    def share_of_a_core(self, share: float | None) -> None:
        """None: as much as there is."""
        quota = None if share is None else round(share * _PERIOD_US)
        if self.version == 1:
            self._write("cpu.cfs_period_us", str(_PERIOD_US))
            self._write("cpu.cfs_quota_us", str(quota or -1))
        else:
            self._write("cpu.max", f"{quota or 'max'} {_PERIOD_US}")

    def most_memory(self, limit: int | None) -> None:
        """In bytes, of what is in use by it, files among it; None: as much as there is."""
        if self.version == 1:
            self._write("memory.limit_in_bytes", str(limit if limit is not None else -1))
        else:
            self._write("memory.max", str(limit) if limit is not None else "max")

    @property
    def memory(self) -> int:
        """Bytes in use by it now."""
        name = "memory.usage_in_bytes" if self.version == 1 else "memory.current"
        return int((self.folder / name).read_text())

    @property
    def killed(self) -> int:
        """Processes of it that the kernel has ended because they wanted more than they may have."""
        name = "memory.oom_control" if self.version == 1 else "memory.events"
        counts = dict(line.split() for line in (self.folder / name).read_text().splitlines())
        return int(counts.get("oom_kill", 0))

    def take(self, process: int) -> None:
        """That process is in it from now on."""
        self._write("cgroup.procs", str(process))

    def _write(self, name: str, value: str) -> None:
        (self.folder / name).write_text(value)


def why_not(controller: str) -> str | None:
    """Why there can be no such group; None where there can."""
    if os.geteuid() != 0:
        return "only root may make control groups"
    return None if _parent(controller) is not None else f"no control group for {controller}"


@contextmanager
def group(controller: str) -> Iterator[Group]:
    """One of its own, empty when the block ends. Raises LookupError."""
    found = _parent(controller)
    if found is None:
        raise LookupError(f"no control group for {controller}")
    parent, version = found
    folder = parent / f"hearth-faults-{secrets.token_hex(4)}"
    folder.mkdir()
    try:
        yield Group(folder, version)
    finally:
        with suppress(OSError):
            for line in (folder / "cgroup.procs").read_text().split():
                (parent / "cgroup.procs").write_text(line)
            folder.rmdir()


def _parent(controller: str) -> tuple[Path, int] | None:
    if (_ROOT / controller / "cgroup.procs").exists():
        return _ROOT / controller, 1
    with suppress(OSError):
        if controller in (_ROOT / "cgroup.subtree_control").read_text().split():
            return _ROOT, 2
    return None
