"""How the C library deals with memory: what was freed goes back to the system, and is not kept for whoever wants some.

glibc has an arena for each thread. What was freed in one of them stays with it, be it what was unpacked on a model's
way into memory, or all that one long sentence took: some 90 MB after the start, and 80 MB after the sentence, without
what is here (docs/boards.md). Sources: mallopt(3), malloc_trim(3). Other C libraries know nothing of it.
"""

import ctypes
import resource
from contextlib import suppress
from pathlib import Path
from typing import Final

import anyio
from anyio.to_thread import run_sync

from edge.bus import Bus

_STILL_S: Final = 3.0
"""Without an event, so that no turn waits for it."""


_WORTH_MB: Final = 32.0
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_ARENA_MAX: Final = -8
"""``M_TRIM_THRESHOLD``, ``M_MMAP_THRESHOLD`` and ``M_ARENA_MAX`` of ``malloc.h``."""
_ARENAS: Final = 2
"""For all threads: of some twenty, few allocate anything while another does, and what each has an arena for lies idle
in it.
"""
_APART: Final = 256 << 10
_TOGETHER: Final = 32 << 20
"""Bytes: glibc's own bounds, between which it otherwise moves by itself."""


def begin_loading() -> None:
    """From now on whatever is large, as weights are, has pages of its own, which go when it is freed. Called before
    there is any other thread.
    """
    _set(_ARENA_MAX, _ARENAS)
    _set(_MMAP_THRESHOLD, _APART)


def end_loading() -> None:
    """Everything is loaded: what is wanted again and again, as an engine's work is, comes out of the arenas, which is
    quicker. What nobody wants any more is given back.
    """
    _set(_MMAP_THRESHOLD, _TOGETHER)
    _set(_TRIM_THRESHOLD, 2 * _TOGETHER)
    return_memory()


def _set(what: int, value: int) -> None:
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(what, value)


def return_memory() -> None:
    """Give the system what was freed. Takes some milliseconds."""
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


class _Mallinfo2(ctypes.Structure):
    """``struct mallinfo2``, mallinfo(3); bytes, of all arenas together."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    )  # fmt: skip


def in_use() -> int | None:
    """Bytes that libraries have asked the C library for and not given back, however much of the freed it keeps. None
    where it does not tell: glibc does since 2.33. What Python's small objects lie in is not among them.
    """
    try:
        ask = ctypes.CDLL(None).mallinfo2
    except AttributeError:
        return None
    ask.restype = _Mallinfo2
    told = ask()
    return int(told.uordblks + told.hblkhd)


async def return_memory_when_still(bus: Bus, worth_mb: float = _WORTH_MB) -> None:
    """Do so when nothing happens any more, where that gives back more than ``worth_mb``; runs until it is cancelled.

    What a usual sentence takes, the next one takes again: it costs 2 of 43 ms of a transcription to get it anew, and 20
    of 140 ms of a spoken sentence.
    """
    least = 0.0
    with bus.subscribe(listener="memory") as events:
        while True:
            await events.next()
            with anyio.move_on_after(_STILL_S) as still:
                while True:
                    await events.next()
                    still.deadline = anyio.current_time() + _STILL_S
            if _resident_mb() - least > worth_mb:
                await run_sync(return_memory)
                least = _resident_mb()


def _resident_mb() -> float:
    """MiB; the second field of ``/proc/self/statm``, proc(5)."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / (1 << 20)
