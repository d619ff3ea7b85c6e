"""A recording in place of the microphone."""

import asyncio
import threading
import time
from types import TracebackType

import numpy as np

from edge.audio.ring import Ring
from edge.chunk import CHUNK_SAMPLES, CHUNK_SECONDS, RATE, AudioChunk, Pcm

TAIL_S = 2.0
"""Quiet after a recording, so that the end of its last sentence can be noticed."""


class Replay:
    """Writes a recording into a ring from a thread, then closes the ring. Use as an async context manager."""

    def __init__(self, pcm: Pcm, ring: Ring, *, realtime: bool = False, tail_s: float = TAIL_S) -> None:
        """``pcm``: int16, 16 kHz; its chunks carry their position. ``tail_s``: seconds of quiet that follow.

        ``realtime`` False is as fast as the readers are: the ring should be lossless then. Begins when somebody reads.
        """
        self._pcm, self._ring, self._realtime = _padded(pcm, tail_s), ring, realtime
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._write, name="replay", daemon=True)

    async def __aenter__(self) -> "Replay":
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._ring.close()
        await asyncio.shield(asyncio.to_thread(self._thread.join))

    def _write(self) -> None:
        self._ring.wait_for_reader()
        begun = time.monotonic()
        for number in range(len(self._pcm) // CHUNK_SAMPLES):
            chunk = AudioChunk(self._pcm[number * CHUNK_SAMPLES : (number + 1) * CHUNK_SAMPLES], number * CHUNK_SECONDS)
            if self._realtime:
                # A microphone too has 20 ms only once they are over.
                self._stopped.wait(begun + chunk.end - time.monotonic())
            if self._stopped.is_set():
                break
            self._ring.write(chunk)
        self._ring.close()


def _padded(pcm: Pcm, tail_s: float) -> Pcm:
    """``pcm`` and the quiet after it, in whole chunks."""
    wanted = len(pcm) + round(tail_s * RATE)
    return np.concatenate([pcm, np.zeros(wanted + -wanted % CHUNK_SAMPLES - len(pcm), np.int16)])
