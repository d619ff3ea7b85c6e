"""The gate before the wake models: closed in a quiet room, open for a word however loud the room is."""

import time

import numpy as np
import pytest

from edge.chunk import CHUNK_SAMPLES, RATE, Pcm
from edge.wake.gate import Gate
from edge.wake.micro import build
from models.store import Store
from tests.sounds import Say


def hiss(seconds: float, level: float) -> Pcm:
    return np.random.default_rng(3).normal(0, level, round(seconds * RATE)).astype(np.int16)


def opened(gate: Gate, pcm: Pcm) -> float:
    """The share of ``pcm`` for which it was open."""
    chunks = pcm[: len(pcm) // CHUNK_SAMPLES * CHUNK_SAMPLES].reshape(-1, CHUNK_SAMPLES)
    return float(np.mean([gate.feed(chunk) for chunk in chunks]))


@pytest.mark.parametrize("level", [0.0, 5.0, 50.0, 1000.0])
def test_a_room_that_only_hums_is_quiet_however_loud(level: float) -> None:
    gate = Gate()
    opened(gate, hiss(4.0, level))
    assert opened(gate, hiss(10.0, level)) < 0.02


@pytest.mark.parametrize("level", [0.0, 50.0, 500.0])
def test_a_word_opens_it_and_it_closes_again(say: Say, level: float) -> None:
    gate = Gate()
    opened(gate, hiss(5.0, level))
    word = say("Alexa!")
    # As loud as the noise around it.
    assert opened(gate, word + hiss(len(word) / RATE + 0.01, level)[: len(word)]) > 0.8
    assert opened(gate, hiss(5.0, level)) < 0.4


def test_a_fan_that_is_switched_on_is_part_of_the_room_soon() -> None:
    gate = Gate()
    opened(gate, hiss(4.0, 20.0))
    assert opened(gate, hiss(2.0, 800.0)) > 0.9
    opened(gate, hiss(4.0, 800.0))
    assert opened(gate, hiss(4.0, 800.0)) < 0.05


def test_a_word_after_a_long_quiet_scores_as_high_as_at_once(say: Say, store: Store) -> None:
    engine = build(("alexa",), store.root)

    def peak(lead_s: float) -> float:
        engine.reset()
        sound = np.concatenate([hiss(lead_s, 10.0), say("Alexa!"), hiss(1.0, 10.0)])
        chunks = sound[: len(sound) // CHUNK_SAMPLES * CHUNK_SAMPLES].reshape(-1, CHUNK_SAMPLES)
        return max(engine.score(chunk).get("alexa", 0.0) for chunk in chunks)

    assert peak(30.0) > 0.9
    assert peak(30.0) > peak(1.5) - 0.05
    engine.close()


def test_quiet_costs_a_fraction_of_speech(say: Say, store: Store) -> None:
    engine = build(("okay_nabu", "hey_jarvis", "alexa", "hey_mycroft"), store.root)
    speech = np.tile(say("The quick brown fox jumps over the lazy dog."), 4)[: 8 * RATE]
    quiet = hiss(len(speech) / RATE, 10.0)
    spent = []
    for sound in (quiet, speech):
        engine.reset()
        for chunk in hiss(3.0, 10.0).reshape(-1, CHUNK_SAMPLES):
            engine.score(chunk)
        begun = time.thread_time()
        for chunk in sound[: len(sound) // CHUNK_SAMPLES * CHUNK_SAMPLES].reshape(-1, CHUNK_SAMPLES):
            engine.score(chunk)
        spent.append(time.thread_time() - begun)
    assert spent[0] < spent[1] / 3
    engine.close()
