"""Whether what is only meant to be in memory, such as the sound of the last seconds, may be written to a disk.

The unit's ``MemorySwapMax=0`` forbids it, where the kernel has control groups for memory: that of Raspberry Pi OS is
started without (https://github.com/raspberrypi/linux/issues/6980).
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

_SWAPS: Final = Path("/proc/swaps")
_GROUPS: Final = Path("/sys/fs/cgroup")
_UNIT: Final = "system.slice/hearthside.service"
_LIMIT: Final = "memory.swap.max"
_IN_MEMORY: Final = "/dev/zram"


def on_disk(swaps: str, limits: Iterable[str] = ()) -> list[str]:
    """Files and devices that pages of ours may be written to: of ``swaps``, as /proc/swaps has it, those that are no
    memory themselves; none where one of ``limits``, what control groups say, forbids it.
    """
    if any(limit.strip() == "0" for limit in limits):
        return []
    used = [line.split()[0] for line in swaps.splitlines()[1:] if line.strip()]
    return [each for each in used if not each.startswith(_IN_MEMORY)]


def found() -> list[str]:
    """The same on this machine, for the service as for this process."""
    groups = [_GROUPS / _UNIT / _LIMIT]
    try:
        own = Path("/proc/self/cgroup").read_text("ascii").strip().rpartition("::")[2]
        groups.append(_GROUPS / own.lstrip("/") / _LIMIT)
        swaps = _SWAPS.read_text("utf-8")
    except OSError:
        return []
    return on_disk(swaps, [limit.read_text("ascii") for limit in groups if limit.is_file()])
