"""How the board itself is: load, memory, heat, power, the wear of its card, its clock.

Everything is read from ``/proc`` and ``/sys``; what a machine does not have is None.
"""

import ctypes
import datetime
import os
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from edge.board_profile import MODEL
from edge.observe.board import Board as Sensors
from edge.observe.board import board

_LIMITS: Final = {
    "under_voltage": "under-voltage: the power supply is too weak",
    "frequency_capped": "the processor is held back",
    "throttled": "slowed down",
    "soft_limit": "near its limit of temperature",
}
"""In words, what :mod:`edge.observe.board` reads of a Raspberry Pi's firmware."""
_CARDS: Final = "sys/block"
_END_OF_LIFE: Final = {1: "normal", 2: "80 % of its reserved blocks are used up", 3: "its reserved blocks are used up"}
"""``PRE_EOL_INFO`` of JEDEC JESD84-B51, 7.4.46; the kernel tells it in hexadecimal."""
_WEAR_STEP: Final = 10
"""``DEVICE_LIFE_TIME_EST_TYP_A`` and ``_B`` there: 1 is 0–10 % of the life used, 11 is more than all of it."""
_TIME_ERROR: Final = 5
"""adjtimex(2): the clock is not synchronised."""
_TIMEX_BYTES: Final = 512
"""More than ``struct timex`` has anywhere. All zero, it only asks."""


@dataclass(frozen=True, slots=True)
class Power:
    """Whether a Raspberry Pi gets what it needs."""

    now: tuple[str, ...]
    """What is wrong at this moment, in words."""
    since_start: tuple[str, ...]
    """What was wrong at some time since the start."""


@dataclass(frozen=True, slots=True)
class Card:
    """A memory card or a soldered flash memory."""

    device: str
    """As under ``/dev``: ``mmcblk0``."""
    name: str
    """What its maker calls it."""
    kind: str
    """``SD`` or ``MMC``."""
    made: str
    """Month and year, as the card says."""
    used_percent: int | None
    """Of its life, at most, by its own estimate; None: it makes none, as SD cards mostly don't."""
    end_of_life: str | None


@dataclass(frozen=True, slots=True)
class Disk:
    """Where something lies."""

    path: str
    free_mb: int
    total_mb: int


_TIMES: Final = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
"""What a processor may spend its time on: proc_stat(5). The time of guests is in that of users already."""


@dataclass(frozen=True, slots=True)
class BoardState:
    """All of it at one moment."""

    model: str
    cores: int
    cpu_percent: float
    """Of all cores together, since it was asked before."""
    own_cpu_percent: float
    """Of one core, by this process, likewise; 0 the first time."""
    load: tuple[float, float, float]
    """Over 1, 5 and 15 minutes."""
    memory_mb: int
    memory_available_mb: int
    own_memory_mb: int
    """Resident memory of this process."""
    swap_mb: int
    swap_used_mb: int
    temperature_c: float | None
    """Of the processor."""
    power: Power | None
    """None where no firmware tells, as on anything but a Raspberry Pi."""
    cards: tuple[Card, ...]
    disks: tuple[Disk, ...]
    up_s: float
    """Since the board was started."""
    own_up_s: float
    """Since the assistant was."""
    clock_synchronised: bool | None
    time: str
    """ISO 8601, UTC."""


class Board:
    """Reads it."""

    def __init__(self, root: Path = Path("/")) -> None:
        """``root``: where ``proc`` and ``sys`` lie."""
        self._root = root
        self._process = psutil.Process()
        self._spent = psutil.cpu_times()
        self._begun = time.monotonic()

    def read(self, *folders: Path) -> BoardState:
        """Now; ``folders`` are those whose disks are told. Takes some milliseconds."""
        sensors = board(self._root / "sys")
        memory, swap = psutil.virtual_memory(), psutil.swap_memory()
        return BoardState(
            model=model_name(self._root),
            cores=psutil.cpu_count() or 1,
            cpu_percent=self._busy_percent(),
            own_cpu_percent=self._process.cpu_percent(),
            load=os.getloadavg(),
            memory_mb=memory.total >> 20,
            memory_available_mb=memory.available >> 20,
            own_memory_mb=self._process.memory_info().rss >> 20,
            swap_mb=swap.total >> 20,
            swap_used_mb=swap.used >> 20,
            temperature_c=sensors.celsius,
            power=_power(sensors),
            cards=tuple(self.cards()),
            disks=tuple(_disks(folders)),
            up_s=time.time() - psutil.boot_time(),
            own_up_s=time.monotonic() - self._begun,
            clock_synchronised=clock_synchronised(),
            time=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        )

    def _busy_percent(self) -> float:
        # psutil's own remembers it by thread, and whoever reads this does it in any of a pool.
        before, self._spent = self._spent, psutil.cpu_times()
        spent = {name: getattr(self._spent, name) - getattr(before, name) for name in _TIMES if hasattr(before, name)}
        whole = sum(spent.values())
        return 100 * (1 - (spent["idle"] + spent.get("iowait", 0)) / whole) if whole > 0 else 0.0

    def cards(self) -> Iterator[Card]:
        """Those that there are."""
        for block in sorted((self._root / _CARDS).glob("mmcblk*")):
            device = block / "device"
            if not device.is_dir():
                continue  # its boot partitions
            steps = [number for part in _read(device / "life_time").split() if (number := _integer(part, 16))]
            told = _integer(_read(device / "pre_eol_info"), 16)
            yield Card(
                device=block.name,
                name=_read(device / "name"),
                kind=_read(device / "type"),
                made=_read(device / "date"),
                used_percent=max(steps) * _WEAR_STEP if steps else None,
                end_of_life=_END_OF_LIFE.get(told) if told is not None else None,
            )


def model_name(root: Path = Path("/")) -> str:
    """What the board calls itself; where it has no name, its architecture."""
    return _read(root / MODEL).rstrip("\0") or platform.machine()


def clock_synchronised() -> bool | None:
    """Whether something sets the clock by others; None where the kernel does not tell."""
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (AttributeError, OSError):
        return None
    state: int = adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return None if state < 0 else state != _TIME_ERROR


def _power(sensors: Sensors) -> Power | None:
    if sensors.limits is None or sensors.since_start is None:
        return None
    now, since = sensors.limits, sensors.since_start
    return Power(
        tuple(said for limit, said in _LIMITS.items() if now[limit]),
        tuple(said for limit, said in _LIMITS.items() if since[limit]),
    )


def _disks(folders: tuple[Path, ...]) -> Iterator[Disk]:
    """Each disk once."""
    seen = set()
    for folder in folders:
        there = next(path for path in (folder, *folder.parents) if path.exists())
        if (device := there.stat().st_dev) not in seen:
            seen.add(device)
            usage = psutil.disk_usage(str(there))
            yield Disk(str(folder), usage.free >> 20, usage.total >> 20)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _integer(text: str, base: int) -> int | None:
    try:
        return int(text, base)
    except ValueError:
        return None
