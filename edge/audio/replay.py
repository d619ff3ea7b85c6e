"""A recording in place of the microphone."""

import threading
import time
from types import TracebackType
from typing import Final

import numpy as np

from edge.audio.ring import Ring
from edge.chunk import CHUNK_SAMPLES, RATE, AudioChunk, Pcm

TAIL_S: Final = 2.0
"""Quiet after the recording, so that the end of its last sentence can be told."""


class Replay:
    """Writes ``pcm`` (int16, 16 kHz) to ``ring`` from a thread: at full speed into a lossless ring, or in real time.

    An async context manager; leaving it closes the ring. Chunks carry their position in the recording.
    """

    def __init__(self, pcm: Pcm, ring: Ring, *, realtime: bool = False, tail_s: float = TAIL_S) -> None:
        quiet = np.zeros(round(tail_s * RATE) + -len(pcm) % CHUNK_SAMPLES, np.int16)
        self._pcm = np.concatenate([pcm, quiet])
        self._ring = ring
        self._realtime = realtime
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="replay", daemon=True)

    async def __aenter__(self) -> "Replay":
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._ring.close()

    def _run(self) -> None:
        begun = time.monotonic()
        for start in range(0, len(self._pcm) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES):
            chunk = AudioChunk(self._pcm[start : start + CHUNK_SAMPLES], start / RATE)
            if self._realtime:
                # A microphone, too, hands a chunk over when its last sample has been heard.
                self._stop.wait(max(0.0, begun + chunk.end - time.monotonic()))
            if self._stop.is_set():
                return
            self._ring.write(chunk)
        self._ring.close()
