"""Scores of a wake word on a folder of labelled clips, made here."""

import json
from pathlib import Path

import pytest
import soundfile

from edge.chunk import RATE, Pcm
from edge.evaluation.clips import EvaluationError
from edge.evaluation.mixing import Noise
from edge.evaluation.wake import WakeResult, evaluate_wake, label_of
from edge.settings import Settings
from tests.sounds import Say, quiet

CLIPS = (
    ("Alexa!", {"task": "wake", "word": "alexa"}),
    ("Computer!", {"task": "wake", "word": "computer"}),
    ("A lecture.", {"task": "wake_negative", "word": None}),
    ("A small coffee, please.", {"task": "barista"}),
    ("Turn on the light.", {"task": "commands", "lang": "en"}),
    ("Alexa", {"task": "commands", "lang": "de"}),
)


@pytest.fixture
def data(tmp_path: Path, say: Say) -> Path:
    rows = []
    for number, (text, labels) in enumerate(CLIPS):
        pcm = say(text)
        soundfile.write(tmp_path / f"{number}.flac", pcm, RATE)
        rows.append(json.dumps({"path": f"{number}.flac", "seconds": len(pcm) / RATE, **labels}))
    (tmp_path / "audio.jsonl").write_text("\n".join(rows))
    return tmp_path


def evaluate(data: Path, word: str = "alexa", noise: Noise | None = None) -> WakeResult:
    return evaluate_wake(Settings(), data, word, noise, None, lambda done, total: None)


def test_the_word_wakes_and_the_rest_does_not(data: Path) -> None:
    result = evaluate(data)
    assert (result.recall, result.false_accepts, result.clips) == (1.0, 0, 1)
    assert 0 < result.negatives_hours < 0.01
    assert result.curve[0].recall == 1.0
    assert set(result.as_json()) >= {"recall", "false_accepts", "false_accepts_per_hour", "clips", "negatives_hours"}
    assert json.loads(json.dumps(result.as_json()))["curve"][0]["recall"] == 1.0


def test_a_wrong_label_is_counted_as_a_false_accept(data: Path) -> None:
    index = data / "audio.jsonl"
    index.write_text(index.read_text().replace('"lang": "de"', '"lang": "en"'))
    result = evaluate(data)
    assert (result.false_accepts, result.accepted) == (1, ("5.flac",))
    assert result.false_accepts_per_hour == pytest.approx(1 / result.negatives_hours)


def test_noise_as_loud_as_it_gets_hides_the_word(data: Path) -> None:
    loud: Pcm = quiet(5.0, level=3000.0)
    soundfile.write(data / "noise.wav", loud, RATE)
    assert evaluate(data, noise=Noise(data / "noise.wav", -20.0, 1)).recall == 0.0
    assert evaluate(data, noise=Noise(data / "noise.wav", 25.0, 1)).recall == 1.0


def test_a_word_without_clips_is_named(data: Path) -> None:
    with pytest.raises(EvaluationError, match="no clips for wake, word okay nabu"):
        evaluate(data, "okay_nabu")


@pytest.mark.parametrize(("word", "label"), [("alexa", "alexa"), ("hey_jarvis", "hey jarvis"), ("/a/b.onnx", "b")])
def test_the_engines_name_becomes_the_label(word: str, label: str) -> None:
    assert label_of(word) == label
