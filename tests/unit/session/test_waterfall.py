"""Stages of a turn from its events and from its timings."""

from typing import Any

import pytest

from edge.devices import ActionReport, Confirmation, DeviceState
from edge.events import (
    Acted,
    AnyEvent,
    FollowUp,
    NotUnderstood,
    Reply,
    ReplyReady,
    SpeakingEnded,
    SpeakingStarted,
    SpeechEnded,
    SpeechStarted,
    Timings,
    Transcribed,
    TurnEnded,
    Understood,
    Woke,
)
from edge.intents import Intent, OutcomeKind, Tier
from edge.session.waterfall import Kind, from_events, from_timings

KITCHEN = ActionReport("light.kitchen", {"state": "ON"}, Confirmation.CONFIRMED, 40, DeviceState())
BLINDS = ActionReport("cover.blinds", {"state": "OPEN"}, Confirmation.CONFIRMED, 90, DeviceState())


def ended(at: float, **timings: float) -> TurnEnded:
    return TurnEnded(
        turn="t", at=at, text="x", language="en", intent=None, tier=None, confidence=0.0, outcome=OutcomeKind.DONE,
        actions=(), reply=Reply(text=""), timings=Timings(**timings), session="s",
    )  # fmt: skip


def at(moment: float, kind: type[Any], **more: Any) -> Any:
    return kind(turn="t", at=moment, **more)


SPOKEN: list[AnyEvent] = [
    at(10.0, Woke, word="alexa", score=0.99),
    at(10.5, SpeechStarted),
    at(12.0, SpeechEnded, speech_end=11.6),
    at(12.1, Transcribed, text="x", language="en", confidence=1.0),
    at(12.13, Understood, intent=Intent("HassTurnOn"), tier=Tier.SEMANTIC, confidence=0.9, ms=30.0,
       asked={Tier.GRAMMAR: 10.0, Tier.SEMANTIC: 20.0}),
    at(12.23, Acted, report=KITCHEN),
    at(12.23, Acted, report=BLINDS),
    at(12.24, ReplyReady, text="It is on."),
    at(12.34, SpeakingStarted),
    at(13.0, SpeakingEnded),
    ended(13.01, wake_ms=20.0, stt_ms=100.0),
]  # fmt: skip


def test_a_spoken_turn_is_told_from_the_wake_word_to_the_last_sound() -> None:
    stages = [(stage.kind, stage.of, round(stage.start_ms), round(stage.end_ms)) for stage in from_events(SPOKEN)]
    assert stages == [
        (Kind.WAKE, "alexa", 0, 20),
        (Kind.PAUSE, "", 20, 500),
        (Kind.SPEECH, "", 500, 1600),
        (Kind.ENDPOINT, "", 1600, 2000),
        (Kind.STT, "", 2000, 2100),
        (Kind.UNDERSTAND, "grammar", 2100, 2110),
        (Kind.UNDERSTAND, "semantic", 2110, 2130),
        (Kind.ACT, "light.kitchen", 2130, 2170),
        (Kind.ACT, "cover.blinds", 2130, 2220),
        (Kind.VOICE, "", 2240, 2340),
        (Kind.SPEAKING, "", 2340, 3000),
    ]


def test_a_written_turn_begins_with_being_understood() -> None:
    events: list[AnyEvent] = [at(5.1, NotUnderstood, ms=100.0, asked={Tier.GRAMMAR: 100.0}), ended(5.2)]
    (stage,) = from_events(events)
    assert (stage.kind, round(stage.start_ms), round(stage.end_ms)) == (Kind.UNDERSTAND, 0, 100)


def test_who_goes_on_without_a_wake_word_is_waited_for() -> None:
    events: list[AnyEvent] = [at(1.0, FollowUp, for_s=6.0), at(2.0, SpeechStarted), ended(3.0)]
    assert [(stage.kind, stage.start_ms, stage.end_ms) for stage in from_events(events)] == [(Kind.PAUSE, 0.0, 1000.0)]


@pytest.mark.parametrize("number", range(len(SPOKEN) + 1))
def test_a_turn_that_is_cut_off_anywhere_has_stages_in_order(number: int) -> None:
    stages = from_events(SPOKEN[:number])
    assert all(0 <= stage.start_ms <= stage.end_ms for stage in stages)
    assert [stage.start_ms for stage in stages] == sorted(stage.start_ms for stage in stages)


def test_timings_count_from_the_last_syllable() -> None:
    stages = from_timings(Timings(endpoint_ms=300, stt_ms=80, understand_ms=5, act_ms=40, first_audio_ms=500))
    assert [(stage.kind, stage.start_ms, stage.end_ms) for stage in stages] == [
        (Kind.ENDPOINT, 0, 300),
        (Kind.STT, 300, 380),
        (Kind.UNDERSTAND, 380, 385),
        (Kind.ACT, 385, 425),
        (Kind.VOICE, 425, 500),
    ]
    assert from_timings(Timings()) == []
