"""What is counted of events."""

import pytest
from prometheus_client import generate_latest

from edge.devices import ActionReport, Confirmation, DeviceState
from edge.events import (
    Acted,
    ActionFailed,
    AnyEvent,
    Fault,
    Feedback,
    FollowUp,
    Timings,
    Woke,
    Yielded,
)
from edge.intents import OutcomeKind, Tier
from edge.observe.meter import NONE, Meter, took_s, words_of
from tests.unit.observe.told import ended

SILENCE = ended(outcome=OutcomeKind.SILENCE, text="", tier=None)
CUT = ended(outcome=OutcomeKind.CANCELLED)


def woke(turn: str, word: str = "alexa") -> Woke:
    return Woke(turn=turn, at=0.0, word=word, score=0.9)


def fault(code: str) -> Fault:
    return Fault(turn="", at=0.0, code=code, stage="home", message="the lamp in Ada's room")


def report(how: Confirmation) -> ActionReport:
    return ActionReport("light.lamp", {"state": "ON"}, how, 5, DeviceState("on"))


def acted(how: Confirmation) -> Acted:
    return Acted(turn="t1", at=0.0, report=report(how))


def metered(*events: AnyEvent) -> Meter:
    meter = Meter(lambda: ["alexa", "okay_nabu", "button"], now=lambda: 1000.0)
    for event in events:
        meter.take(event)
    return meter


@pytest.mark.parametrize(
    ("events", "name", "labels", "value"),
    [
        ([woke("t1")], "hearth_wakes_total", {"word": "alexa"}, 1),
        ([woke("t1", "button")], "hearth_wakes_total", {"word": "button"}, 1),
        ([woke("t1", "hey ada lovelace")], "hearth_wakes_total", {"word": "other"}, 1),
        ([woke("t1"), SILENCE], "hearth_wakes_unanswered_total", {"word": "alexa"}, 1),
        ([woke("t1"), ended()], "hearth_wakes_unanswered_total", {"word": "alexa"}, 0),
        ([FollowUp(turn="t1", at=0, for_s=6), SILENCE], "hearth_wakes_unanswered_total", {"word": "other"}, 0),
        ([woke("t1"), SILENCE, Feedback(turn="t1", at=1, wrong="wake")], "hearth_false_wakes_total", {"word": "alexa"}, 1),
        ([Feedback(turn="long ago", at=1, wrong="wake")], "hearth_false_wakes_total", {"word": "other"}, 1),
        ([Feedback(turn="t1", at=1, wrong="heard")], "hearth_feedback_wrong_total", {"what": "heard"}, 1),
        ([Feedback(turn="t1", at=1, wrong="done", withdrawn=True)], "hearth_feedback_wrong_total", {"what": "done"}, 0),
        ([Feedback(turn="t1", at=1, wrong="")], "hearth_feedback_wrong_total", {"what": "done"}, 0),
        ([FollowUp(turn="t1", at=0, for_s=6)], "hearth_follow_ups_total", {}, 1),
        ([woke("t1"), woke("t2"), CUT], "hearth_barge_ins_total", {}, 1),
        ([woke("t1"), CUT, woke("t2")], "hearth_barge_ins_total", {}, 0),
        ([woke("t1"), woke("t2"), woke("t3")], "hearth_barge_ins_total", {}, 2),
        ([Yielded(turn="t1", at=0, to="Kitchen")], "hearth_yields_total", {}, 1),
        ([acted(Confirmation.CONFIRMED)], "hearth_actions_total", {"result": "confirmed"}, 1),
        ([ActionFailed(turn="t", at=0, report=report(Confirmation.UNAVAILABLE))], "hearth_actions_total", {"result": "unavailable"}, 1),
        ([fault("broker_offline")], "hearth_faults_total", {"stage": "home", "code": "broker_offline"}, 1),
        ([ended(tier=Tier.LLM)], "hearth_turns_total", {"outcome": "done", "tier": "llm"}, 1),
        ([SILENCE], "hearth_turns_total", {"outcome": "silence", "tier": NONE}, 1),
        ([ended(timings=Timings(stt_ms=130.0))], "hearth_stage_seconds_sum", {"stage": "stt"}, 0.13),
        ([ended(timings=Timings(stt_ms=130.0))], "hearth_stage_seconds_count", {"stage": "act"}, 0),
        ([ended(timings=Timings(first_audio_ms=900.0))], "hearth_turn_seconds_bucket", {"le": "1.0"}, 1),
        ([ended(timings=Timings(first_audio_ms=900.0))], "hearth_turn_seconds_bucket", {"le": "0.5"}, 0),
        ([SILENCE], "hearth_turn_seconds_count", {}, 0),
        ([], "hearth_last_wake_timestamp_seconds", {}, 1000),
    ],
)  # fmt: skip
def test_what_is_counted(events: list[AnyEvent], name: str, labels: dict[str, str], value: float) -> None:
    found = metered(*events).registry.get_sample_value(name, labels)
    assert found == pytest.approx(value)


def test_whatever_happens_the_number_of_series_is_bounded() -> None:
    meter = metered()
    for number in range(1000):
        meter.take(woke(f"t{number}", f"word {number}"))
        meter.take(fault(f"code{number}"))
        meter.take(Feedback(turn=f"t{number}", at=0.0, wrong=f"wrong {number}"))
        meter.take(ended(f"t{number}", text=f"words {number}", session=f"s{number}"))
    told = generate_latest(meter.registry).decode()
    assert len(told.splitlines()) < 400
    assert meter.registry.get_sample_value("hearth_faults_total", {"stage": "other", "code": "other"}) == 1000 - 64
    assert not any(word in told for word in ("word 7", "words 7", "Ada", "t999", "s999"))


@pytest.mark.parametrize(
    ("turn", "seconds"),
    [
        (Timings(endpoint_ms=300, stt_ms=100, understand_ms=5, act_ms=20, first_audio_ms=600), 0.6),
        (Timings(understand_ms=5, act_ms=20), 0.025),
        (Timings(wake_ms=4), None),
        (Timings(), None),
    ],
)
def test_what_the_person_waited(turn: Timings, seconds: float | None) -> None:
    assert took_s(turn) == seconds


def test_a_word_that_is_a_file_is_called_by_its_name() -> None:
    assert words_of(["alexa", "/home/ada/words/hey_house.onnx"]) == ["alexa", "hey_house"]


def test_a_turn_whose_end_was_lost_makes_no_more_than_one_barge_in() -> None:
    lost: list[AnyEvent] = [woke("t1"), woke("t2"), ended("t2"), woke("t3")]
    assert metered(*lost).registry.get_sample_value("hearth_barge_ins_total") == 1


def test_a_word_that_is_configured_later_is_counted_by_its_name() -> None:
    words = ["alexa"]
    meter = Meter(lambda: words)
    meter.take(woke("t1", "hey_house"))
    words.append("hey_house")
    meter.take(woke("t2", "hey_house"))
    assert meter.registry.get_sample_value("hearth_wakes_total", {"word": "hey_house"}) == 1
    assert meter.registry.get_sample_value("hearth_wakes_total", {"word": "other"}) == 1
