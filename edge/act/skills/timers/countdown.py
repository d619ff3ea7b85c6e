"""All timers as they run: in memory on the clock of elapsed time, on disk by the time of day.

A timer runs by elapsed time, so that a wall clock that is put right in between makes it ring neither early nor late.
Only over a restart there is nothing but the wall clock to go by. Where that shows less than it has shown before (a
board without a battery boots in 1970), what was left when it was last written down is counted on, until the clock is
right again and tells how long the power was off.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import anyio

from edge.act.skills.timers.store import Kept, TimerStore
from edge.act.skills.timers.timer import Timer
from edge.act.timekeeping import STEP_S, Alert, Time, WallClockWatch

SAVED_EVERY_S: Final = 60.0
_PLAUSIBLE: Final = 1_704_067_200.0
"""2024-01-01: a clock that shows less has not been set yet."""


@dataclass(frozen=True, slots=True)
class _Doubtful:
    """What is known of a timer while the wall clock can't be believed."""

    due: float
    seen: float


class Countdowns:
    """Every change is on disk before it is seen in memory."""

    def __init__(self, store: TimerStore, time: Time) -> None:
        self._store, self._time = store, time
        self._timers: dict[str, Timer] = {}
        self._doubtful: dict[str, _Doubtful] = {}
        self._watch = WallClockWatch(time)
        self._loading = anyio.Lock()
        self._loaded = False
        self._saved = time.elapsed()
        self.changed = Alert()
        """Set by every change."""

    async def load(self) -> None:
        """Read what was kept, once. Raises StorageError."""
        async with self._loading:
            if not self._loaded:
                for kept in await self._store.load():
                    self._timers[kept.timer.id] = self._resumed(kept)
                self._loaded = True

    def all(self) -> Sequence[Timer]:
        """The next to end first, paused ones last."""
        return sorted(self._timers.values(), key=lambda timer: (timer.ends is None, timer.ends or timer.left_s))

    def get(self) -> Mapping[str, Timer]:
        """By id."""
        return self._timers

    def left(self, timer: Timer) -> float:
        """Seconds until it is over."""
        return timer.left(self._time.elapsed())

    def ago(self, timer: Timer) -> float:
        """Seconds since it was over."""
        return max(0.0, self._time.elapsed() - timer.ends) if timer.ends is not None else 0.0

    async def start(self, timer: Timer) -> None:
        """It runs from now on for ``left_s``. Raises StorageError."""
        await self._put([replace(timer, ends=self._time.elapsed() + timer.left_s)])

    async def pause(self, timers: Sequence[Timer]) -> Sequence[Timer]:
        """They stand still. Raises StorageError."""
        return await self._put([replace(timer, ends=None, left_s=self.left(timer)) for timer in timers])

    async def resume(self, timers: Sequence[Timer]) -> Sequence[Timer]:
        """They go on. Raises StorageError."""
        elapsed = self._time.elapsed()
        return await self._put([replace(timer, ends=elapsed + timer.left_s) for timer in timers])

    async def rename(self, timer: Timer, name: str | None) -> Timer:
        """It is called otherwise. Raises StorageError."""
        return (await self._put([replace(timer, name=name)]))[0]

    async def change(self, timer: Timer, seconds: float) -> Timer:
        """Its rest is ``seconds`` longer, or shorter if that is negative. Raises StorageError."""
        left = max(0.0, self.left(timer) + seconds)
        ends = None if timer.ends is None else self._time.elapsed() + left
        return (await self._put([replace(timer, ends=ends, left_s=left)]))[0]

    async def remove(self, timers: Sequence[Timer]) -> None:
        """They are over. Raises StorageError."""
        await self._store.remove(timers)
        for timer in timers:
            self._timers.pop(timer.id, None)
            self._doubtful.pop(timer.id, None)
        self.changed.set()

    async def mind_the_clock(self) -> None:
        """Keep what is on disk right; to be called now and then. Raises StorageError."""
        stepped = self._watch.stepped()
        if stepped:
            self._believe()
        running = [t for t in self._timers.values() if t.ends is not None and t.id not in self._doubtful]
        if running and (stepped or self._time.elapsed() - self._saved > SAVED_EVERY_S):
            await self._save(running)

    def _believe(self) -> None:
        """Those that ran on what was last known, now that the clock is right."""
        now, elapsed = self._time.now().timestamp(), self._time.elapsed()
        for ident, doubt in list(self._doubtful.items()):
            if now >= doubt.seen - STEP_S:
                self._timers[ident] = replace(self._timers[ident], ends=elapsed + doubt.due - now)
                del self._doubtful[ident]

    def _resumed(self, kept: Kept) -> Timer:
        if kept.due is None:
            return kept.timer
        now, elapsed = self._time.now().timestamp(), self._time.elapsed()
        if now < kept.seen - STEP_S:
            self._doubtful[kept.timer.id] = _Doubtful(kept.due, kept.seen)
        if now < kept.seen - STEP_S or kept.seen < _PLAUSIBLE:
            now = kept.seen
        return replace(kept.timer, ends=elapsed + kept.due - now)

    async def _put(self, timers: Sequence[Timer]) -> Sequence[Timer]:
        await self._save(timers)
        for timer in timers:
            self._timers[timer.id] = timer
            self._doubtful.pop(timer.id, None)
        self.changed.set()
        return timers

    async def _save(self, timers: Sequence[Timer]) -> None:
        self._saved = self._time.elapsed()
        await self._store.save(timers, self._saved, self._time.now().timestamp())
