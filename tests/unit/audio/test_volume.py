"""The answer, lowered for a moment, in virtual time."""

import numpy as np
import pytest

from edge.audio.volume import DUCKED, Volume
from edge.chunk import Pcm

RATE = 48_000
BLOCK: Pcm = np.full(RATE // 50, 10_000, np.int16)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_answer_is_lowered_at_once_without_a_click_and_comes_back() -> None:
    clock = Clock()
    volume = Volume(clock)
    blocks = [volume.applied(BLOCK, RATE)]
    volume.duck()
    for number in range(1, 60):
        clock.now = number * 0.02
        blocks.append(volume.applied(BLOCK, RATE))
    heard = np.concatenate(blocks)
    assert np.array_equal(blocks[0], BLOCK)
    assert blocks[2].tolist() == [round(10_000 * DUCKED)] * len(BLOCK)
    assert np.array_equal(blocks[-1], BLOCK)
    # 15 dB in 20 ms are 0.2 % a sample.
    assert np.abs(np.diff(heard.astype(int))).max() < 10_000 * 0.0025
    lowered = np.flatnonzero(heard < 9_000)
    assert (lowered[-1] - lowered[0]) / RATE == pytest.approx(1.0, abs=0.05)


def test_a_suspicion_that_lasts_keeps_it_low() -> None:
    clock = Clock()
    volume = Volume(clock)
    for number in range(200):
        clock.now = number * 0.02
        volume.duck()
        last = volume.applied(BLOCK, RATE)
    assert last.max() == round(10_000 * DUCKED)


def test_nothing_to_play_is_nothing() -> None:
    volume = Volume(Clock())
    volume.duck()
    assert len(volume.applied(BLOCK[:0], RATE)) == 0
