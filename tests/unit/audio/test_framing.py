"""Blocks of any rate, size and number of channels to 20 ms at 16 kHz."""

import numpy as np
import pytest

from edge.audio.framing import Framing
from edge.chunk import CHUNK_SAMPLES, RATE


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("block", [64, 441, 960])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_a_tone_stays_itself_and_in_its_place(rate: int, block: int, channels: int) -> None:
    framing = Framing(rate)
    tone = (9000 * np.sin(2 * np.pi * 500 * np.arange(2 * rate) / rate)).astype(np.int16)
    frames = np.zeros((len(tone), channels), np.int16)
    frames[:, 0] = tone
    # The other channels are of no concern.
    frames[:, 1:] = -tone[:, None]
    chunks = [pcm for begin in range(0, len(frames), block) for pcm in framing.feed(frames[begin : begin + block])]
    assert all(pcm.shape == (CHUNK_SAMPLES,) and pcm.dtype == np.int16 for pcm in chunks)
    heard = np.concatenate(chunks)
    assert len(heard) > 1.9 * RATE
    wanted = 9000 * np.sin(2 * np.pi * 500 * np.arange(len(heard)) / RATE)
    assert np.abs(heard - wanted)[800:].max() < 60


def test_chunks_are_copies_of_memory_that_the_device_reuses() -> None:
    block = np.ones((CHUNK_SAMPLES, 1), np.int16)
    chunks = Framing(RATE).feed(block)
    block[:] = 7
    assert [pcm.tolist() for pcm in chunks] == [[1] * CHUNK_SAMPLES]
