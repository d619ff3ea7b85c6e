"""systemd's watchdog, fed by what really goes on.

A beat is due every few seconds. It is given by the event loop, so a loop that hangs gives none; and only while every
engine thread comes to the end of what it does, so a native call that never returns is a missed beat too, and systemd
starts the assistant anew. A loop that hangs while the rest of the process goes on is told of by a thread that watches
it, before systemd would miss the beat. A microphone or a bridge that is away is no reason: what waits for it does
nothing, and nothing is stuck.
"""

import faulthandler
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final

import anyio

from cloud_sync.notify import beat_s, tell_systemd
from edge.engine_thread import Work, work_in_hand

_log = logging.getLogger("hearth")

LOOK_S: Final = 1.0
"""Between two looks at the threads; a beat, which wakes systemd, is given less often."""
LIMITS_S: Final[Mapping[str, float]] = MappingProxyType(
    {
        "wake": 3.0,  # of sound that it has not even begun to take; on a busy board it takes it late, but it takes it
        "vad": 10.0,  # a window takes a millisecond
        "stt": 60.0,  # thirty seconds of speech, on the slowest board, several at once
        "llm": 90.0,  # a long prompt on the slowest board; whoever asked has given up long before
        "database": 120.0,  # a disk that is full of errors answers late, and erasing rewrites the file
    }
)
"""By engine: seconds after which what it does will not come to an end any more."""
USUAL_LIMIT_S: Final = 30.0
LOOP_LIMIT_S: Final = 4.0
"""After which the event loop is stuck that neither turns nor computes."""
_LOOP_LOOK_S: Final = 0.5
_AT_WORK: Final = 0.02
"""A loop that uses more of a core than this is busy, however long it takes: only systemd's own limit ends that."""
BUILD_LIMIT_S: Final = 300.0
"""For loading a model, from a slow card into little memory."""


def stuck(works: Iterable[Work], limits: Mapping[str, float] = LIMITS_S) -> Work | None:
    """The engine that will not come back; None: all go on."""
    return next((work for work in works if work.for_s > _limit(work, limits)), None)


def _limit(work: Work, limits: Mapping[str, float]) -> float:
    return BUILD_LIMIT_S if work.builds else limits.get(work.name, USUAL_LIMIT_S)


async def keep_watch(
    status: Callable[[], str], limits: Mapping[str, float] = LIMITS_S, every_s: float = LOOK_S
) -> None:
    """Give systemd its beats, and ``status`` in words when that has changed, until cancelled; look every ``every_s``.

    Returns when an engine is stuck, having told systemd to act at once; where systemd does not watch, it only tells
    ``status``. On SIGABRT, by which systemd ends what hangs, the stacks of all threads are in the log from now on.
    """
    beat = beat_s()
    if beat is None:
        await _keep_beat(status, limits, every_s, None, lambda: None)
        return
    # The stacks name functions and lines, no values: nothing of what was said.
    faulthandler.enable()
    with watched_loop() as turned:
        await _keep_beat(status, limits, every_s, beat, turned)


async def _keep_beat(
    status: Callable[[], str],
    limits: Mapping[str, float],
    every_s: float,
    beat: float | None,
    turned: Callable[[], None],
) -> None:
    look_s = every_s if beat is None else min(every_s, beat)
    told, beaten = "", float("-inf")
    while True:
        turned()
        if beat is not None and (work := stuck(work_in_hand(), limits)) is not None:
            _tell_of(work)
            return
        if (now := status()) != told:
            tell_systemd(f"STATUS={now}")
            told = now
        # A look that comes a little early must not leave the beat to the next one.
        if beat is not None and time.monotonic() - beaten > beat - look_s:
            tell_systemd("WATCHDOG=1")
            beaten = time.monotonic()
        await anyio.sleep(look_s)


@contextmanager
def watched_loop(limit_s: float = LOOP_LIMIT_S) -> Iterator[Callable[[], None]]:
    """For the thread that runs the event loop: gives what it is to call at least every second. Where it does not for
    ``limit_s``, and does not compute either, systemd is told to act at once.

    A process that gets no processor, or is stopped, is not taken for a loop that hangs: then the watching thread comes
    late itself, and begins to count anew.
    """
    clock = time.pthread_getcpuclockid(threading.get_ident())
    turns, over = [0], threading.Event()

    def turned() -> None:
        turns[0] += 1

    def watch() -> None:
        seen, since, spent = -1, 0.0, 0.0
        looked = time.monotonic()
        while not over.wait(_LOOP_LOOK_S):
            now, computed = time.monotonic(), time.clock_gettime(clock)
            busy = computed - spent > _AT_WORK * (now - since)
            if turns[0] != seen or now - looked > 2 * _LOOP_LOOK_S or (busy and now - since > _LOOP_LOOK_S):
                seen, since, spent = turns[0], now, computed
            elif now - since > limit_s:
                _tell(f"the event loop is stuck since {now - since:.0f} s")
                return
            looked = now

    thread = threading.Thread(target=watch, name="watchdog", daemon=True)
    thread.start()
    try:
        yield turned
    finally:
        over.set()
        thread.join()


def _tell_of(work: Work) -> None:
    _tell(f"the engine {work.name!r} is stuck since {work.for_s:.0f} s")


def _tell(what: str) -> None:
    _log.critical("%s: asking for a restart", what)
    tell_systemd(f"STATUS={what}")
    # It would see within its WatchdogSec that no more beats come: nobody is helped by waiting for that.
    tell_systemd("WATCHDOG=trigger")
