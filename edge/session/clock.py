"""The time that a turn's events carry.

Live, it is the monotonic clock, on which the microphone stamps its chunks too. In a replay it is the position in the
recording, plus the time spent computing since the last sound that was taken in.
"""

import time


class TurnClock:
    """Follows the sound while there is some, and the wall from then on."""

    def __init__(self, at: float) -> None:
        """``at``: the moment that it is now, in seconds on the clock of the sound."""
        self.follow(at)

    def follow(self, at: float) -> None:
        """The sound has come to ``at``."""
        self._at = at
        self._read = time.perf_counter()

    def now(self) -> float:
        """Seconds on the clock of the sound."""
        return self._at + time.perf_counter() - self._read
