"""The board as its own sensors see it: how warm it is, and whether it slows itself down."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

_ZONES: Final = "class/thermal/thermal_zone*/temp"
"""Linux: millidegrees Celsius. See https://docs.kernel.org/driver-api/thermal/sysfs-api.html."""
_THROTTLED: Final = "devices/platform/soc/soc:firmware/get_throttled"
"""Raspberry Pi: a hexadecimal number of flags. See ``vcgencmd get_throttled`` in
https://www.raspberrypi.com/documentation/computers/os.html."""
_FLAGS: Final = {"under_voltage": 1 << 0, "frequency_capped": 1 << 1, "throttled": 1 << 2, "soft_limit": 1 << 3}
"""Those that tell of now; from bit 16 on they tell of any time since the start."""
_SINCE_START: Final = 16
_PLAUSIBLE_C: Final = (-40.0, 150.0)


@dataclass(frozen=True, slots=True)
class Board:
    """What its sensors say; None for what it has no sensor for."""

    celsius: float | None
    """Of the warmest zone."""
    limits: dict[str, bool] | None
    """By reason: whether the processor is slowed down now, or gets too little power."""
    since_start: dict[str, bool] | None = None
    """The same of any time since the start."""


def board(system: Path = Path("/sys")) -> Board:
    """As it is now. Reads a few small files."""
    zones = [celsius for zone in system.glob(_ZONES) if (celsius := _celsius(zone)) is not None]
    flags = _flags(system / _THROTTLED)
    if flags is None:
        return Board(max(zones, default=None), None)
    return Board(max(zones, default=None), _limits(flags), _limits(flags >> _SINCE_START))


def _celsius(zone: Path) -> float | None:
    try:
        celsius = int(zone.read_text()) / 1000
    except (OSError, ValueError):
        # A sensor that is asleep, or not wired.
        return None
    low, high = _PLAUSIBLE_C
    return celsius if low < celsius < high else None


def _flags(file: Path) -> int | None:
    try:
        return int(file.read_text().strip(), 16)
    except (OSError, ValueError):
        return None


def _limits(flags: int) -> dict[str, bool]:
    return {name: bool(flags & flag) for name, flag in _FLAGS.items()}
