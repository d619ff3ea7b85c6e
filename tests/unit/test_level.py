"""Utterances of any loudness, as recognisers like them."""

import numpy as np
import pytest

from edge.chunk import RATE, Pcm
from edge.listen.level import NOMINAL_DBFS, gain_db, levelled, speech_dbfs
from tests.sounds import Say


def at(pcm: Pcm, dbfs: float) -> Pcm:
    level = speech_dbfs(pcm)
    assert level is not None
    return np.clip(np.round(pcm * 10 ** ((dbfs - level) / 20)), -32768, 32767).astype(np.int16)


@pytest.mark.parametrize(
    ("dbfs", "after"), [(-60, -26), (-45, -26), (-33, -26), (-31, -31), (-26, -26), (-21, -21), (-14, -26)]
)
def test_speech_comes_near_the_nominal_level(say: Say, dbfs: float, after: float) -> None:
    assert speech_dbfs(levelled(at(say("Turn on the kitchen light."), dbfs))) == pytest.approx(after, abs=1.5)


def test_quiet_around_the_words_does_not_count(say: Say) -> None:
    spoken = say("Turn on the kitchen light.")
    surrounded = np.concatenate([np.zeros(3 * RATE, np.int16), spoken, np.zeros(3 * RATE, np.int16)])
    assert speech_dbfs(surrounded) == pytest.approx(speech_dbfs(spoken), abs=0.5)


def test_a_click_in_quiet_speech_limits_the_gain(say: Say) -> None:
    quiet = at(say("Turn on the kitchen light."), -50)
    quiet[100] = 30_000
    assert np.abs(levelled(quiet)).max() <= 32_000


@pytest.mark.parametrize("pcm", [np.zeros(0, np.int16), np.zeros(100, np.int16), np.zeros(RATE, np.int16)])
def test_nothing_stays_nothing(pcm: Pcm) -> None:
    assert gain_db(pcm) == 0.0
    assert np.array_equal(levelled(pcm), pcm)


def test_one_bit_of_noise_is_not_made_loud() -> None:
    pcm = np.random.default_rng(0).integers(0, 2, RATE).astype(np.int16)
    assert speech_dbfs(levelled(pcm)) < NOMINAL_DBFS - 20
