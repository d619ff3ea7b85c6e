"""When a sample of a running device was heard, on the monotonic clock. Pure: times come in as arguments.

A sound card counts samples by a crystal of its own, and its callbacks come late by some milliseconds, never early.
So time is counted in samples, and the count is led slowly to where the promptest callbacks say it should be.
"""

from typing import Final

_WINDOW: Final = 25
"""Blocks of which the promptest is believed: half a second."""
_TOLERANCE_S: Final = 0.02
_LOST_S: Final = 0.1
"""Later than this by every callback of a window: sound was lost, not merely counted by another crystal."""
_SLEW_S: Final = 0.001
"""Correction per block; time never runs backwards."""


class SoundClock:
    """Maps positions in one stream to times."""

    def __init__(self, not_before: float = float("-inf")) -> None:
        """``not_before``: no sample gets an earlier time than this, for a stream that continues another."""
        self._not_before = not_before
        self._origin: float | None = None
        self._correction = 0.0
        self._least = float("inf")
        self._seen = 0

    def observe(self, position: float, heard: float, *, lost: bool = False) -> None:
        """The block that begins at ``position`` s of the stream was heard at ``heard``, or somewhat earlier.

        ``lost``: the device says that it dropped sound just before.
        """
        if self._origin is None:
            self._origin = max(heard - position, self._not_before - position)
        late = heard - position - self._origin
        if lost and late > 0:
            self._restart(self._origin + late)
            return
        if self._correction:
            step = max(-_SLEW_S, min(_SLEW_S, self._correction))
            self._origin += step
            self._correction -= step
            return
        self._least = min(self._least, late)
        self._seen += 1
        if self._seen == _WINDOW:
            self._judge()

    def at(self, position: float) -> float:
        """Time of the sample at ``position`` s. Observe first."""
        assert self._origin is not None
        return self._origin + position

    def _judge(self) -> None:
        assert self._origin is not None
        if self._least > _LOST_S:
            self._restart(self._origin + self._least)
            return
        self._correction = self._least if abs(self._least) > _TOLERANCE_S else 0.0
        self._least, self._seen = float("inf"), 0

    def _restart(self, origin: float) -> None:
        self._origin, self._correction = origin, 0.0
        self._least, self._seen = float("inf"), 0
