"""What unloading each engine gives back of memory, and how soon it is there again: ``python -m edge.bench.unloading``.

In this process, with ears and voice, on the demo house's broker. Each engine is unloaded by itself, and called back by
what needs it; the disk is warm.
"""

import gc
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import anyio
import numpy as np
import psutil
from anyio.to_thread import run_sync

from edge.app import assistant
from edge.assistant import Assistant
from edge.audio.speaker import WavSink
from edge.bench.footprint import SENTENCES
from edge.chunk import RATE
from edge.engine_thread import EngineThread
from edge.errors import AssistantError
from edge.heap import return_memory
from edge.home.demo import demo_home
from edge.settings import Settings

_TIMES: Final = 3
_SETTLE_S: Final = 5.0


async def _measure() -> None:
    with tempfile.TemporaryDirectory(prefix="hearth-unloading-") as folder:
        async with demo_home() as home:
            settings = Settings()
            broker = {"host": home.host, "port": home.port, "tls": False, "username": None}
            mqtt = settings.mqtt.model_copy(update=broker)
            settings = settings.model_copy(update={"mqtt": mqtt, "data_dir": Path(folder)})
            async with assistant(settings, hears=True, sink=WavSink(None)) as running:
                await running.house.settled(_SETTLE_S)
                await running.ready()
                for text in SENTENCES:
                    await running.ask(text)
                gc.collect()
                gc.freeze()
                for engine in running.unloadable:
                    await _one(engine, _needs(running, engine.name))


def _needs(running: Assistant, engine: str) -> Callable[[], Awaitable[object]]:
    """What calls that engine, as a turn would."""
    if engine == "stt":
        return lambda: running.hear(np.zeros(RATE, np.int16))
    if engine == "tts":
        return lambda: running.say("Ready.")
    # Each is asked by a sentence that nothing before it knows.
    return lambda: running.ask(SENTENCES[0])


async def _one(engine: EngineThread[Any], need: Callable[[], Awaitable[object]]) -> None:
    for _ in range(_TIMES):
        await need()
        warm = await _seconds(need)
        before = _resident_mb()
        if not await engine.unload(0.0):
            print(f"{engine.name}: it was not loaded")
            return
        await run_sync(return_memory)
        without = _resident_mb()
        back: list[float] = []
        engine.on_reloaded = back.append
        took = await _seconds(need)
        print(
            f"{engine.name}: {before:.0f} MiB resident, {without:.0f} without it; loaded again in {back[0]:.2f} s; "
            f"what needed it took {took:.2f} s, else {warm:.2f} s; {_resident_mb():.0f} MiB then",
            flush=True,
        )


async def _seconds(need: Callable[[], Awaitable[object]]) -> float:
    begun = time.perf_counter()
    await need()
    return time.perf_counter() - begun


def _resident_mb() -> float:
    return float(psutil.Process().memory_info().rss) / (1 << 20)


if __name__ == "__main__":
    try:
        anyio.run(_measure)
    except AssistantError as error:
        sys.exit(f"hearth: {error}")
