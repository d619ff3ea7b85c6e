"""Where answers are heard: the loudspeaker, and a file in its place."""

import asyncio
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np
import soxr

from edge.audio.portaudio import PortAudio
from edge.audio.wavfile import write_wav
from edge.chunk import Pcm
from edge.errors import AudioError

_BLOCK_S: Final = 0.02
_STALL_S: Final = 2.0
"""A stream that takes no sound for that long has lost its device."""


class Speaker:
    """A PortAudio device. The stream stays open between the sentences of an answer, so they join without a gap."""

    def __init__(self, device: str, portaudio: PortAudio) -> None:
        """``device``: a name or part of it, an index, or ``default``. It is opened by the first :meth:`play`."""
        self._device = device
        self._portaudio = portaudio
        self._stream: Any = None
        self._queue = _Queue()

    async def __aenter__(self) -> "Speaker":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self._close)

    async def play(self, pcm: Pcm, rate: int) -> None:
        """Returns when ``pcm`` (int16, mono) has been played; cancelling stops the sound within 50 ms.

        Raises AudioError when the device is gone or there is none; the next call opens it anew.
        """
        if self._stream is not None and not self._portaudio.is_open(self._stream):
            self._close()
        if self._stream is None:
            await asyncio.to_thread(self._open)
        device_rate = int(self._stream.samplerate)
        sound = pcm if rate == device_rate else soxr.resample(pcm, rate, device_rate)
        try:
            await self._played(sound)
        except AudioError:
            await asyncio.to_thread(self._close)
            raise
        finally:
            self._queue.clear()

    async def finish(self) -> str | None:
        """The answer is complete; nothing is recorded."""
        return None

    async def _played(self, sound: Pcm) -> None:
        self._queue.put(sound)
        left, patience = self._queue.left, _STALL_S
        while left:
            await asyncio.sleep(_BLOCK_S)
            now = self._queue.left
            patience = _STALL_S if now < left else patience - _BLOCK_S
            left = now
            if patience <= 0 or not self._portaudio.is_open(self._stream):
                raise AudioError(f"the loudspeaker {self._device} stopped taking sound", "plug it in again")
        # What the queue gave away last is still in the device's own buffer.
        await asyncio.sleep(self._stream.latency)

    def _open(self) -> None:
        self._stream = self._portaudio.open(self._device, "output", _BLOCK_S, self._fill)

    def _close(self) -> None:
        if self._stream is not None:
            self._portaudio.close(self._stream)
            self._stream = None

    def _fill(self, out: Any, frames: int, time: object, status: object) -> None:
        """PortAudio's callback; ``out``: int16, shape (frames, 1)."""
        out[:, 0] = self._queue.take(frames)


class _Queue:
    """Samples on their way to the device."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sound: Pcm = np.zeros(0, np.int16)
        self._stop = False

    @property
    def left(self) -> int:
        with self._lock:
            return len(self._sound)

    def put(self, sound: Pcm) -> None:
        with self._lock:
            self._sound, self._stop = np.concatenate([self._sound, sound]), False

    def clear(self) -> None:
        """Fall silent, by a fade in the next block rather than with a click."""
        with self._lock:
            self._stop = True

    def take(self, frames: int) -> Pcm:
        """The next ``frames`` samples, filled up with silence."""
        with self._lock:
            block, self._sound = self._sound[:frames], self._sound[frames:]
            if self._stop:
                self._sound = self._sound[:0]
                block = (block * np.linspace(1.0, 0.0, len(block))).astype(np.int16)
        return np.pad(block, (0, frames - len(block)))


class WavSink:
    """Answers as WAV files in ``folder``; None keeps none. Takes no time."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._stem = "answer"
        self._number = 0
        self._pieces: list[Pcm] = []
        self._rate = 0

    def name(self, stem: str) -> None:
        """The next answers are called ``stem.wav``, ``stem-2.wav``, …"""
        self._stem = stem
        self._number = 0

    async def play(self, pcm: Pcm, rate: int) -> None:
        """Keep ``pcm`` (int16, mono) as the next piece of the answer."""
        self._pieces.append(pcm)
        self._rate = rate

    async def finish(self) -> str | None:
        """Write the answer and return its path. Raises AudioError when it can't be written."""
        pieces, self._pieces = self._pieces, []
        if self._folder is None or not pieces:
            return None
        self._number += 1
        path = self._folder / (f"{self._stem}.wav" if self._number == 1 else f"{self._stem}-{self._number}.wav")
        write_wav(path, np.concatenate(pieces), self._rate)
        return str(path)
