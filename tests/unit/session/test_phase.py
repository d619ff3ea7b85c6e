"""What a light shows, from events alone."""

import anyio
import pytest

from edge.bus import Bus
from edge.events import (
    AnyEvent,
    FollowUp,
    ListeningChanged,
    Rang,
    Reply,
    RingingEnded,
    SpeakingStarted,
    SpeechEnded,
    Timings,
    TurnEnded,
    Woke,
)
from edge.intents import OutcomeKind
from edge.session.listening import Listening
from edge.session.phase import Phase, Status, after


def woke(turn: str) -> Woke:
    return Woke(turn=turn, at=0.0, word="okay_nabu", score=1.0)


def heard(turn: str) -> SpeechEnded:
    return SpeechEnded(turn=turn, at=1.0, speech_end=0.9)


def speaks(turn: str) -> SpeakingStarted:
    return SpeakingStarted(turn=turn, at=1.1)


def ended(turn: str) -> TurnEnded:
    return TurnEnded(
        turn=turn, at=2.0, text="", language="en", intent=None, tier=None, confidence=0.0, outcome=OutcomeKind.DONE,
        actions=(), reply=Reply(text=""), timings=Timings(), session="s",
    )  # fmt: skip


RINGS = Rang(turn="", at=0.0, text="Your timer is over.")
QUIET = RingingEnded(turn="", at=0.0, text="Your timer is over.", how="stopped")


def switched(on: bool) -> ListeningChanged:
    return ListeningChanged(turn="", at=0.0, on=on)


@pytest.mark.parametrize(
    ("story", "phases"),
    [
        ([woke("1"), heard("1"), speaks("1"), ended("1")], "listening thinking speaking idle"),
        ([woke("1"), ended("1"), FollowUp(turn="2", at=0.0, for_s=6.0)], "listening idle listening"),
        # A new wake word ends the turn before: its last words come later and count for nothing.
        (
            [woke("1"), speaks("1"), woke("2"), ended("1"), heard("2")],
            "listening speaking listening listening thinking",
        ),
        # What is asked in writing is nobody's to see.
        ([ended("text")], "idle"),
        ([RINGS, woke("1"), ended("1"), QUIET], "ringing listening ringing idle"),
        ([switched(on=False), RINGS, QUIET, switched(on=True)], "muted ringing muted idle"),
    ],
)
def test_the_phase_follows_the_events(story: list[AnyEvent], phases: str) -> None:
    status, seen = Status(), list[Phase]()
    for event in story:
        status = after(status, event)
        seen.append(status.phase)
    assert seen == [Phase(name) for name in phases.split()]


@pytest.mark.anyio
async def test_whoever_throws_the_switch_all_are_told_once() -> None:
    bus = Bus()
    listening = Listening(bus)
    with bus.subscribe() as events:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listening.becomes, False)
            listening.set(True)
            listening.set(False)
            listening.set(False)
        assert [event.on for event in events.pending() if isinstance(event, ListeningChanged)] == [False]
    assert not listening.on
