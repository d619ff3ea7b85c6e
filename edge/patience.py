"""How long systemd is to wait for a beat before it takes the process for one that stands still as a whole.

As long as the unit says, until the looks have come on time for as long as that: a board that loads may stand for many
seconds. Then a few seconds will do, and more where the board has been late; as long as the unit says again while an
engine loads or memory is short. A false alarm would cost a start just where a start takes longest.
"""

import math
from collections import deque
from collections.abc import Callable
from typing import Final

SHORTEST_S: Final = 4.0
"""Where all looks come on time."""
_TIMES: Final = 10.0
"""The longest delay of a look that was seen is what a much longer one is reckoned from."""
_REMEMBERED_S: Final = 300.0
_ON_TIME_S: Final = 0.1
"""Later than that is late."""


class Patience:
    """Of the one that watches over this process."""

    def __init__(self, shortest_s: float, memory_is_short: Callable[[], bool]) -> None:
        self.shortest_s, self._memory_is_short = shortest_s, memory_is_short
        """Less it never is."""
        self._begun: float | None = None
        self._late: deque[tuple[float, float]] = deque()
        """When and how late, where no later one was as late: the first is the longest that is remembered."""

    def seconds(self, now: float, unit_s: float, late_s: float, *, builds: bool) -> float:
        """Whole seconds from now on, at most ``unit_s``, after a look that came ``late_s`` too late. ``builds``: an
        engine loads.
        """
        self._begun = now if self._begun is None else self._begun
        if builds or self._memory_is_short():
            late_s = unit_s
        while self._late and self._late[-1][1] <= late_s:
            self._late.pop()
        self._late.append((now, late_s))
        while self._late[0][0] < now - _REMEMBERED_S:
            self._late.popleft()
        if now - self._begun < unit_s:
            return unit_s
        return min(unit_s, math.ceil(self.shortest_s + _TIMES * max(0.0, self._late[0][1] - _ON_TIME_S)))
