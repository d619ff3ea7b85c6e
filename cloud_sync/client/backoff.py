"""When the next attempt to reach the bridge is due.

Full jitter: a random part of a span that doubles with each failure, so that a house full of devices, or a whole town
after a power cut, does not come all at once. Brooker: Exponential Backoff And Jitter, AWS Architecture Blog, 2015.
"""

from collections.abc import Callable
from typing import Final

from cloud_sync.client.wishes import Ended

FIRST_S: Final = 1.0
LONGEST_S: Final = 300.0
HOPELESS_S: Final = 3600.0
"""Between attempts that can't help until a person has seen to something."""
STABLE_S: Final = 60.0
"""A connection that lasted so long was a good one: the next failure is the first again."""
_LATE: Final = 0.1
"""Of what the bridge asked for: not all who were told the same come at the same moment."""


class Backoff:
    """Counts failures."""

    def __init__(self, random: Callable[[], float]) -> None:
        """``random``: a number from 0 to 1."""
        self._random, self._failures = random, 0

    def after(self, ended: Ended, lasted_s: float) -> float:
        """Seconds to wait after a connection that ended so, or was never there (``lasted_s`` 0)."""
        if lasted_s >= STABLE_S:
            self._failures = 0
        span = min(LONGEST_S, FIRST_S * 2.0 ** min(self._failures, 16))
        self._failures += 1
        if ended.permanent:
            return HOPELESS_S * (1 - _LATE * self._random())
        asked = ended.retry_after_s * (1 + _LATE * self._random())
        return max(span * self._random(), asked)

    def reset(self) -> None:
        """Something has changed: the next attempt may be at once."""
        self._failures = 0
