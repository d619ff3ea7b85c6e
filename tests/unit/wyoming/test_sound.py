"""Any usual format of sound, made into what the runtime works on."""

import numpy as np
import pytest

from edge.chunk import RATE
from edge.wyoming.messages import SoundFormat
from edge.wyoming.sound import Incoming, chunks


def tone(rate: int, seconds: float = 0.5) -> np.ndarray:
    """440 Hz at half of full scale, float."""
    return 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(rate * seconds)) / rate)


def as_bytes(samples: np.ndarray, width: int, channels: int) -> bytes:
    scaled = {1: samples * 127 + 128, 2: samples * 32767, 4: samples * (2.0**31 - 1)}[width]
    return np.rint(scaled).astype({1: np.uint8, 2: "<i2", 4: "<i4"}[width]).repeat(channels).tobytes()


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("width", [1, 2, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_tone_is_the_same_tone_whatever_its_format(rate: int, width: int, channels: int) -> None:
    incoming = Incoming(SoundFormat(rate=rate, width=width, channels=channels))
    data, step = as_bytes(tone(rate), width, channels), 1000 * width * channels
    pieces = [incoming.take(data[at : at + step]) for at in range(0, len(data), step)]
    pcm = np.concatenate([*pieces, incoming.rest()])
    assert pcm.dtype == np.int16
    assert abs(len(pcm) - RATE // 2) < 50
    middle = pcm[2000:6000].astype(np.float64)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 * 32767 / np.sqrt(2), rel=0.02)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * RATE / len(middle) == pytest.approx(440, abs=4)


def test_channels_are_averaged() -> None:
    incoming = Incoming(SoundFormat(rate=RATE, width=2, channels=2))
    assert incoming.take(np.array([100, 300, -50, 50], "<i2").tobytes()).tolist() == [200, 0]


def test_a_sample_may_be_cut_in_two() -> None:
    """Home Assistant's /api/stt sends sound in lines, as if it were text."""
    incoming, pcm = Incoming(SoundFormat(rate=RATE, width=2, channels=1)), np.arange(-3000, 3000, dtype="<i2")
    lines = pcm.tobytes().split(b"\n")
    taken = [incoming.take(line + b"\n") for line in lines[:-1]] + [incoming.take(lines[-1])]
    assert any(len(line) % 2 == 0 for line in lines), "some end within a sample"
    assert np.array_equal(np.concatenate(taken), pcm)


def test_what_goes_out_comes_in_again() -> None:
    pcm = np.arange(-2000, 2000, dtype=np.int16)
    incoming = Incoming(SoundFormat(rate=RATE, width=2, channels=1))
    assert np.array_equal(np.concatenate([incoming.take(event.payload or b"") for event in chunks(pcm, RATE)]), pcm)
