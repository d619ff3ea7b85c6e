"""The second opinion on a wake word."""

import time
from pathlib import Path

import numpy as np
import pytest

from edge.chunk import CHUNK_SAMPLES, CHUNK_SECONDS, AudioChunk, Pcm
from edge.wake import verify
from edge.wake.detector import Detection, Detector
from edge.wake.micro import build
from edge.wake.verify import Verifier
from edge.wake.watch import Wake, Watch
from models.store import Store
from tests.sounds import Say, quiet


@pytest.fixture(scope="module")
def verifier(store: Store) -> Verifier:
    return verify.build(store.require("speech-embedding"))


def wakes(sound: Pcm, thresholds: dict[str, float], verifier: Verifier | None) -> list[Wake]:
    engine = build(list(thresholds), Path())
    watch = Watch(engine, Detector(thresholds, 1.0), verifier)
    sound = sound[: len(sound) // CHUNK_SAMPLES * CHUNK_SAMPLES]
    found = [
        watch.feed(AudioChunk(pcm, number * CHUNK_SECONDS))
        for number, pcm in enumerate(sound.reshape(-1, CHUNK_SAMPLES))
    ]
    engine.close()
    return [wake for wake in found if wake is not None]


def test_the_word_is_confirmed_and_other_speech_is_not(verifier: Verifier, say: Say) -> None:
    word = np.concatenate([quiet(1.0), say("Alexa!"), quiet(0.1)])
    assert verifier.confirms(Detection("alexa", 0.7, 0.0), word)
    for text in ("Please close the blinds.", "I'll ask her.", "Electric.", "A lecture."):
        assert not verifier.confirms(Detection("alexa", 0.7, 0.0), np.concatenate([quiet(1.0), say(text), quiet(0.1)]))


def test_little_sound_before_the_word_is_enough(verifier: Verifier, say: Say) -> None:
    assert verifier.confirms(Detection("alexa", 0.7, 0.0), np.concatenate([say("Alexa!"), quiet(0.1)]))


@pytest.mark.parametrize(("first", "confirmed"), [(0.999, True), (0.0002, False)])
def test_the_surer_one_model_is_the_less_is_asked_of_the_other(
    verifier: Verifier, say: Say, first: float, confirmed: bool
) -> None:
    word = np.concatenate([quiet(1.0), say("Alexa!"), quiet(0.1)])
    assert 0.01 < verifier.score("alexa", word) < 0.999
    assert verifier.confirms(Detection("alexa", first, 0.0), word) is confirmed


def test_a_word_that_it_does_not_know_is_taken_as_it_is(verifier: Verifier) -> None:
    assert verifier.confirms(Detection("hey_lantern", 0.7, 0.0), quiet(1.0))


def test_it_is_asked_in_the_stream(verifier: Verifier, say: Say) -> None:
    word = np.concatenate([quiet(1.0), say("Alexa!"), quiet(1.0)])
    assert len(wakes(word, {"alexa": 0.3}, verifier)) == 1


class Refusing(Verifier):
    """Refuses everything until it was asked a number of times."""

    def __init__(self, times: int) -> None:
        self.left = times

    def confirms(self, detection: Detection, recorded: Pcm) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.mark.parametrize(("times", "woken"), [(0, 1), (2, 1), (1000, 0)])
def test_it_is_asked_again_while_the_word_scores(say: Say, times: int, woken: int) -> None:
    word = np.concatenate([quiet(1.0), say("Alexa!"), quiet(1.5)])
    assert len(wakes(word, {"alexa": 0.5}, Refusing(times))) == woken


def test_it_takes_no_time_that_anybody_would_notice(verifier: Verifier, say: Say) -> None:
    word = np.concatenate([quiet(1.0), say("Alexa!")])
    taken: list[float] = []
    for _ in range(10):
        begun = time.thread_time()
        verifier.score("alexa", word)
        taken.append(time.thread_time() - begun)
    assert float(np.median(taken)) < 0.1
