"""Where answers are heard: a loudspeaker, a folder of WAV files, or nowhere."""

from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Final

import anyio
import anyio.lowlevel
import numpy as np
import soxr
from anyio.to_thread import run_sync

from edge.audio.playback import Playback
from edge.audio.portaudio import PortAudio, Request
from edge.audio.reference import Reference
from edge.audio.volume import Volume
from edge.audio.wavfile import write_wav
from edge.chunk import CHUNK_SECONDS, Pcm
from edge.errors import AudioError

_LATENCY_S: Final = 0.08
"""Four blocks. With fewer, PulseAudio's ALSA plugin runs dry without end."""


class Speaker:
    """An output device. Use as an async context manager; one sound plays at a time, others wait their turn.

    The device is opened for an answer and let go when it is finished, so another program may use it in between.
    """

    def __init__(self, device: str, portaudio: PortAudio, reference: Reference | None = None) -> None:
        """``device``: a name or part of it, an index, or ``default``. It is opened by the first :meth:`play`.

        ``reference`` takes down what is heard when, for the microphone.
        """
        self._device, self._portaudio, self._reference = device, portaudio, reference
        self._volume = Volume()
        self._playback: Playback | None = None
        self._turn = anyio.Lock()

    async def __aenter__(self) -> "Speaker":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def play(self, pcm: Pcm, rate: int) -> None:
        """Returns when ``pcm`` (int16, mono, ``rate`` samples a second) has been heard, but for its last 40 ms.

        Those are left to sound while the caller prepares the next sentence. Cancelling stops the sound within 50 ms.
        Raises AudioError when the device is gone; the next call opens it again.
        """
        async with self._turn:
            playback = await self._opened(rate)
            try:
                await playback.play(pcm)
            except (AudioError, anyio.get_cancelled_exc_class()):
                await self._close()
                raise

    async def finish(self) -> None:
        """The answer is complete: returns when its last sample has been heard, and lets the device go."""
        async with self._turn:
            try:
                if self._playback is not None:
                    await self._playback.drain()
            finally:
                await self._close()

    def duck(self) -> None:
        """Speak low for a moment: somebody may be talking to us. From any thread; returns at once."""
        self._volume.duck()

    async def _opened(self, rate: int) -> Playback:
        if self._playback is not None and self._playback.usable and self._playback.rate == rate:
            return self._playback
        await self._close()
        request = Request("output", self._device, rate, CHUNK_SECONDS, _LATENCY_S)
        playback = Playback(self._portaudio, rate, self._volume, self._reference)
        try:
            await playback.open(request)
        except AudioError:
            # It may have been connected since PortAudio last looked.
            await run_sync(lambda: self._portaudio.refresh(force=True), abandon_on_cancel=True)
            playback = Playback(self._portaudio, rate, self._volume, self._reference)
            await playback.open(request)
        self._playback = playback
        return playback

    async def _close(self) -> None:
        if self._playback is not None:
            playback, self._playback = self._playback, None
            await playback.close()


class WavSink:
    """Writes each answer to a WAV file of its own, without waiting for it to sound."""

    def __init__(self, folder: Path | None) -> None:
        """``folder`` None: nothing is written."""
        self._folder = folder
        self._name = "answer"
        self._written: Counter[str] = Counter()
        self._pieces: list[Pcm] = []
        self._rate = 0

    def name(self, stem: str) -> None:
        """Files from now on are called ``stem.wav``, ``stem-2.wav``, …; an unfinished answer is dropped."""
        self._name = stem
        self._pieces.clear()

    async def play(self, pcm: Pcm, rate: int) -> None:
        """Append ``pcm``, int16 mono at ``rate``, to the answer."""
        await anyio.lowlevel.checkpoint()
        if not self._pieces:
            self._rate = rate
        self._pieces.append(pcm if rate == self._rate else soxr.resample(pcm, rate, self._rate))

    async def finish(self) -> str | None:
        """Write the answer. Returns its path, None when there was no sound or no folder. Raises AudioError."""
        pieces, self._pieces = self._pieces, []
        if self._folder is None or not pieces:
            return None
        self._written[self._name] += 1
        number = self._written[self._name]
        path = self._folder / (f"{self._name}.wav" if number == 1 else f"{self._name}-{number}.wav")
        await run_sync(write_wav, path, np.concatenate(pieces), self._rate)
        return str(path)
