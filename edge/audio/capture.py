"""One run of a microphone, from opening it to losing it."""

import time
from collections.abc import Callable as Function
from typing import Any, Final

import anyio

from edge.audio.framing import Framing
from edge.audio.front_end import FrontEnd
from edge.audio.health import Symptom
from edge.audio.portaudio import Callback, PortAudio, Request
from edge.audio.ring import Ring
from edge.audio.soundclock import SoundClock
from edge.audio.stream import Stream
from edge.audio.waker import Waker
from edge.chunk import CHUNK_SECONDS, AudioChunk

STALL_S: Final = 2.0
"""Without a callback for so long, the device counts as lost."""
_LONGEST_DELAY_S: Final = 1.0


class Capture:
    """Moves sound from a device into the ring. Made, opened and closed on the event loop."""

    def __init__(self, portaudio: PortAudio, ring: Ring, front_end: FrontEnd, tell: Function[[Symptom], None]) -> None:
        """``tell`` is called in the device's thread with what has changed about the microphone."""
        self._stream = Stream(portaudio)
        self._ring = ring
        self._front_end, self._tell = front_end, tell
        self._clock = SoundClock(not_before=ring.now)
        self._first, self._over = Waker(), Waker()
        self._last_call = time.monotonic()
        self._closed = False
        self.overflows = 0
        """How often the device dropped sound because it was not taken in time."""

    @property
    def name(self) -> str:
        """The device's full name."""
        return self._stream.opened.name

    @property
    def displaced(self) -> bool:
        """Whether it ended only because the list of devices was made anew."""
        return self._stream.opened.displaced

    async def open(self, request: Request) -> None:
        """Begin. Raises AudioError."""
        await self._stream.open(request, self._callback, self._over.wake)

    async def hears(self) -> bool:
        """Whether the device delivers sound, as soon as that is known."""
        with anyio.move_on_after(STALL_S):
            await self._first.wait()
            return True
        return False

    async def lost(self) -> None:
        """Returns when the stream has ended, or when no sound has come for 2 s."""
        while time.monotonic() - self._last_call < STALL_S:
            with anyio.move_on_after(STALL_S / 4):
                await self._over.wait()
                return

    async def close(self) -> None:
        """Let the device go. From now on it writes nothing into the ring, even if it hangs and can't be closed."""
        self._closed = True
        await self._stream.close()

    def _callback(self, rate: int) -> Callback:
        """Everything here happens in the device's thread, every 20 ms, and delays its sound."""
        framing, clock, ring = Framing(rate), self._clock, self._ring
        process, tell = self._front_end.process, self._tell
        taken = given = 0
        woken = False

        def take(block: Any, frames: int, times: Any, flags: Any) -> None:
            nonlocal taken, given, woken
            if self._closed:
                return
            self._last_call = now = time.monotonic()
            delay = times.currentTime - times.inputBufferAdcTime
            if not 0 < delay < _LONGEST_DELAY_S:
                # Many drivers give no such times; the block's first sample is at least this old.
                delay = frames / rate
            if overflow := bool(flags.input_overflow):
                self.overflows += 1
            clock.observe(taken / rate, now - delay, lost=overflow)
            taken += frames
            for pcm in framing.feed(block):
                at = clock.at(given * CHUNK_SECONDS)
                ring.write(AudioChunk(process(pcm, at, tell), at))
                given += 1
            if not woken:
                woken = True
                self._first.wake()

        return take
