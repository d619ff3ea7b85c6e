"""systemd's watchdog, fed by what really goes on.

A beat is due every few seconds. It is given by a thread that looks at everything else, and only while the event loop
turns and every engine thread comes to the end of what it does; else systemd is told at once to start the assistant
anew. Where the process stands still as a whole, that thread does too, and systemd misses its beat. What stands still
is told within seconds, what goes on is given time: that a board is slow is no reason to start it anew. Nor is a
microphone or a bridge that is away: what waits for it does nothing, and nothing is stuck.
"""

import asyncio
import faulthandler
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final

import anyio

from cloud_sync.notify import BEATS, stretch_watch, tell_systemd, watch_s
from edge.engine_thread import Work, work_in_hand
from edge.patience import Patience
from edge.standstill import Standstill

_log = logging.getLogger("hearth")

LOOK_S: Final = 1.0
"""Between two looks at what is to be said of it; at the threads it looks twice as often."""
LIMITS_S: Final[Mapping[str, float]] = MappingProxyType(
    {
        "wake": 15.0,  # of sound that it has not even begun to take; on a busy board it takes it late, but it takes it
        "vad": 10.0,  # a window takes a millisecond
        "stt": 60.0,  # thirty seconds of speech, on the slowest board, several at once
        "llm": 90.0,  # a long prompt on the slowest board; whoever asked has given up long before
        "database": 120.0,  # a disk that is full of errors answers late, and erasing rewrites the file
    }
)
"""By engine: seconds after which what it does will not come to an end any more, though it goes on."""
USUAL_LIMIT_S: Final = 30.0
STILL_LIMIT_S: Final = 3.0
"""For what has nothing to wait for and stands still: an engine that computes, an event loop that was asked something. A
loop that goes on, and does not answer, has as long as systemd would wait.
"""
_OVER_S: Final = 0.2
BUILD_LIMIT_S: Final = 300.0
"""For loading a model, from a slow card into little memory."""


def stuck(
    works: Iterable[Work],
    limits: Mapping[str, float] = LIMITS_S,
    still_s: Callable[[int], float] = lambda thread: 0.0,
) -> Work | None:
    """The engine that will not come back; None: all go on. ``still_s``: for how long a thread has stood still."""
    return next((work for work in works if _is_stuck(work, limits, still_s)), None)


def _is_stuck(work: Work, limits: Mapping[str, float], still_s: Callable[[int], float]) -> bool:
    if work.builds:
        return work.for_s > BUILD_LIMIT_S
    # To look costs a little, and most works are over by then.
    if work.computes and work.for_s > _OVER_S and min(work.for_s, still_s(work.thread)) > STILL_LIMIT_S:
        return True
    return work.for_s > limits.get(work.name, USUAL_LIMIT_S)


async def keep_watch(
    status: Callable[[], str],
    limits: Mapping[str, float] = LIMITS_S,
    every_s: float = LOOK_S,
    patience: Patience | None = None,
) -> None:
    """Have systemd given its beats, and ``status`` in words when that has changed, until cancelled; look every
    ``every_s``. ``patience``: how much sooner than the unit says systemd is to miss a beat; None: no sooner.

    Returns when something is stuck, systemd having been told to act at once; where systemd does not watch, it only
    tells ``status``. From now on, what systemd ends because it hangs leaves the stacks of all its threads in the log.
    """
    unit_s = watch_s()
    if unit_s is None:
        await _keep_telling(status, every_s, lambda: False)
        return
    # The stacks name functions and lines, no values: nothing of what was said.
    faulthandler.enable()
    watch = _Watch(asyncio.get_running_loop(), unit_s, limits, patience)
    with watch.looking(every_s / 2):
        await _keep_telling(status, min(every_s, unit_s), lambda: watch.told)


async def _keep_telling(status: Callable[[], str], every_s: float, over: Callable[[], bool]) -> None:
    told = ""
    while not over():
        if (now := status()) != told:
            tell_systemd(f"STATUS={now}")
            told = now
        await anyio.sleep(every_s)


class _Watch:
    """Looks, in a thread of its own."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, unit_s: float, limits: Mapping[str, float], patience: Patience | None
    ) -> None:
        """To be made in the thread that runs ``loop``. ``unit_s``: how long systemd waits for a beat by itself."""
        self.told = False
        """Something is stuck, and systemd knows."""
        self._pulse, self._loop_still = _Pulse(loop), Standstill(threading.get_native_id(), alone=True)
        self._unit_s, self._limits, self._patience = unit_s, limits, patience
        self._waits_s = unit_s
        # Always at the quickest pace that it may take: a word to systemd can be lost, and so can the one for more time.
        self._pace_s = (unit_s if patience is None else min(unit_s, patience.shortest_s)) / BEATS
        self._still: dict[int, Standstill] = {}

    @contextmanager
    def looking(self, every_s: float) -> Iterator[None]:
        """As long as the block lasts. After it systemd waits as long as the unit says."""
        over = threading.Event()
        thread = threading.Thread(target=self._look_on, args=(every_s, over), name="watchdog", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            if not self.told:
                self._have_it_wait(self._unit_s)

    def _look_on(self, every_s: float, over: threading.Event) -> None:
        looked, pause_s, beaten = time.monotonic(), 0.0, float("-inf")
        while not over.wait(pause_s):
            now = time.monotonic()
            late_s = max(0.0, now - looked - pause_s)
            if late_s > every_s:
                # No processor, or stopped: for how long the others have stood still by themselves is not known.
                self._still.clear()
                self._pulse.begin_anew(now)
            works = work_in_hand()
            if (what := self._stuck(works, now)) is not None:
                self._tell(what)
                return
            if self._patience is not None:
                builds = any(work.builds for work in works)
                self._have_it_wait(self._patience.seconds(now, self._unit_s, late_s, builds=builds))
            looked, pause_s = now, min(every_s, self._pace_s)
            # A look that comes a little early must not leave the beat to the next one.
            if now - beaten > self._pace_s - pause_s:
                tell_systemd("WATCHDOG=1")
                beaten = now

    def _stuck(self, works: Sequence[Work], now: float) -> str | None:
        def still_s(thread: int) -> float:
            return self._still.setdefault(thread, Standstill(thread)).for_s(now)

        silent_s = self._pulse.silent_s(now)
        if min(silent_s, self._loop_still.for_s(now)) > STILL_LIMIT_S or silent_s > self._unit_s:
            return f"the event loop is stuck since {silent_s:.0f} s"
        if (work := stuck(works, self._limits, still_s)) is not None:
            return f"the engine {work.name!r} is stuck since {work.for_s:.0f} s"
        return None

    def _have_it_wait(self, seconds: float) -> None:
        if seconds != self._waits_s:
            stretch_watch(seconds)
            self._waits_s = seconds

    def _tell(self, what: str) -> None:
        _log.critical("%s: asking for a restart", what)
        tell_systemd(f"STATUS={what}")
        # It would see by itself that no more beats come: nobody is helped by waiting for that.
        tell_systemd("WATCHDOG=trigger")
        self.told = True


class _Pulse:
    """Of the event loop, which is asked again and again to answer."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._asked_at = 0.0
        self._answered = True

    def silent_s(self, now: float) -> float:
        """For how long it has not answered by ``now``."""
        if self._answered:
            self._answered, self._asked_at = False, now
            self._loop.call_soon_threadsafe(self._answer)
        return now - self._asked_at

    def begin_anew(self, now: float) -> None:
        """It had no chance to answer before ``now``."""
        self._asked_at = now

    def _answer(self) -> None:
        self._answered = True
