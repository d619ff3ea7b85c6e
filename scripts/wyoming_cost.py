#!/usr/bin/env python3
"""What Wyoming costs: a transcription through it against the same engine called directly; and what a guest's
transcriptions cost whoever speaks in the room, with the guest's engine at the usual priority and at the low one.

Example: python scripts/wyoming_cost.py --rounds 15
"""

import argparse
import functools
import json
import statistics
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import anyio
import numpy as np
import soxr

from edge.api.wyoming.guests import humbly
from edge.api.wyoming.server import serve
from edge.app import assistant
from edge.bench.errors import BenchError
from edge.bench.free_port import free_port
from edge.bench.wyoming_client import first_sound, transcribe
from edge.chunk import RATE, Pcm
from edge.engine_thread import EngineThread
from edge.engines import local_stt, local_tts
from edge.listen.level import levelled
from edge.ports import SttEngine, TtsEngine
from edge.sections import UnderstandSettings, WyomingSettings
from edge.settings import Settings, load
from models.store import Store

_PATIENCE: Final = 5
_COMMAND: Final = "Turn on the living room lamp, please."


def main() -> None:
    """Prints one JSON object."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=15)
    given = asked.parse_args()
    with TemporaryDirectory() as folder:
        print(json.dumps(anyio.run(_measured, Path(folder), given.rounds)))


async def _measured(folder: Path, rounds: int) -> dict[str, Any]:
    settings = Settings(
        data_dir=folder,
        understand=UnderstandSettings(llm="none", semantic=False),
        wyoming=WyomingSettings(serve=True, port=free_port()),
    )
    store = Store(load().models_dir)
    stt, tts = local_stt(settings, store), local_tts(settings, store)
    pcm = _spoken(tts())
    async with assistant(settings, hears=False, sink=None, stays=False) as running, serve(running):
        sayable, port = running.sayable(), settings.wyoming.port
        async with EngineThread[SttEngine]("direct", stt) as direct, EngineThread[TtsEngine]("voice", tts) as voice:
            hear = functools.partial(direct.call, lambda engine: engine.transcribe(levelled(pcm), "en", sayable))
            await hear()
            await _loaded(functools.partial(transcribe, port, pcm, "en"))
            await _loaded(functools.partial(first_sound, port, _COMMAND))
            # In silence no engine has anything to do: what remains is the protocol.
            silence = np.zeros(2 * RATE, np.int16)
            protocol = [(await transcribe(port, silence, "en")).ms for _ in range(rounds)]
            rows = []
            for _ in range(rounds):
                begun = time.perf_counter()
                await hear()
                called = _ms(begun)
                over = (await transcribe(port, pcm, "en")).ms
                begun = time.perf_counter()
                await voice.call(lambda engine: engine.synthesize(_COMMAND))
                rows.append((called, over, _ms(begun), (await first_sound(port, _COMMAND)).ms))
            names = ("stt_direct_ms", "stt_wyoming_ms", "tts_direct_ms", "tts_wyoming_first_ms")
            figures = {
                name: round(statistics.median(column), 1)
                for name, column in zip(names, zip(*rows, strict=True), strict=True)
            }
            figures["protocol_ms"] = round(statistics.median(protocol), 1)
            figures["stt_extra_ms"] = round(statistics.median(row[1] - row[0] for row in rows), 1)
            return {**figures, **await _beside_guests(stt, hear, pcm, rounds)}


async def _loaded(ask: Callable[[], Awaitable[Any]]) -> None:
    """Ask until there is an answer: the first guest waits for the engine to load, on a busy machine for long."""
    for _ in range(_PATIENCE):
        try:
            await ask()
        except BenchError:
            continue
        return
    raise BenchError("the guests' engine does not load", "see whether the machine has anything else to do")


async def _beside_guests(
    stt: Callable[[], SttEngine], hear: Callable[[], Awaitable[Any]], pcm: Pcm, rounds: int
) -> dict[str, float]:
    """The time of a local transcription, alone and beside guests that never stop; by turns, as the machine varies."""
    times: dict[str, list[float]] = {"alone": [], "beside_equal": [], "beside_humble": []}
    long = np.tile(pcm, 3)
    with _guest(stt, long) as equal, _guest(lambda: humbly(stt), long) as humble:
        for _ in range(rounds):
            for name, busy in (("alone", None), ("beside_equal", equal), ("beside_humble", humble)):
                async with _working(busy):
                    begun = time.perf_counter()
                    await hear()
                    times[name].append(_ms(begun))
    return {f"local_stt_{name}_ms": round(statistics.median(values), 1) for name, values in times.items()}


class _Guest:
    """An engine that transcribes over and over while it may."""

    def __init__(self, build: Callable[[], SttEngine], pcm: Pcm) -> None:
        self._build, self._pcm = build, pcm
        self.may, self.idle, self.ended = threading.Event(), threading.Event(), False

    def run(self) -> None:
        engine = self._build()
        while not self.ended:
            self.idle.set()
            self.may.wait()
            self.idle.clear()
            engine.transcribe(self._pcm, "en")
        engine.close()


@contextmanager
def _guest(build: Callable[[], SttEngine], pcm: Pcm) -> Iterator["_Guest"]:
    guest = _Guest(build, pcm)
    thread = threading.Thread(target=guest.run, daemon=True)
    thread.start()
    guest.idle.wait()
    yield guest
    guest.ended = True
    guest.may.set()
    thread.join()


@asynccontextmanager
async def _working(guest: "_Guest | None") -> AsyncIterator[None]:
    if guest is None:
        yield
        return
    guest.may.set()
    await anyio.sleep(0.05)
    yield
    guest.may.clear()
    await anyio.to_thread.run_sync(guest.idle.wait)


def _spoken(voice: TtsEngine) -> Pcm:
    spoken = soxr.resample(voice.synthesize(_COMMAND).astype(np.float32), voice.rate, RATE)
    quiet = np.zeros(RATE // 3, np.int16)
    return np.concatenate([quiet, np.clip(spoken, -32768, 32767).astype(np.int16), quiet])


def _ms(begun: float) -> float:
    return (time.perf_counter() - begun) * 1000


if __name__ == "__main__":
    main()
