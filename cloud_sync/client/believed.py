"""What time it is, as far as a board may believe its own clock: many have none that runs while they are off.

The wall clock counts, unless it is plainly wrong: before this program was written, or far ahead of the last moment that
is known to have been. Where the bridge has told the time, and the wall clock was more than a minute off, the bridge's
time goes on by the time that has passed since the machine was started, until somebody puts the wall clock right.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from apsw import Connection

from cloud_sync.protocol.clock import AHEAD_MS
from edge.identity import boot

FLOOR_MS: Final = 1_767_225_600_000
"""2026-01-01: no clock that is right shows less."""
LATEST_MS: Final = 4_102_444_800_000
"""2100-01-01: nor more."""
_AWAY_MS: Final = 400 * 86_400_000
"""Nobody leaves an assistant switched off for so long: a clock that says so is wrong."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The bridge's time, by the time that has passed since the machine was started."""

    ms: int = 0
    """Milliseconds since the epoch at which it was started; 0: the wall clock is right."""
    boot: str = ""
    """Which start that was."""


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


def _running_ms() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks of this machine."""

    wall_ms: Callable[[], int] = _wall_ms
    running_ms: Callable[[], int] = _running_ms
    """Since it was started, with the time that it was asleep."""
    boot: Callable[[], str] = boot

    def now_ms(self, anchor: Anchor, last_ms: int) -> int:
        """Milliseconds since the epoch. ``last_ms``: the latest moment that is known to have been; 0: none."""
        if anchor.ms and anchor.boot == self.boot():
            return anchor.ms + self.running_ms()
        wall = max(self.wall_ms(), FLOOR_MS)
        return last_ms if last_ms and wall > last_ms + _AWAY_MS else wall

    def anchor(self, bridge_ms: int) -> Anchor:
        """Once the bridge's clock was seen to show ``bridge_ms`` just now."""
        if abs(self.wall_ms() - bridge_ms) <= AHEAD_MS:
            return Anchor()
        return Anchor(bridge_ms - self.running_ms(), self.boot())

    def moved(self, known: Anchor, bridge_ms: int) -> Anchor | None:
        """The same, where it is another one than ``known`` by more than matters; else None, also where no clock that is
        right shows that."""
        if not FLOOR_MS <= bridge_ms < LATEST_MS:
            return None
        new = self.anchor(bridge_ms)
        if known.boot == new.boot and abs(known.ms - new.ms) <= AHEAD_MS:
            return None
        return new


def keep(connection: Connection, anchor: Anchor) -> None:
    """In the transaction that ``connection`` is in; stamps go on from where they are: they never go back."""
    connection.execute("UPDATE sync_self SET anchor_ms = ?, boot = ?", (anchor.ms, anchor.boot))
