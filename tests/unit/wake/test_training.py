"""A wake word of one's own, trained on very little: everything real, only few examples."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from edge.chunk import CHUNK_SAMPLES, RATE
from edge.speak import piper_varied
from edge.wake import embedding, openwake
from edge.wake.own_words import OwnWords
from edge.wake.training import export, phrases
from edge.wake.training.collect import Budget
from edge.wake.training.curve import Point, at, choose, curve
from edge.wake.training.errors import TrainingError
from edge.wake.training.plot import draw
from edge.wake.training.speaking import Samples, loudest, trimmed
from edge.wake.training.train import Trained, train
from models.store import Store
from tests.sounds import Say, quiet

TINY = Budget(spoken=16, takes=2, recorded=8, near=10, other=12, noise=1)


@pytest.fixture(scope="module")
def trained(store: Store, say: Say) -> Trained:
    voice = store.require("piper-en_US-joe-medium") / "en_US-joe-medium.onnx"
    speech = embedding.build(store.require("speech-embedding"))
    stages: list[str] = []
    recording = say("Hey lantern!").astype(np.float32) / 32768
    result = train(
        "hey lantern", piper_varied.build(voice), [recording], speech, TINY, 1, lambda stage, *_: stages.append(stage)
    )
    assert list(dict.fromkeys(stages)) == ["speaking", "listening", "learning"]
    return result


def test_a_trained_word_lies_where_it_is_chosen_with_its_curve(trained: Trained, tmp_path: Path) -> None:
    own = OwnWords(tmp_path)
    assert own.trained() == []
    export.write_trained(trained, own.model("hey_lantern"))
    [word] = own.trained()
    assert (word.word, word.phrase, word.path) == ("hey_lantern", "hey lantern", own.model("hey_lantern"))
    assert word.threshold == pytest.approx(trained.threshold, abs=1e-5)
    assert word.curve is not None
    assert (word.curve.clips, word.curve.verified) == (trained.words, False)
    point = next(point for point in word.curve.points if point.threshold == 0.5)
    assert point.recall == pytest.approx(at(trained.curve, 0.5).recall, abs=1e-3)


def test_the_exported_model_runs_in_the_engine_as_it_did_in_training(
    trained: Trained, store: Store, say: Say, tmp_path: Path
) -> None:
    path = tmp_path / "hey_lantern.onnx"
    export.write(trained.classifier, path, phrase="hey lantern", threshold=trained.threshold, lag_s=trained.lag_s)
    engine = openwake.build([str(path)], store.require("speech-embedding"))
    assert engine.words["hey_lantern"].threshold == pytest.approx(trained.threshold, abs=1e-5)
    assert engine.words["hey_lantern"].lag_s == pytest.approx(trained.lag_s, abs=1e-3)

    def peak(text: str) -> float:
        engine.reset()
        sound = np.concatenate([quiet(1.0), say(text), quiet(0.6)])
        chunks = [sound[at : at + CHUNK_SAMPLES] for at in range(0, len(sound), CHUNK_SAMPLES)]
        return max(engine.score(chunk).get("hey_lantern", 0.0) for chunk in chunks)

    word = peak("Hey lantern!")
    assert word > 0.5
    assert all(peak(text) < word for text in ("What time is it?", "Close the kitchen window.", "Seven."))
    windows = np.random.default_rng(0).normal(0, 10, (1, trained.classifier.windows, 96)).astype(np.float32)
    session = embedding.session(path)
    assert float(session.run(None, {"embeddings": windows})[0][0, 0]) == pytest.approx(
        float(trained.classifier.score(windows)[0]), abs=1e-4
    )


def test_it_is_measured_on_what_it_did_not_learn_from(trained: Trained, tmp_path: Path) -> None:
    assert trained.words >= 5
    assert trained.hours > 0
    assert trained.held_back == at(trained.curve, trained.threshold)
    draw(trained, tmp_path / "curve.svg")
    assert "<svg" in (tmp_path / "curve.svg").read_text()


def test_a_phrase_without_letters_is_refused(store: Store) -> None:
    voice = store.require("piper-en_US-joe-medium") / "en_US-joe-medium.onnx"
    speech = embedding.build(store.require("speech-embedding"))
    with pytest.raises(TrainingError, match="the phrase is empty"):
        train(" 12! ", piper_varied.build(voice), [], speech, TINY, 1, lambda *_: None)


def test_a_model_that_cannot_be_written_is_said_in_one_line(trained: Trained, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match=r"word\.onnx cannot be written"):
        export.write(trained.classifier, tmp_path / "file" / "word.onnx", phrase="x", threshold=0.5, lag_s=0.1)
    assert onnx.__version__


@pytest.mark.parametrize("phrase", ["hey lantern", "jarvis", "computer", "ok", "Zoë"])
def test_near_misses_are_never_the_phrase_itself(phrase: str) -> None:
    chance = np.random.default_rng(0)
    texts = [*phrases.near_misses(phrase, chance, 200), *phrases.other_speech(phrase, chance, 200)]
    assert len(texts) == 400
    assert all(phrase.replace(" ", "").lower() not in text.replace(" ", "").lower() for text in texts)


@pytest.mark.parametrize(
    ("most", "threshold"),
    [
        # Two hours, two scores of other sound: 0.6 and 0.9. The margin in log-odds is 0.5; never below 0.5 as such.
        (1.0, 0.5),
        (0.5, 0.712),
        (0.0, 0.937),
    ],
)
def test_the_threshold_is_the_lowest_that_accepts_little_enough(most: float, threshold: float) -> None:
    points = curve([0.3, 0.8, 0.95, 0.99], [0.6, 0.9], 2.0)
    assert choose(points, most) == pytest.approx(threshold, abs=0.001)
    assert at(points, 0.85) == Point(0.85, 0.5, 0.5)


def test_quiet_and_noise_around_a_recorded_word_are_cut_off(say: Say) -> None:
    word = trimmed(say("Lantern!").astype(np.float32) / 32768)
    noise: Samples = np.random.default_rng(0).normal(0, 0.003, 3 * RATE).astype(np.float32)
    noise[RATE : RATE + len(word)] += word
    assert len(trimmed(noise)) == pytest.approx(len(word), abs=0.15 * RATE)
    assert len(loudest(noise, 0.5)) == RATE // 2
