"""The decision that a wake word was said."""

import pytest

from edge.wake.detector import Detector


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0.1, 0.5, 0.2], []),
        ([0.1, 0.95, 0.2], [0.2]),
        ([0.95, 0.97, 0.99], [0.1]),
        # It rises again while the refractory time lasts: the tail of the same word.
        ([0.95, 0.1, 0.95, 0.1], [0.1]),
        ([0.95] + [0.1] * 12 + [0.95], [0.1, 1.4]),
        # A score that stays high does not wake again when the refractory time is over.
        ([0.95] * 30, [0.1]),
        ([0.9], []),
    ],
)
def test_threshold_and_refractory(scores: list[float], expected: list[float]) -> None:
    detector = Detector({"alexa": 0.9}, refractory_s=1.0)
    woke = [detector.feed({"alexa": score}, (n + 1) / 10) for n, score in enumerate(scores)]
    assert [round(detection.at, 1) for detection in woke if detection] == expected


def test_the_surest_of_several_words_wins() -> None:
    detector = Detector({"alexa": 0.9, "hey_jarvis": 0.5}, refractory_s=1.0)
    detection = detector.feed({"alexa": 0.92, "hey_jarvis": 0.9}, 1.0)
    assert detection is not None
    assert (detection.word, detection.score) == ("hey_jarvis", 0.9)


def test_one_wake_for_two_words_that_both_match() -> None:
    detector = Detector({"alexa": 0.9, "hey_jarvis": 0.9}, refractory_s=1.0)
    assert detector.feed({"alexa": 0.95}, 1.0) is not None
    assert detector.feed({"hey_jarvis": 0.99}, 1.1) is None


def test_each_word_has_a_threshold_of_its_own() -> None:
    detector = Detector({"alexa": 0.3, "hey_mycroft": 0.95}, refractory_s=1.0)
    assert detector.feed({"alexa": 0.2, "hey_mycroft": 0.9}, 1.0) is None
    detection = detector.feed({"alexa": 0.4, "hey_mycroft": 0.94}, 1.02)
    assert detection is not None
    assert detection.word == "alexa"


@pytest.mark.parametrize(
    ("scores", "asked"),
    [
        # Refused while the word is still being said, it is asked again as long as it scores, and after a pause only.
        ([0.95, 0.95, 0.95, 0.95, 0.95, 0.1], [0.1, 0.3, 0.5]),
        ([0.95, 0.1, 0.95], [0.1, 0.3]),
        ([0.95, 0.1, 0.1, 0.1], [0.1]),
    ],
)
def test_a_refused_word_may_be_detected_again(scores: list[float], asked: list[float]) -> None:
    detector = Detector({"alexa": 0.9}, refractory_s=1.0)
    found = []
    for number, score in enumerate(scores):
        if (detection := detector.feed({"alexa": score}, round((number + 1) / 10, 1))) is not None:
            found.append(detection.at)
            detector.refuse(detection, 0.15)
    assert found == asked


def test_a_refusal_does_not_keep_another_word_from_waking() -> None:
    detector = Detector({"alexa": 0.9, "hey_jarvis": 0.9}, refractory_s=1.0)
    refused = detector.feed({"alexa": 0.95}, 0.1)
    assert refused is not None
    detector.refuse(refused, 0.08)
    assert detector.feed({"alexa": 0.95, "hey_jarvis": 0.95}, 0.12) is not None
