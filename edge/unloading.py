"""Engines that nobody has needed for long are let go while memory is short, the least missed first.

Whoever calls one then has it built anew (:mod:`edge.engine_thread`). Those that a spoken command needs are called back
as soon as a turn begins (:mod:`edge.session.precedence`).
"""

import asyncio
import functools
import logging
import os
import time
from collections.abc import Sequence
from typing import Any, Final

import anyio
from anyio.to_thread import run_sync

from edge.bus import Bus
from edge.engine_thread import EngineThread
from edge.events import EngineReloaded, EngineUnloaded
from edge.heap import return_memory
from edge.pressure import Pressure, memory_pressure

_log = logging.getLogger(__name__)
_EFFECT_S: Final = 2.0
"""Until the kernel's figures show what became of it: another one goes only after that."""


class Unloading:
    """Of one assistant's engines."""

    def __init__(self, engines: Sequence[EngineThread[Any]], bus: Bus, rested_s: float) -> None:
        """``engines``: those that may go, the least missed first; after ``rested_s`` seconds without a call."""
        self._engines, self._bus, self._rested_s = engines, bus, rested_s

    async def serve(self) -> None:
        """Runs until it is cancelled; returns where nothing tells of memory, or none is ever to go."""
        if not self._rested_s:
            return
        async with memory_pressure(os.environ) as pressure:
            if pressure is not None:
                await self.follow(pressure)

    async def follow(self, pressure: Pressure, effect_s: float = _EFFECT_S) -> None:
        """Let go, one at a time, as long as ``pressure`` says that memory is short."""
        loop = asyncio.get_running_loop()

        def tell(engine: str, took_s: float) -> None:
            loop.call_soon_threadsafe(self._is_back, engine, took_s)

        for each in self._engines:
            each.on_reloaded = functools.partial(tell, each.name)
        while True:
            await pressure.short()
            await self.relieve()
            await anyio.sleep(effect_s)

    async def relieve(self) -> bool:
        """Let one go. Returns whether there was one."""
        for engine in self._engines:
            if await engine.unload(self._rested_s):
                await run_sync(return_memory)
                _log.info("memory is short: %s is unloaded until it is needed", engine.name)
                self._bus.emit(EngineUnloaded(turn="", at=time.monotonic(), engine=engine.name))
                return True
        return False

    def _is_back(self, engine: str, took_s: float) -> None:
        _log.info("%s is back after %.2f s", engine, took_s)
        self._bus.emit(EngineReloaded(turn="", at=time.monotonic(), engine=engine, ms=took_s * 1000))
