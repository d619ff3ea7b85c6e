"""Where the time of a turn went, stage by stage: a pure function of its events, or of its timings where those are gone.

What a person waits for is counted from the last syllable on; a turn's events also tell what was before it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from edge.events import (
    Acted,
    ActionFailed,
    AnyEvent,
    FollowUp,
    NotUnderstood,
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

_MS: Final = 1000.0


class Kind(StrEnum):
    """What goes on in a stage."""

    WAKE = "wake"
    """From the end of the wake word to the turn's start."""
    PAUSE = "pause"
    """Until somebody speaks."""
    SPEECH = "speech"
    ENDPOINT = "endpoint"
    """From the last syllable until it is sure that it was the last."""
    STT = "stt"
    UNDERSTAND = "understand"
    """``of``: the tier."""
    ACT = "act"
    """``of``: the device; from the command to its report. Empty where only all of it together is known."""
    VOICE = "voice"
    """Until the answer begins to sound."""
    SPEAKING = "speaking"


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a turn."""

    kind: Kind
    of: str
    start_ms: float
    """Since the turn's beginning; since the last syllable where only timings are left."""
    end_ms: float


def from_events(events: Sequence[AnyEvent]) -> list[Stage]:
    """The stages that the ``events`` of one turn, in their order, tell of; in the order in which they began."""
    found = list(_spans(events))
    begin = min((start for _, _, start, _ in found), default=0.0)
    stages = [Stage(kind, of, (start - begin) * _MS, (max(start, end) - begin) * _MS) for kind, of, start, end in found]
    return sorted(stages, key=lambda stage: stage.start_ms)


def from_timings(timings: Timings) -> list[Stage]:
    """What is known of an older turn: the stages after the last syllable, one after another."""
    named = (
        (Kind.ENDPOINT, timings.endpoint_ms),
        (Kind.STT, timings.stt_ms),
        (Kind.UNDERSTAND, timings.understand_ms),
        (Kind.ACT, timings.act_ms),
    )
    stages, at = [], 0.0
    for kind, ms in named:
        if ms is not None:
            stages.append(Stage(kind, "", at, at + ms))
            at += ms
    if timings.first_audio_ms is not None:
        stages.append(Stage(Kind.VOICE, "", at, max(at, timings.first_audio_ms)))
    return stages


_Span = tuple[Kind, str, float, float]
"""With begin and end in seconds on the clock of the turn."""


def _spans(events: Sequence[AnyEvent]) -> Iterator[_Span]:
    ended = next((event for event in events if isinstance(event, TurnEnded)), None)
    timings = ended.timings if ended is not None else Timings()
    began: float | None = None
    """The last moment that some stage came to."""
    speaks: float | None = None
    for event in events:
        match event:
            case Woke():
                took = (timings.wake_ms or 0.0) / _MS
                yield Kind.WAKE, event.word, event.at, event.at + took
                began = event.at + took
            case FollowUp() | ReplyReady():
                # Between what was done and the answer's words, skills that move no device did their work.
                began = event.at
            case SpeechStarted():
                if began is not None and event.at > began:
                    yield Kind.PAUSE, "", began, event.at
                speaks = event.at
            case SpeechEnded():
                yield Kind.SPEECH, "", speaks if speaks is not None else event.speech_end, event.speech_end
                yield Kind.ENDPOINT, "", event.speech_end, event.at
                began = event.at
            case Transcribed():
                took = (timings.stt_ms or 0.0) / _MS
                yield Kind.STT, "", event.at - took, event.at
                began = event.at
            case Understood() | NotUnderstood():
                yield from _tiers(event)
                began = event.at
            case Acted() | ActionFailed():
                # Devices are told at the same time, and reported of together.
                start = began if began is not None else event.at - event.report.ms / _MS
                yield Kind.ACT, event.report.device, start, start + event.report.ms / _MS
            case SpeakingStarted():
                if began is not None:
                    yield Kind.VOICE, "", began, event.at
                speaks = event.at
            case SpeakingEnded() if speaks is not None:
                yield Kind.SPEAKING, "", speaks, event.at


def _tiers(event: Understood | NotUnderstood) -> Iterator[_Span]:
    """One after another, up to the moment of ``event``."""
    at = event.at - sum(event.asked.values()) / _MS
    for tier, ms in event.asked.items():
        yield Kind.UNDERSTAND, tier.value, at, at + ms / _MS
        at += ms / _MS
