"""A wake engine sleeps in a quiet room, and misses nothing."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from edge.chunk import CHUNK_SAMPLES, Pcm
from edge.ports import WakeWord
from edge.wake.micro import build
from edge.wake.quiet import DozingEngine, Loudness
from tests.sounds import Say, quiet


class Heard:
    """An engine that only counts what it is given."""

    def __init__(self) -> None:
        self.samples = 0

    @property
    def words(self) -> Mapping[str, WakeWord]:
        return {"alexa": WakeWord(0.9)}

    def score(self, pcm: Pcm) -> Mapping[str, float]:
        self.samples += len(pcm)
        return {}

    def reset(self) -> None:
        self.samples = 0

    def close(self) -> None:
        pass


def share_heard(sound: Pcm) -> float:
    """How much of ``sound``, after its first three seconds, the engine got."""
    engine = Heard()
    dozing = DozingEngine(engine)
    for at in range(0, len(sound), CHUNK_SAMPLES):
        if at == 3 * 16000:
            engine.samples = 0
        dozing.score(sound[at : at + CHUNK_SAMPLES])
    return engine.samples / (len(sound) - 3 * 16000)


@pytest.mark.parametrize(
    ("sound", "heard"),
    [
        (np.zeros(20 * 16000, np.int16), 0.0),
        (quiet(20.0), 0.0),
        (quiet(20.0, level=60.0) + 500, 0.0),
        # Loud noise may hide a word.
        (quiet(20.0, level=600.0), 1.0),
    ],
)
def test_only_quiet_is_slept_through(sound: Pcm, heard: float) -> None:
    assert share_heard(sound) == pytest.approx(heard, abs=0.01)


def test_after_the_room_became_a_little_louder_it_is_quiet_again() -> None:
    assert share_heard(np.concatenate([quiet(5.0, level=8.0), quiet(30.0, level=40.0)])) < 0.5


@pytest.mark.parametrize("softer", [1, 30, 100])
def test_a_word_out_of_the_quiet_is_scored_as_without_sleep(say: Say, softer: int) -> None:
    sound = np.concatenate([quiet(6.0), say("Alexa!") // softer + quiet(len(say("Alexa!")) / 16000), quiet(1.0)])
    peaks = []
    for engine in (build(["alexa"], Path()), DozingEngine(build(["alexa"], Path()))):
        chunks = [sound[at : at + CHUNK_SAMPLES] for at in range(0, len(sound), CHUNK_SAMPLES)]
        peaks.append(max(engine.score(chunk).get("alexa", 0.0) for chunk in chunks))
        engine.close()
    assert peaks[1] == pytest.approx(peaks[0], abs=0.05)


def test_loudness_needs_no_memory_of_the_past_to_begin_awake() -> None:
    assert Loudness().stirs(np.zeros(CHUNK_SAMPLES, np.int16))
