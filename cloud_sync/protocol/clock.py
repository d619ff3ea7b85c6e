"""Hybrid logical clocks: stamps that never go back, however the wall clock jumps.

Kulkarni, Demirbas, Madappa, Avva, Leone: Logical Physical Clocks, OPODIS 2014. A stamp is one integer: 48 bits of
milliseconds since the epoch, 16 bits that count what happens within one. Two stamps of different devices may be equal;
then the greater device id is the later.
"""

from collections.abc import Callable
from typing import Final

_COUNTER_BITS: Final = 16
AHEAD_MS: Final = 60_000
"""A stamp that is so much ahead of the bridge is not believed."""


def stamp(ms: int, counter: int = 0) -> int:
    """The stamp of a moment (milliseconds since the epoch)."""
    return (ms << _COUNTER_BITS) | counter


def ms_of(stamped: int) -> int:
    """When that was, milliseconds since the epoch."""
    return stamped >> _COUNTER_BITS


class HybridClock:
    """The clock of one replica."""

    def __init__(self, now_ms: Callable[[], int], last: int = 0) -> None:
        """``now_ms``: the wall clock, milliseconds since the epoch; ``last``: the greatest stamp that was ever given
        or seen here, from where it is kept.
        """
        self._now_ms, self.last = now_ms, last

    def tick(self) -> int:
        """A stamp later than all before it."""
        # A full counter runs over into the milliseconds, which is still later.
        self.last = max(stamp(self._now_ms()), self.last + 1)
        return self.last

    def observe(self, seen: int) -> None:
        """Something stamped ``seen`` came in: what happens from now on is later than that."""
        self.last = max(self.last, seen)
