"""The microphone: a PortAudio device that fills the ring, and is found again when it was unplugged."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final

import anyio
import anyio.to_thread
import numpy as np
import soxr

from edge.audio.portaudio import PortAudio
from edge.audio.ring import Ring
from edge.chunk import CHUNK_SAMPLES, CHUNK_SECONDS, RATE, AudioChunk, Pcm
from edge.errors import AudioError

_CHECK_S: Final = 0.25
_SILENT_S: Final = 2.0
"""A device that calls back no more for that long is gone, even if PortAudio has not noticed."""
_RETRY_S: Final = 1.0
_DRIFT_S: Final = 0.2
"""The clock of the chunks is set anew when it is off by more: the device has dropped sound."""

Report = Callable[[AudioError | None], None]


class Microphone:
    """An async context manager: entering opens the device, and raises AudioError if it can't be opened."""

    def __init__(self, device: str, ring: Ring, portaudio: PortAudio, report: Report) -> None:
        """``device``: a name or part of it, an index, or ``default``.

        ``report`` is told when the device is lost (the error) and when it is back (None).
        """
        self._device, self._ring, self._portaudio, self._report = device, ring, portaudio, report
        self._stream: Any = None
        self._framing = Framing(RATE)
        self._heard_at = 0.0
        self._tasks = anyio.create_task_group()

    async def __aenter__(self) -> "Microphone":
        await anyio.to_thread.run_sync(self._open)
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._watch)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tasks.cancel_scope.cancel()
        await self._tasks.__aexit__(kind, error, trace)
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._close)

    async def _watch(self) -> None:
        while True:
            await anyio.sleep(_CHECK_S)
            silent = time.monotonic() - self._heard_at > _SILENT_S
            if silent or not self._portaudio.is_open(self._stream):
                await self._recover()

    async def _recover(self) -> None:
        self._report(AudioError(f"the microphone {self._device} is gone", "plug it in again; looking for it"))
        await anyio.to_thread.run_sync(self._close)
        while True:
            try:
                await anyio.to_thread.run_sync(self._portaudio.refresh)
                await anyio.to_thread.run_sync(self._open)
            except AudioError:
                await anyio.sleep(_RETRY_S)
            else:
                self._report(None)
                return

    def _open(self) -> None:
        self._heard_at = time.monotonic()
        self._stream = self._portaudio.open(self._device, "input", CHUNK_SECONDS, self._take, RATE)
        self._framing = Framing(round(self._stream.samplerate))

    def _close(self) -> None:
        if self._stream is not None:
            self._portaudio.close(self._stream)
            self._stream = None

    def _take(self, sound: Any, frames: int, times: Any, status: object) -> None:
        """PortAudio's callback; ``sound``: int16, shape (frames, 1)."""
        self._heard_at = now = time.monotonic()
        waited = times.currentTime - times.inputBufferAdcTime
        # Some hosts give no times at all; then the block ended just now.
        length = frames / self._framing.rate
        begun = now - (waited if length <= waited < 1.0 else length)
        for chunk in self._framing.add(sound[:, 0], begun):
            self._ring.write(chunk)


class Framing:
    """Blocks of a device's rate and size to chunks of 16 kHz and 20 ms, on one clock without gaps."""

    def __init__(self, rate: int) -> None:
        """``rate``: the device's samples per second."""
        self.rate = rate
        self._resampler = None if rate == RATE else soxr.ResampleStream(rate, RATE, 1, dtype="int16")
        self._pending: Pcm = np.zeros(0, np.int16)
        self._at: float | None = None

    def add(self, block: Pcm, at: float) -> list[AudioChunk]:
        """``block``: int16, shape (n,), at the device's rate, that began at ``at`` seconds. Returns whole chunks."""
        # PortAudio reuses the block's memory, so the sound is copied in any case.
        sound = block.copy() if self._resampler is None else self._resampler.resample_chunk(block)
        begun = at - len(self._pending) / RATE
        if self._at is None or abs(begun - self._at) > _DRIFT_S:
            self._at = begun
        self._pending = np.concatenate([self._pending, sound])
        chunks = []
        while len(self._pending) >= CHUNK_SAMPLES:
            chunks.append(AudioChunk(self._pending[:CHUNK_SAMPLES], self._at))
            self._pending = self._pending[CHUNK_SAMPLES:]
            self._at += CHUNK_SECONDS
        return chunks
