"""Labelled recordings, noise under them, and the counting of wrong words."""

import json
from pathlib import Path

import numpy as np
import pytest

from edge.audio.wavfile import write_wav
from edge.chunk import RATE, Pcm
from edge.evaluation.clips import EvaluationError, clips
from edge.evaluation.mixing import Noise, active_power
from edge.evaluation.words import error_rate, normalised, percentile


def tone(seconds: float, level: float, hertz: float = 440.0) -> Pcm:
    times = np.arange(round(seconds * RATE)) / RATE
    return np.round(level * np.sin(2 * np.pi * hertz * times)).astype(np.int16)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [
        {"path": "a.wav", "task": "commands", "seconds": 1.0, "lang": "en", "text": "one"},
        {"path": "b.wav", "task": "commands", "seconds": 1.0, "lang": "de", "text": "zwei"},
        {"path": "a.wav", "task": "wake", "seconds": 1.0, "word": "alexa"},
    ]
    (tmp_path / "audio.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    write_wav(tmp_path / "a.wav", tone(1.0, 1000), RATE)
    return tmp_path


def test_clips_are_chosen_by_task_and_label(folder: Path) -> None:
    assert [clip.labels["text"] for clip in clips(folder, "commands")] == ["one", "zwei"]
    assert [clip.labels["text"] for clip in clips(folder, "commands", lang="de")] == ["zwei"]
    assert len(clips(folder, "commands", 1)) == 1
    assert len(clips(folder, "wake")[0].sound()) == RATE


@pytest.mark.parametrize(
    ("task", "labels", "complaint"),
    [("barista", {}, "has no clips for barista"), ("commands", {"lang": "fr"}, "has no clips for commands, lang fr")],
)
def test_no_clips_is_one_line(folder: Path, task: str, labels: dict[str, str], complaint: str) -> None:
    with pytest.raises(EvaluationError, match=complaint):
        clips(folder, task, **labels)


def test_a_broken_index_is_named_with_its_line(folder: Path) -> None:
    with (folder / "audio.jsonl").open("a", encoding="utf-8") as index:
        index.write('\n{"path": "x"}')
    with pytest.raises(EvaluationError, match="line 4"):
        clips(folder, "wake")
    with pytest.raises(EvaluationError, match="cannot read"):
        clips(folder / "nowhere", "wake")


@pytest.mark.parametrize("snr", [20.0, 10.0, 0.0])
def test_noise_is_as_loud_as_asked(tmp_path: Path, snr: float) -> None:
    hiss = np.random.default_rng(1).normal(0, 500, 5 * RATE).astype(np.int16)
    write_wav(tmp_path / "noise.wav", hiss, RATE)
    speech = np.concatenate([np.zeros(RATE, np.int16), tone(1.0, 3000), np.zeros(RATE, np.int16)])
    mixed = Noise(tmp_path / "noise.wav", snr, 1).under(speech, "clip")
    quiet = mixed[:RATE].astype(np.float64)
    measured = 10 * np.log10(active_power(speech) / np.mean(np.square(quiet)))
    assert measured == pytest.approx(snr, abs=0.5), "the quiet around the words does not make the noise softer"


def test_noise_is_the_same_for_the_same_seed_and_clip(tmp_path: Path) -> None:
    write_wav(tmp_path / "noise.wav", np.random.default_rng(1).normal(0, 500, RATE).astype(np.int16), RATE)
    speech = tone(0.5, 3000)
    first, again, other, seed = (
        Noise(tmp_path / "noise.wav", 5.0, seed).under(speech, name)
        for seed, name in ((1, "a"), (1, "a"), (1, "b"), (2, "a"))
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, seed)


def test_a_mix_that_is_too_loud_is_softened_not_clipped(tmp_path: Path) -> None:
    write_wav(tmp_path / "noise.wav", tone(1.0, 20000, 300), RATE)
    mixed = Noise(tmp_path / "noise.wav", 0.0, 1).under(tone(1.0, 30000), "clip")
    assert np.abs(mixed.astype(np.int32)).max() <= 32000


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("en", "Set it to 75%.", "set it to seventy five percent"),
        ("en", "Thirty-five per cent!", "thirty five percent"),
        ("en", "what's the temp", "what's the temp"),
        ("de", "Auf 5 Grad", "auf fünf grad"),
    ],
)
def test_words_are_written_one_way(language: str, text: str, words: str) -> None:
    assert normalised(text, language) == words.split()


def test_word_errors_count_wrong_missing_and_superfluous_words() -> None:
    pairs = [("turn on the light", "turn the night off"), ("stop", "stop")]
    assert error_rate(pairs, "en") == pytest.approx(3 / 5)
    assert error_rate([], "en") == 0.0


def test_percentiles() -> None:
    assert [percentile([3, 1, 2], share) for share in (0.0, 0.5, 1.0)] == [1, 2, 3]
    assert percentile([], 0.5) == 0
