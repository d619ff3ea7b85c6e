"""What a Wyoming client asks of a speech server, timed: https://github.com/OHF-Voice/wyoming."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import anyio
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.tts import Synthesize
from wyoming.wake import Detect, Detection, NotDetected

from edge.bench.errors import BenchError
from edge.bench.process import Measured
from edge.chunk import RATE, Pcm

HOST: Final = "127.0.0.1"
_CHUNK: Final = 1024
"""Samples in a chunk, as Home Assistant sends them."""
_WAKE_CHUNK: Final = 1280
"""Samples in a chunk for wake words: openWakeWord works in steps of 80 ms."""
_START_S: Final = 180.0
_ANSWER_S: Final = 30.0
_ASK_AGAIN_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server heard in one clip, or the first sound it gave."""

    text: str
    ms: float
    """From the last chunk, or the request, to the answer."""


async def ready(server: Measured, port: int) -> float:
    """Wait until ``server`` describes itself on ``port``. Returns seconds since its start. Raises BenchError."""
    with anyio.move_on_after(_START_S):
        while server.running:
            try:
                async with AsyncTcpClient(HOST, port) as client:
                    await client.write_event(Describe().event())
                    await _next(client, Info.is_type)
                    return server.age_s
            except (OSError, BenchError):
                await anyio.sleep(_ASK_AGAIN_S)
        await server.over()
        raise server.failure("ended")
    raise server.failure(f"was not ready after {_START_S:.0f} s")


async def transcribe(port: int, pcm: Pcm, language: str) -> Answer:
    """Send ``pcm`` (int16, 16 kHz) as one command, at once. Raises BenchError."""
    async with AsyncTcpClient(HOST, port) as client:
        await client.write_event(Transcribe(language=language).event())
        await _send(client, pcm, _CHUNK)
        begun = time.perf_counter()
        await client.write_event(AudioStop().event())
        transcript = Transcript.from_event(await _next(client, Transcript.is_type))
        return Answer(transcript.text.strip(), _ms_since(begun))


async def detect(port: int, pcm: Pcm, word: str) -> bool:
    """Stream ``pcm`` at the speed of sound; whether ``word`` was heard in it. Raises BenchError."""
    async with AsyncTcpClient(HOST, port) as client:
        await client.write_event(Detect(names=[word]).event())
        heard = asyncio.ensure_future(_next(client, lambda kind: Detection.is_type(kind) or NotDetected.is_type(kind)))
        try:
            await _send(client, pcm, _WAKE_CHUNK, listening=heard)
            await client.write_event(AudioStop().event())
            return Detection.is_type((await heard).type)
        finally:
            heard.cancel()


async def first_sound(port: int, text: str) -> Answer:
    """Have ``text`` spoken; the time to the first samples of it. Raises BenchError."""
    async with AsyncTcpClient(HOST, port) as client:
        begun = time.perf_counter()
        await client.write_event(Synthesize(text=text).event())
        await _next(client, AudioChunk.is_type)
        answer = Answer(text, _ms_since(begun))
        await _next(client, AudioStop.is_type)
        return answer


async def _send(client: AsyncTcpClient, pcm: Pcm, size: int, listening: "asyncio.Future[Event] | None" = None) -> None:
    """At once, or at the speed of sound until ``listening`` has its answer."""
    begun = time.monotonic()
    await client.write_event(AudioStart(rate=RATE, width=2, channels=1).event())
    for at in range(0, len(pcm), size):
        piece = pcm[at : at + size]
        if listening is not None:
            if listening.done():
                return
            await anyio.sleep(max(0.0, begun + (at + len(piece)) / RATE - time.monotonic()))
        await client.write_event(AudioChunk(rate=RATE, width=2, channels=1, audio=piece.tobytes()).event())


async def _next(client: AsyncTcpClient, wanted: Callable[[str], bool]) -> Event:
    with anyio.move_on_after(_ANSWER_S):
        while (event := await client.read_event()) is not None:
            if wanted(event.type):
                return event
        raise BenchError("a Wyoming server closed the connection without an answer", "see its log")
    raise BenchError(f"a Wyoming server gave no answer in {_ANSWER_S:.0f} s", "see its log")


def _ms_since(begun: float) -> float:
    return (time.perf_counter() - begun) * 1000
