"""Sound as it comes over Wyoming, made into what the runtime works on."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import soxr
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event

from edge.chunk import RATE, Pcm
from edge.wyoming.messages import SoundFormat

_SAMPLES: Final = 1024
"""In a chunk that goes out, as Home Assistant sends them."""
_FULL_SCALE: Final = 32768.0


class Incoming:
    """A stream of sound, chunk after chunk."""

    def __init__(self, form: SoundFormat, rate: int = RATE) -> None:
        """``rate``: samples per second of what comes out."""
        self.form = form
        self._cut = b""
        self._ready = (form.rate, form.width, form.channels) == (rate, 2, 1)
        self._resampler = None if form.rate == rate else soxr.ResampleStream(form.rate, rate, 1, dtype="float32")

    def take(self, payload: bytes) -> Pcm:
        """The next samples, int16, mono."""
        # Home Assistant passes on what is posted to it line by line, so that a chunk may end within a sample.
        payload = self._cut + payload
        whole = len(payload) - len(payload) % (self.form.width * self.form.channels)
        payload, self._cut = payload[:whole], payload[whole:]
        return np.frombuffer(payload, "<i2") if self._ready else self._converted(self._mono(payload))

    def rest(self) -> Pcm:
        """What the resampler still holds, at the end."""
        return self._converted(np.zeros(0, np.float32), last=True) if self._resampler else np.zeros(0, np.int16)

    def _mono(self, payload: bytes) -> npt.NDArray[np.float32]:
        """Channels averaged, ±1."""
        samples = _scaled(payload, self.form.width)
        mono: npt.NDArray[np.float32] = samples.reshape(-1, self.form.channels).mean(axis=1)
        return mono

    def _converted(self, samples: npt.NDArray[np.float32], *, last: bool = False) -> Pcm:
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples, last=last)
        pcm: Pcm = np.clip(np.rint(samples * _FULL_SCALE), -32768, 32767).astype(np.int16)
        return pcm


def _scaled(payload: bytes, width: int) -> npt.NDArray[np.float32]:
    match width:
        case 1:
            return (np.frombuffer(payload, np.uint8).astype(np.float32) - np.float32(128)) / np.float32(128)
        case 2:
            return np.frombuffer(payload, "<i2").astype(np.float32) / np.float32(_FULL_SCALE)
        case _:
            return np.frombuffer(payload, "<i4").astype(np.float32) / np.float32(2**31)


def chunks(pcm: Pcm, rate: int) -> Iterator[Event]:
    """``pcm`` (int16, mono) as ``audio-chunk`` events."""
    for at in range(0, len(pcm), _SAMPLES):
        audio = pcm[at : at + _SAMPLES].astype("<i2").tobytes()
        yield AudioChunk(rate=rate, width=2, channels=1, audio=audio).event()


def started(rate: int) -> Event:
    """What comes before the chunks."""
    return AudioStart(rate=rate, width=2, channels=1).event()


def stopped() -> Event:
    """What comes after them."""
    return AudioStop().event()
