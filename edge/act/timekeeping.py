"""The two clocks of a machine: what the wall clock shows, which may be put right at any moment, and what has passed."""

import datetime
import time
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import anyio

LONGEST_SLEEP_S: Final = 30.0
"""How soon a wall clock that was put right is noticed."""
STEP_S: Final = 2.0
"""A wall clock that runs against the other by more than this was put right; by less, it drifts."""


class Time(Protocol):
    """Both clocks, and waiting."""

    def now(self) -> datetime.datetime:
        """What the wall clock shows, in the machine's time zone."""

    def elapsed(self) -> float:
        """Seconds that have passed since some moment; they pass while the machine sleeps, too."""

    async def sleep(self, seconds: float) -> None:
        """Returns when so many seconds have passed."""


class SystemTime:
    """The machine's own."""

    def __init__(self, zone: datetime.tzinfo) -> None:
        """``zone``: with its rules, so that a day to come has its own offset."""
        self._zone = zone

    def now(self) -> datetime.datetime:
        """Aware, in the zone."""
        return datetime.datetime.now(self._zone)

    def elapsed(self) -> float:
        """CLOCK_BOOTTIME."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    async def sleep(self, seconds: float) -> None:
        """On the event loop's clock."""
        await anyio.sleep(seconds)


class WallClockWatch:
    """Notices that the wall clock was put right."""

    def __init__(self, time: Time) -> None:
        self._time = time
        self._offset = self._current()

    def stepped(self) -> float:
        """By how many seconds it was, since this was last asked; 0 when it was not."""
        step = self._current() - self._offset
        self._offset += step
        return step if abs(step) > STEP_S else 0.0

    def _current(self) -> float:
        return self._time.now().timestamp() - self._time.elapsed()


class Alert:
    """Wakes whoever waits for the next thing to be due, because that may have changed."""

    def __init__(self) -> None:
        self._event = anyio.Event()
        self._changes = 0
        self._news = anyio.Event()

    def set(self) -> None:
        """Something changed."""
        self._event.set()
        self._changes += 1
        self._news.set()
        self._news = anyio.Event()

    async def later(self, after: int) -> int:
        """The number of the last change, 0 before the first, once it is greater than ``after``."""
        while self._changes <= after:
            await self._news.wait()
        return self._changes

    async def wait(self, seconds: float, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Returns after ``seconds``, or earlier when something has changed since the last call."""
        async with anyio.create_task_group() as both:

            async def until(done: Callable[[], Awaitable[object]]) -> None:
                await done()
                both.cancel_scope.cancel()

            both.start_soon(until, self._event.wait)
            both.start_soon(until, lambda: sleep(seconds))
        self._event = anyio.Event()
