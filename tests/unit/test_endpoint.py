"""Endpointing as a table of timings: 's' is a window of speech, '.' of quiet, each 100 ms."""

import pytest

from edge.intents import Fit, Transcript
from edge.listen.endpoint import Endpoint, EndpointRules, Heard

RULES = EndpointRules(
    threshold=0.5, release=0.35, onset_s=0.1, pause_s=0.2, silence_s=0.6, no_speech_s=2.0, max_speech_s=3.0
)


def run(windows: str, rules: EndpointRules = RULES) -> list[tuple[Heard, float]]:
    """What each window of interest meant, with the time at its end."""
    endpoint = Endpoint(rules, 0.0)
    heard = []
    for number, window in enumerate(windows):
        probability = {"s": 0.9, ".": 0.05, "~": 0.4}[window]
        meaning = endpoint.feed(probability, number / 10, (number + 1) / 10)
        if meaning is not Heard.NOTHING:
            heard.append((meaning, round((number + 1) / 10, 1)))
    return heard


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ("sss......", [(Heard.STARTED, 0.1), (Heard.PAUSED, 0.5), (Heard.ENDED, 0.9)]),
        ("..ss......", [(Heard.STARTED, 0.3), (Heard.PAUSED, 0.6), (Heard.ENDED, 1.0)]),
        (".ss..ss......", [(Heard.STARTED, 0.2), (Heard.PAUSED, 0.5), (Heard.RESUMED, 0.6), (Heard.PAUSED, 0.9), (Heard.ENDED, 1.3)]),
        # The end of the wake word, and then the command.
        ("ss..ss......", [(Heard.STARTED, 0.1), (Heard.STARTED, 0.5), (Heard.PAUSED, 0.8), (Heard.ENDED, 1.2)]),
        ("ss" + "." * 18, [(Heard.STARTED, 0.1), (Heard.SILENCE, 2.0)]),
        ("." * 20, [(Heard.SILENCE, 2.0)]),
        ("s" * 31, [(Heard.STARTED, 0.1), (Heard.CAPPED, 3.0), (Heard.CAPPED, 3.1)]),
        # Between the thresholds speech goes on, but does not begin.
        ("s~~~......", [(Heard.STARTED, 0.1), (Heard.PAUSED, 0.6), (Heard.ENDED, 1.0)]),
        ("~~~~", []),
    ],
)  # fmt: skip
def test_timing(windows: str, expected: list[tuple[Heard, float]]) -> None:
    assert run(windows) == expected


def test_a_click_shorter_than_the_onset_is_no_speech() -> None:
    rules = EndpointRules(onset_s=0.15, no_speech_s=1.0)
    assert run("s.........", rules) == [(Heard.SILENCE, 1.0)]


def test_pauses_count_towards_the_cap() -> None:
    """A person who hesitates for ever is cut as well."""
    capped = [at for meaning, at in run("sss..." * 6) if meaning is Heard.CAPPED]
    assert capped[0] == 3.0


def test_restart_keeps_the_patience_of_the_start() -> None:
    """The wake word's own tail ends as an empty utterance; the wait for the command goes on, but not anew."""
    endpoint = Endpoint(RULES, 0.0)
    for number in range(8):
        endpoint.feed(0.9 if number < 2 else 0.0, number / 10, (number + 1) / 10)
    endpoint.restart(0.8)
    meanings = [endpoint.feed(0.0, n / 10, (n + 1) / 10) for n in range(8, 21)]
    assert meanings.index(Heard.SILENCE) == 11, "2.0 s after the start, not after the restart"


def test_speech_end_is_the_last_speech_not_the_decision() -> None:
    endpoint = Endpoint(RULES, 5.0)
    for number in range(9):
        meaning = endpoint.feed(0.9 if number < 3 else 0.0, 5 + number / 10, 5 + (number + 1) / 10)
    assert meaning is Heard.ENDED
    assert endpoint.speech_start == pytest.approx(5.0)
    assert endpoint.speech_end == pytest.approx(5.3)


@pytest.mark.parametrize(
    ("fit", "more", "ended_at"),
    [
        (Fit.FREE, 0, 0.9),
        (Fit.CLOSED, 0, 0.6),
        (Fit.WHOLE, 2, 0.7),
        (Fit.WHOLE, 20, 0.8),
        (Fit.OPEN, 5, 1.5),
    ],
)
def test_what_was_said_tells_how_long_to_wait(fit: Fit, more: int, ended_at: float) -> None:
    rules = EndpointRules(onset_s=0.1, pause_s=0.1, silence_s=0.6, closed_s=0.3, whole_s=0.5, open_s=1.2)
    endpoint = Endpoint(rules, 0.0)
    for number in range(20):
        heard = endpoint.feed(0.9 if number < 3 else 0.0, number / 10, (number + 1) / 10)
        if heard is Heard.PAUSED:
            endpoint.expect(Transcript("turn on the light", "en", fit=fit, more=more))
        if heard is Heard.ENDED:
            break
    assert round((number + 1) / 10, 1) == ended_at


def test_what_was_expected_is_forgotten_when_speech_goes_on() -> None:
    """An early guess that was wrong must not cut off what follows it."""
    endpoint = Endpoint(EndpointRules(onset_s=0.1, pause_s=0.1, silence_s=0.6, closed_s=0.2), 0.0)
    windows = [0.0, 0.9, 0.9, 0.0, 0.9, 0.9, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    ends = []
    for number, probability in enumerate(windows):
        heard = endpoint.feed(probability, number / 10, (number + 1) / 10)
        if number == 3:
            endpoint.expect(Transcript("stop", "en", fit=Fit.CLOSED))
        if heard is Heard.ENDED:
            ends.append(round((number + 1) / 10, 1))
    assert ends == [1.2]


def test_the_end_of_the_wake_word_is_no_part_of_the_command() -> None:
    endpoint = Endpoint(RULES, 5.0)
    for number, window in enumerate("ss...sss"):
        endpoint.feed(0.9 if window == "s" else 0.0, 5.0 + number / 10, 5.0 + (number + 1) / 10)
    assert endpoint.sound_start == pytest.approx(5.2)
    assert endpoint.speech_start == pytest.approx(5.5)
