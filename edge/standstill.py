"""Whether a thread of this process stands still: it neither computes nor waits for a processor or for a disk.

What is merely slow does one of the three, however long it takes; a native call that waits for something that never
comes does none. Source: proc(5), /proc/pid/stat, of which each thread has its own.
"""

from typing import Final

_GOES_ON: Final = "RD"
"""States of a thread that computes or waits for a processor, and of one that waits for a disk."""
_TICKS: Final = slice(11, 13)
"""Of the fields after its name and its state: processor time in the program and in the kernel, in hundredths of a
second."""


class Standstill:
    """Of one thread, which another one looks at from time to time."""

    def __init__(self, thread: int) -> None:
        """``thread``: its number for the kernel."""
        self._file = f"/proc/self/task/{thread}/stat"
        self._ticks: list[str] = []
        self._since = 0.0

    def for_s(self, now: float) -> float:
        """Seconds before ``now``, which is on the clock of all looks, since it was last seen going on; 0 where the
        kernel does not say.
        """
        state, ticks = self._seen()
        if state in _GOES_ON or ticks != self._ticks:
            self._ticks, self._since = ticks, now
        return now - self._since

    def _seen(self) -> tuple[str, list[str]]:
        try:
            with open(self._file, encoding="ascii", errors="replace") as file:  # noqa: PTH123  # twice a second
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            return _GOES_ON[0], []
        return fields[0], fields[_TICKS]
