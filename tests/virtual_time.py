"""Time that passes when a test says so."""

import asyncio
import datetime
from collections.abc import Callable
from typing import Any

import anyio
import anyio.lowlevel

from edge.engine_thread import EngineThread

_submit = EngineThread.submit
_in_threads: set[asyncio.Future[Any]] = set()
"""Work of databases and voices that is not done yet."""


def _followed(thread: EngineThread[Any], work: Callable[..., Any], *args: Any, **kwargs: Any) -> asyncio.Future[Any]:
    future = _submit(thread, work, *args, **kwargs)
    _in_threads.add(future)
    future.add_done_callback(_in_threads.discard)
    return future


EngineThread.submit = _followed  # type: ignore[method-assign]


class VirtualTime:
    """The wall clock, the time that has passed, and sleep, of one machine."""

    def __init__(self, now: datetime.datetime) -> None:
        """``now``: aware; what its clock shows, and the time zone it stands in."""
        self.wall = now
        self.passed = 0.0
        self._changed = anyio.Event()

    def now(self) -> datetime.datetime:
        """What the clock shows."""
        return self.wall

    def elapsed(self) -> float:
        """Seconds that have really passed."""
        return self.passed

    async def sleep(self, seconds: float) -> None:
        """Returns when so many seconds have passed."""
        until = self.passed + seconds
        while self.passed < until - 1e-9:
            await self._changed.wait()

    def set_clock(self, now: datetime.datetime) -> None:
        """Somebody puts the clock right, or wrong; no time passes."""
        self.wall = now

    async def advance(self, seconds: float, step: float = 1.0) -> None:
        """Let ``seconds`` pass; whoever slept goes on in between."""
        left = seconds
        while left > 1e-9:
            piece = min(step, left)
            left -= piece
            self.passed += piece
            zone = self.wall.tzinfo
            self.wall = (self.wall.astimezone(datetime.UTC) + datetime.timedelta(seconds=piece)).astimezone(zone)
            changed, self._changed = self._changed, anyio.Event()
            changed.set()
            await settle()
        await settle()


async def settle() -> None:
    """Let every task do what it can do now, and wait for what they gave threads to do: a busy machine takes its time."""
    await _let_all_go_on()
    while working := [future for future in _in_threads if future.get_loop() is asyncio.get_running_loop()]:
        await asyncio.wait(working)
        await _let_all_go_on()
    await anyio.sleep(0.002)
    await _let_all_go_on()


async def _let_all_go_on() -> None:
    for _ in range(20):
        await anyio.lowlevel.checkpoint()
