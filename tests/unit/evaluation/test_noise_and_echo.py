"""What the tables of docs/noise.md rest on, with words that Piper speaks."""

from pathlib import Path

import numpy as np
import pytest

from edge.audio.denoise_webrtc import build as webrtc
from edge.audio.wavfile import write_wav
from edge.chunk import RATE
from edge.evaluation.clips import Clip
from edge.evaluation.echo import Remedy, erle_db, woken
from edge.evaluation.mixing import Noise
from edge.evaluation.noise import Treated, surrounded, wakes
from edge.evaluation.room import Room
from edge.ports import WakeEngine
from edge.wake.micro import build
from tests.sounds import Say, quiet

ANSWER = "The kitchen light is on, and the temperature outside is eleven degrees. The front door is locked."


@pytest.fixture
def engine() -> WakeEngine:
    return build(["alexa"], Path())


@pytest.fixture
def word(say: Say, tmp_path: Path) -> Clip:
    pcm = say("Alexa!")
    write_wav(tmp_path / "alexa.wav", pcm, RATE)
    return Clip(tmp_path / "alexa.wav", "alexa.wav", "wake", len(pcm) / RATE)


@pytest.mark.parametrize(("remedy", "share"), [("nothing", 0.0), ("cancel", 1.0), ("person alone", 1.0)])
def test_a_wake_word_is_heard_in_our_own_voice_where_that_is_taken_out(
    say: Say, engine: WakeEngine, word: Clip, remedy: Remedy, share: float
) -> None:
    assert woken(engine, "alexa", [word], say(ANSWER), 0.0, remedy) == share


def test_the_echo_that_is_removed_is_measured_without_the_person(say: Say) -> None:
    answer = np.tile(say(ANSWER), 2)
    alone = erle_db(answer, Room(), 0.128)
    assert alone > 25
    assert 15 < erle_db(answer, Room(), 0.128, say("Turn off all of the lights upstairs.")) < alone
    assert 20 < erle_db(answer, Room(), 0.128, distorts=True) < alone


def test_noise_and_what_takes_it_out_keep_the_clip_in_its_place(engine: WakeEngine, word: Clip, tmp_path: Path) -> None:
    write_wav(tmp_path / "noise.wav", quiet(5.0, 2000.0), RATE)
    sound = surrounded(word)
    assert wakes(engine, "alexa", sound)
    loud = Noise(tmp_path / "noise.wav", 20.0, 1)
    for treated in (Treated(None, None), Treated(loud, None), Treated(loud, webrtc(Path()))):
        heard = treated.under(sound, word.name)
        assert heard.shape == sound.shape
        assert wakes(engine, "alexa", heard)
    assert not wakes(engine, "alexa", Treated(Noise(tmp_path / "noise.wav", -20.0, 1), None).under(sound, word.name))
