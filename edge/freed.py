"""Memory that was freed, and that the C library keeps for whoever wants some next: given back to the system.

glibc has an arena for each thread. What was freed in one of them stays with it, be it a tenth of a model that was
unpacked on the way into memory, or all that one long sentence took: without this, 60 MB after the start and 80 MB after
the sentence. Source: malloc_trim(3).
"""

import ctypes
from contextlib import suppress
from typing import Final

import anyio
from anyio.to_thread import run_sync

from edge.bus import Bus

_STILL_S: Final = 3.0
"""Without an event, so that no turn waits for it."""


def return_memory() -> None:
    """Give the system what was freed. Takes some milliseconds."""
    with suppress(AttributeError):  # other C libraries do that by themselves
        ctypes.CDLL(None).malloc_trim(0)


async def return_memory_when_still(bus: Bus) -> None:
    """Do so whenever nothing happens any more; runs until it is cancelled."""
    with bus.subscribe(listener="memory") as events:
        while True:
            await events.next()
            with anyio.move_on_after(_STILL_S) as still:
                while True:
                    await events.next()
                    still.deadline = anyio.current_time() + _STILL_S
            await run_sync(return_memory)
