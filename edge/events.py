"""What the runtime tells the outside. A closed set; events report and never steer.

LEDs, console, metrics, journal and the command line listen to them through :class:`edge.bus.Bus`.
:func:`as_json` gives the shapes promised for JSON lines.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any, TypeAlias

from edge.devices import ActionReport, Confirmation
from edge.intents import Intent, OutcomeKind, Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened in a turn."""

    turn: str
    """The turn's id; empty for what belongs to none."""
    at: float
    """Seconds: monotonic clock live; position in the recording plus compute time in a replay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Woke(Event):
    """A wake word was heard; ``at`` is the moment of detection."""

    word: str
    score: float
    """The model's probability, 0–1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Yielded(Event):
    """Another assistant heard the same wake word better and answers: this turn ends unheard."""

    to: str
    """The room that the other stands in, or its name in topics."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp(Event):
    """It listens without a wake word, for who answers a question or goes on; such a turn has no Woke."""

    for_s: float
    """Seconds that it waits for speech."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStarted(Event):
    """The command began; ``at`` is its first speech."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial(Event):
    """A hypothesis at a short pause, before the endpoint is sure."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechEnded(Event):
    """The endpoint was decided."""

    speech_end: float
    """Time of the last speech sample, seconds."""
    capped: bool = False
    """True when speech was cut because it never ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcribed(Event):
    """The utterance became text."""

    text: str
    language: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood(Event):
    """A tier found the intent."""

    intent: Intent
    further: tuple[Intent, ...] = ()
    """What the same sentence asked for besides."""
    tier: Tier
    confidence: float
    ms: float
    """Compute spent by all tiers asked, milliseconds."""
    asked: Mapping[Tier, float] = field(default_factory=dict)
    """The tiers asked, in order, with the milliseconds of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotUnderstood(Event):
    """No tier was sure enough."""

    ms: float
    asked: Mapping[Tier, float] = field(default_factory=dict)
    """The tiers asked, in order, with the milliseconds of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted(Event):
    """A device did, by its own word, what was asked, or delivery is all that its kind can show."""

    report: ActionReport


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFailed(Event):
    """A device did not show what was asked of it."""

    report: ActionReport


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyPart(Event):
    """A sentence of an answer that is told while it is still being made; ReplyReady comes after the last."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyReady(Event):
    """The answer in words."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakingStarted(Event):
    """The first sample of the answer went to the loudspeaker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakingEnded(Event):
    """The answer was played to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced(Event):
    """Something was said unasked: a reminder, a message for the room."""

    text: str
    area: str | None = None
    """The room that it is for; None: for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rang(Event):
    """A timer, an alarm or a reminder begins to ring."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RingingEnded(Event):
    """It rings no more."""

    text: str
    how: str
    """``stopped``, ``snoozed``, or ``unheard`` when nobody came for ten minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptChanged(Event):
    """Something that skills keep is another than before, be it by voice, by hand, or by another assistant."""

    what: str
    """timers, alarms, reminders, later, lists, routines, memory."""
    change: int
    """The number of the change; rises with each of them while the assistant runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased(Event):
    """Turns were erased: whoever holds anything of them lets it go."""

    turns: tuple[str, ...]
    """Their ids; only of the last ones, which somebody may still hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningChanged(Event):
    """The microphone was switched on or off."""

    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineUnloaded(Event):
    """Memory is short, and an engine that nobody had needed for long was let go; it comes back when it is needed."""

    engine: str
    """``llm``, ``semantic``, ``tts``, ``stt``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineReloaded(Event):
    """An engine that was unloaded is back."""

    engine: str
    ms: float
    """That it took to load, milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback(Event):
    """A person said, later, how a turn was; ``turn`` is that one."""

    wrong: str
    """``wake``: nobody had called; ``heard``: the words; ``understood``: what they mean; ``done``: what came of it;
    empty: it was right."""
    withdrawn: bool = False
    """Whether that, said before, was taken back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault(Event):
    """Something expected went wrong; the assistant goes on."""

    code: str
    stage: str
    message: str
    permanent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer of a turn."""

    text: str
    next_actions: tuple[str, ...] = ()
    audio: str | None = None
    """Path of the recording of the answer, where one was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question of the assistant, for those who take the answer."""

    slot: str | None
    """What it asks for; None where the answer is yes or no."""
    choices: tuple[str, ...] = ()
    """The answers that make sense; empty where many do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Where the milliseconds went; None for a stage that did not run."""

    wake_ms: float | None = None
    """Compute from the chunk that completed the wake word to the turn's start."""
    endpoint_ms: float | None = None
    """From the last speech sample to the decision that speech had ended."""
    stt_ms: float | None = None
    """Transcription that remained after that decision."""
    understand_ms: float | None = None
    act_ms: float | None = None
    first_audio_ms: float | None = None
    """From the last speech sample (or the text's arrival) to the first sample of the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEnded(Event):
    """The whole turn."""

    text: str
    language: str
    intent: Intent | None
    further: tuple[Intent, ...] = ()
    """What the same sentence asked for besides."""
    tier: Tier | None
    confidence: float
    outcome: OutcomeKind
    actions: tuple[ActionReport, ...]
    reply: Reply
    timings: Timings
    session: str
    question: Asked | None = None
    """What the answer asks; the next turn may answer it."""


AnyEvent: TypeAlias = (
    Woke
    | Yielded
    | FollowUp
    | SpeechStarted
    | Partial
    | SpeechEnded
    | Transcribed
    | Understood
    | NotUnderstood
    | Acted
    | ActionFailed
    | ReplyPart
    | ReplyReady
    | SpeakingStarted
    | SpeakingEnded
    | TurnEnded
    | Announced
    | Rang
    | RingingEnded
    | KeptChanged
    | Erased
    | ListeningChanged
    | EngineUnloaded
    | EngineReloaded
    | Feedback
    | Fault
)


def type_name(event: Event) -> str:
    """``TurnEnded`` → ``turn_ended``."""
    return event_type(type(event))


def event_type(kind: type[Event]) -> str:
    """Likewise, of a kind of event."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def as_json(event: Event) -> dict[str, Any]:
    """The promised JSON object of an event: ``{"type", "turn", "at", …}``."""
    body = {f.name: _plain(getattr(event, f.name)) for f in fields(event)}
    head = {"type": type_name(event), "turn": body.pop("turn"), "at": body.pop("at")}
    report = body.pop("report", None)
    return {**head, **body, **(report or {})}


_DECIMALS = 3


def _plain(value: object) -> Any:
    match value:
        case ActionReport():
            return {
                "device": value.device,
                "command": _plain(value.command),
                "confirmed": value.confirmation is Confirmation.CONFIRMED,
                "result": value.confirmation.value,
                "ms": value.ms,
            }
        case Enum():
            return value.value
        case float():
            return round(value, _DECIMALS)
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case Asked() | Intent() | Reply() | Timings():
            return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
        case _:
            return value
