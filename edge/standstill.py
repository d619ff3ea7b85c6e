"""Whether an engine's threads stand still: none of them computes, or waits for a processor or for a disk.

What is merely slow does one of the three, however long it takes; a native call that waits for something that never
comes does none. Source: proc(5), /proc/pid/stat, of which each thread has its own.
"""

import os
from typing import Final, NamedTuple

_TASKS: Final = "/proc/self/task"
_GOES_ON: Final = "RD"
"""States of a thread that computes or waits for a processor, and of one that waits for a disk."""
_TICKS: Final = slice(11, 13)
"""Of the fields after name and state: processor time in the program and in the kernel, in hundredths of a second."""


class _Seen(NamedTuple):
    """A thread, at one look."""

    name: str
    state: str
    ticks: tuple[str, ...]


class Standstill:
    """Of one thread, at which another one looks from time to time."""

    def __init__(self, thread: int, *, alone: bool = False) -> None:
        """``thread``: its number for the kernel. Those that native code has made in it, which have its name, work for
        it, unless it is ``alone``.
        """
        self._thread, self._alone = str(thread), alone
        self._last: list[_Seen] = []
        self._since = 0.0

    def for_s(self, now: float) -> float:
        """Seconds before ``now``, which is on the clock of all looks, since one of them was last seen going on; 0 where
        the kernel does not say.
        """
        seen = self._look()
        if seen != self._last or not seen or any(each.state in _GOES_ON for each in seen):
            self._last, self._since = seen, now
        return now - self._since

    def _look(self) -> list[_Seen]:
        own = _seen(self._thread)
        if own is None or self._alone:
            return [own] if own is not None else []
        return [each for each in map(_seen, _threads()) if each is not None and each.name == own.name]


def _threads() -> list[str]:
    try:
        return os.listdir(_TASKS)  # noqa: PTH208  # names alone
    except OSError:
        return []


def _seen(thread: str) -> _Seen | None:
    """None where there is no such thread any more."""
    try:
        with open(f"{_TASKS}/{thread}/stat", encoding="ascii", errors="replace") as file:  # noqa: PTH123  # often
            before, _, after = file.read().rpartition(")")
    except OSError:
        return None
    fields = after.split()
    return _Seen(before.partition("(")[2], fields[0], tuple(fields[_TICKS]))
