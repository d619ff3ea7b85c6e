"""One run of a loudspeaker: a stream that stays open between the sentences of an answer."""

import time
from typing import Any, Final

import anyio
import numpy as np
import soxr

from edge.audio.portaudio import Callback, PortAudio, Request
from edge.audio.reference import Reference, Track
from edge.audio.stream import Stream
from edge.audio.volume import Volume
from edge.audio.waker import Waker
from edge.chunk import Pcm
from edge.errors import AudioError

HANDOVER_S: Final = 0.04
"""A sound counts as played this much before its end is heard, so that the next one follows without a gap."""
_STALL_S: Final = 2.0


class Playback:
    """Plays one sound at a time and silence in between. Made, opened and closed on the event loop."""

    def __init__(self, portaudio: PortAudio, rate: int, volume: Volume, reference: Reference | None) -> None:
        """``rate``: samples per second of the sounds to come. ``reference`` takes down what is heard when."""
        self._stream = Stream(portaudio)
        self._volume, self._reference = volume, reference
        self.rate = rate
        self._sound: Pcm = np.zeros(0, np.int16)
        self._taken = 0
        self._heard_at = 0.0
        self._last_call = time.monotonic()
        self._over = False
        self._changed = Waker()

    @property
    def usable(self) -> bool:
        """Whether the stream still runs."""
        return self._stream.device is not None and not self._over and time.monotonic() - self._last_call < _STALL_S

    async def open(self, request: Request) -> None:
        """Begin with silence. Raises AudioError."""
        await self._stream.open(request, self._callback, self._finished)

    async def play(self, pcm: Pcm) -> None:
        """Returns when ``pcm`` (int16, at ``rate``) has been heard, but for its last 40 ms. Raises AudioError."""
        device = self._stream.opened
        sound = pcm if device.rate == self.rate else _resampled(pcm, self.rate, device.rate)
        self._changed = Waker()
        self._taken = 0
        # Last, for from here on the callback takes it.
        self._sound = sound
        while self._taken < len(sound):
            if not self.usable:
                raise AudioError(f"the loudspeaker {device.name!r} is gone", "connect it again")
            with anyio.move_on_after(_STALL_S / 4):
                await self._changed.wait()
        await anyio.sleep(max(0.0, self._heard_at - HANDOVER_S - time.monotonic()))

    async def drain(self) -> None:
        """Returns when the last sample has been heard."""
        await anyio.sleep(max(0.0, self._heard_at - time.monotonic()))

    async def close(self) -> None:
        """Stop at once, dropping what the device still holds."""
        self._sound = self._sound[:0]
        await self._stream.close()

    def _finished(self) -> None:
        self._over = True
        self._changed.wake()

    def _callback(self, rate: int) -> Callback:
        """Everything here happens in the device's thread, every 20 ms."""
        track = None if self._reference is None else Track(self._reference, rate)

        def give(block: Any, frames: int, times: Any, flags: Any) -> None:
            self._last_call = now = time.monotonic()
            sound, begin = self._sound, self._taken
            piece = sound[begin : begin + frames]
            block[: len(piece)] = self._volume.applied(piece, rate)[:, np.newaxis]
            block[len(piece) :] = 0
            heard_at = now + max(0.0, times.outputBufferDacTime - times.currentTime)
            if track is not None:
                track.write(block[:, 0], heard_at)
            if not len(piece):
                return
            self._taken = begin + len(piece)
            if self._taken == len(sound):
                self._heard_at = heard_at + len(piece) / rate
                self._changed.wake()

        return give


def _resampled(pcm: Pcm, rate: int, wanted: int) -> Pcm:
    resampled: Pcm = soxr.resample(pcm, rate, wanted)
    return resampled
