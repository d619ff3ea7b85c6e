"""The way of the product from sound to transcript, clip by clip: voice activity, endpoint, recogniser, grammar."""

import functools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

import anyio
import numpy as np

from edge import plugins
from edge.chunk import CHUNK_SAMPLES, CHUNK_SECONDS, RATE, AudioChunk, Pcm
from edge.engine_thread import EngineThread
from edge.engines import endpoint_rules, stt_engine, stt_model
from edge.intents import Transcript
from edge.listen.listen import Listener, Utterance
from edge.ports import Sayable, SttEngine, VadEngine
from edge.settings import Settings
from models.store import Store

_TAIL_S: Final = 2.0
"""Quiet after a clip, in which its end must be noticed."""


_PATIENT_S: Final = 60.0


@dataclass(slots=True)
class Stopwatch:
    """How long a recogniser has worked in all."""

    spent_ms: float = 0.0


class Timed:
    """An engine whose work is timed."""

    def __init__(self, engine: SttEngine, stopwatch: "Stopwatch") -> None:
        self._engine, self._stopwatch = engine, stopwatch

    def transcribe(self, pcm: Pcm, language: str | None, sayable: Sayable | None = None) -> Transcript:
        begun = time.perf_counter()
        try:
            return self._engine.transcribe(pcm, language, sayable)
        finally:
            self._stopwatch.spent_ms += (time.perf_counter() - begun) * 1000

    def prepare(self, sayable: Sayable) -> None:
        self._engine.prepare(sayable)

    def close(self) -> None:
        self._engine.close()


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of one clip."""

    utterance: Utterance
    compute_ms: float
    """Everything that the recogniser did for it, guesses that were withdrawn included."""
    waited_ms: float
    """Real time from the decision that it was over to its transcript."""


class Ears:
    """The listening half of the assistant."""

    def __init__(self, listener: Listener, stt: EngineThread[SttEngine], stopwatch: Stopwatch) -> None:
        self._listener, self._stt, self._stopwatch = listener, stt, stopwatch

    async def hear(self, pcm: Pcm, *, realtime: bool = False) -> Heard:
        """Listen to ``pcm`` (int16, 16 kHz), then quiet.

        At the speed of speech if ``realtime``; else as fast as it goes, with a recogniser that seems to take no time.
        """
        before = self._stopwatch.spent_ms
        utterance = await self._listener.listen(self._sound(pcm, realtime), lambda progress: None)
        # Guesses that were withdrawn may still be at work.
        await self._stt.ready()
        return Heard(utterance, self._stopwatch.spent_ms - before, utterance.stt_ms)

    async def _sound(self, pcm: Pcm, realtime: bool) -> AsyncIterator[AudioChunk]:
        padded = np.concatenate([pcm, np.zeros(round(_TAIL_S * RATE), np.int16)])
        begun = time.monotonic()
        for number in range(len(padded) // CHUNK_SAMPLES):
            chunk = AudioChunk(padded[number * CHUNK_SAMPLES :][:CHUNK_SAMPLES], number * CHUNK_SECONDS)
            if realtime:
                await anyio.sleep(max(0.0, begun + chunk.end - time.monotonic()))
            else:
                # The queue is in order: when this comes back, every guess is there.
                await self._stt.ready()
            yield chunk


@asynccontextmanager
async def ears(settings: Settings, sayable: Callable[[], Sayable | None]) -> AsyncIterator[Ears]:
    """The engines that ``settings`` name, loaded. ``sayable``: what can be said. Raises ModelError."""
    store = Store(settings.models_dir)
    model = store.require(stt_model(settings))
    build_stt = functools.partial(plugins.load("stt", stt_engine(settings)), model, settings.stt.threads)
    stopwatch = Stopwatch()
    silero = store.require("silero-vad") / "silero_vad_v6.onnx"
    build_vad = functools.partial(plugins.load("vad", settings.listen.vad), silero)
    async with (
        EngineThread[SttEngine]("stt", lambda: Timed(build_stt(), stopwatch)) as stt,
        EngineThread[VadEngine]("vad", build_vad) as vad,
    ):
        # Recordings may begin with a long quiet, which says nothing.
        rules = replace(endpoint_rules(settings), no_speech_s=_PATIENT_S)
        listener = Listener(vad, stt, rules, settings.understand.language, sayable)
        await listener.ready()
        yield Ears(listener, stt, stopwatch)
