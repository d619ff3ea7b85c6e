"""Engines for other machines: of their own, so that no guest is ever in the way of whoever speaks in this room.

Each is loaded when it is first asked for, in a thread of low priority. Its workers inherit that, so when both want the
processor, the scheduler gives the local engines ten times as much of it. Nice values are those of sched(7).
"""

import functools
import os
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final, Generic, TypeVar

from edge.engine_thread import EngineThread
from edge.ports import Closeable

E = TypeVar("E", bound=Closeable)

_NICE: Final = 10


class Guest(Generic[E]):
    """An engine that is there once somebody wants it."""

    def __init__(self, name: str, build: Callable[[], E], stack: AsyncExitStack) -> None:
        """``stack``: on which it is closed."""
        self._thread = EngineThread[E](name, functools.partial(humbly, build))
        self._stack, self._begun = stack, False

    async def thread(self) -> EngineThread[E]:
        """Its thread, in which it may still be loading."""
        if not self._begun:
            self._begun = True
            await self._stack.enter_async_context(self._thread)
        return self._thread


def humbly(build: Callable[[], E]) -> E:
    """What ``build`` gives, made and, by this thread, used with a lower priority."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
    return build()
