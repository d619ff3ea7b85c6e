"""How loud a word was over the noise of its room."""

import numpy as np
import pytest

from edge.chunk import CHUNK_SAMPLES, CHUNK_SECONDS, RATE, AudioChunk, Pcm
from edge.wake.loudness import KEPT_CHUNKS, above_noise
from tests.sounds import Say, quiet


def chunks(pcm: Pcm) -> list[AudioChunk]:
    whole = [pcm[at : at + CHUNK_SAMPLES] for at in range(0, len(pcm) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES)]
    return [AudioChunk(piece, number * CHUNK_SECONDS) for number, piece in enumerate(whole)][-KEPT_CHUNKS:]


def heard(word: Pcm, gain: float, noise: float) -> float:
    """Two and a half seconds of noise, then the word over it."""
    room = np.random.default_rng(1).normal(0, noise, round(2.5 * RATE) + len(word) + round(0.15 * RATE))
    room[round(2.5 * RATE) : round(2.5 * RATE) + len(word)] += word * gain
    return above_noise(chunks(np.clip(room, -32768, 32767).astype(np.int16)))


@pytest.fixture(scope="module")
def word(say: Say) -> Pcm:
    return say("Alexa")


@pytest.mark.parametrize("noise", [10.0, 60.0])
def test_half_as_far_away_is_about_six_decibels_louder(word: Pcm, noise: float) -> None:
    assert heard(word, 0.5, noise) - heard(word, 0.25, noise) == pytest.approx(6.0, abs=0.5)


def test_twice_the_noise_is_six_decibels_less(word: Pcm) -> None:
    assert heard(word, 0.5, 20) - heard(word, 0.5, 40) == pytest.approx(6.0, abs=0.5)


def test_a_louder_microphone_hears_no_better(word: Pcm) -> None:
    assert heard(word, 0.4, 40) == pytest.approx(heard(word, 0.1, 10), abs=0.4)


def test_a_constant_offset_of_the_microphone_is_no_noise(word: Pcm) -> None:
    plain = np.concatenate([quiet(2.5), word])
    assert above_noise(chunks(plain + np.int16(500))) == pytest.approx(above_noise(chunks(plain)), abs=0.1)


def test_it_is_bounded_and_never_fails() -> None:
    silence = np.zeros(RATE, np.int16)
    assert above_noise(chunks(silence)) == 0.0
    assert above_noise(chunks(silence)[:1]) == 0.0
    gated = np.concatenate(
        [silence, np.full(RATE // 2, 20_000, np.int16) * np.tile([1, -1], RATE // 4).astype(np.int16)]
    )
    assert above_noise(chunks(gated)) == 60.0
