"""A trace for each turn, as OpenTelemetry has it, made of the turn's events once it is over: no turn waits for one.

Names of intents, devices and models are in it, and how long each thing took; never what was said or answered.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from cloud_sync.protocol.trace import span_id, trace_id
from edge.events import (
    Acted,
    ActionFailed,
    AnyEvent,
    Event,
    Fault,
    FollowUp,
    NotUnderstood,
    Partial,
    ReplyPart,
    ReplyReady,
    SpeakingEnded,
    SpeakingStarted,
    SpeechEnded,
    SpeechStarted,
    Transcribed,
    TurnEnded,
    Understood,
    Woke,
)
from edge.intents import OutcomeKind

_TURNS: Final = 32
"""That go on at a time; of more, the oldest is given up."""
_EVENTS: Final = 256
"""Of one turn."""
_SCOPE: Final = InstrumentationScope("hearthside")
_WRONG: Final = frozenset({OutcomeKind.FAILED, OutcomeKind.UNCONFIRMED, OutcomeKind.NOT_UNDERSTOOD})
Value = str | float | int | bool


@dataclass(frozen=True, slots=True)
class Span:
    """One part of a turn."""

    name: str
    begin: float
    """Seconds on the clock of the turn's events."""
    end: float
    key: str = ""
    """Of several of one name: which. Its id is made of both."""
    of: str = "turn"
    """The span that it is a part of; empty for the whole."""
    wrong: str = ""
    """What went wrong."""
    attributes: Mapping[str, Value] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """What its id is made of."""
        return f"{self.name} {self.key}" if self.key else self.name


class Tracer:
    """Feed it every event."""

    def __init__(self, out: SpanProcessor, resource: Resource, now: Callable[[], float] = time.time) -> None:
        """``now``: seconds since the epoch."""
        self._out, self._resource, self._now = out, resource, now
        self._turns: OrderedDict[str, list[AnyEvent]] = OrderedDict()

    def take(self, event: AnyEvent) -> None:
        """Note it; where a turn is over, tell of it."""
        if not event.turn or isinstance(event, Partial):
            return
        events = self._turns.setdefault(event.turn, [])
        if len(events) < _EVENTS:
            events.append(event)
        if isinstance(event, TurnEnded):
            # The events of a turn have a clock of their own: it is over just now.
            epoch = self._now() - event.at
            for span in spans(self._turns.pop(event.turn), event):
                self._out.on_end(self._readable(span, event.turn, epoch))
        while len(self._turns) > _TURNS:
            self._turns.popitem(last=False)

    def _readable(self, span: Span, turn: str, epoch: float) -> ReadableSpan:
        def context(of: str) -> SpanContext:
            return SpanContext(trace_id(turn), span_id(turn, of), is_remote=False, trace_flags=TraceFlags(1))

        return ReadableSpan(
            name=span.name,
            context=context(span.id),
            parent=context(span.of) if span.of else None,
            resource=self._resource,
            attributes={f"hearth.{name}": value for name, value in span.attributes.items()},
            kind=SpanKind.INTERNAL,
            status=Status(StatusCode.ERROR, span.wrong) if span.wrong else Status(StatusCode.UNSET),
            start_time=round((epoch + span.begin) * 1e9),
            end_time=round((epoch + max(span.begin, span.end)) * 1e9),
            instrumentation_scope=_SCOPE,
        )


def spans(events: Sequence[AnyEvent], ended: TurnEnded) -> Sequence[Span]:
    """The parts of a turn, the whole first; children lie within it."""
    parts = list(_parts(events, ended))
    begin = min((part.begin for part in parts), default=ended.at)
    faults = [event.code for event in events if isinstance(event, Fault)]
    wrong = ended.outcome.value if ended.outcome in _WRONG else ""
    told: dict[str, Value] = {"turn": ended.turn, "outcome": ended.outcome.value, "language": ended.language}
    if ended.intent is not None:
        told |= {"intent": ended.intent.name, "confidence": ended.confidence}
    if ended.tier is not None:
        told["tier"] = ended.tier.value
    if faults:
        told["faults"] = ",".join(faults)
    return [Span("turn", begin, ended.at, of="", wrong=wrong or ",".join(faults), attributes=told), *parts]


def _parts(events: Sequence[AnyEvent], ended: TurnEnded) -> Iterator[Span]:
    times = ended.timings
    first: dict[type[Event], AnyEvent] = {}
    for event in events:
        first.setdefault(type(event), event)
    woke, speech = first.get(Woke), first.get(SpeechStarted)
    if isinstance(woke, Woke):
        told: dict[str, Value] = {"word": woke.word, "score": woke.score}
        yield Span("wake", woke.at, woke.at + (times.wake_ms or 0.0) / 1000, attributes=told)
    elif isinstance(follow := first.get(FollowUp), FollowUp):
        yield Span("follow-up", follow.at, speech.at if speech is not None else ended.at)
    heard, transcribed = first.get(SpeechEnded), first.get(Transcribed)
    if isinstance(heard, SpeechEnded):
        begin = speech.at if speech is not None else heard.speech_end
        yield Span("listen", begin, heard.at, attributes={"capped": heard.capped})
        yield Span("endpoint", heard.speech_end, heard.at, of="listen")
        if isinstance(transcribed, Transcribed):
            told = {"language": transcribed.language, "confidence": transcribed.confidence}
            yield Span("stt", heard.at, transcribed.at, attributes=told)
    routed = first.get(Understood) or first.get(NotUnderstood)
    if isinstance(routed, Understood | NotUnderstood):
        yield from _understanding(routed)
        yield from _acting(events, routed.at, ended)
    yield from _answering(events, ended)


def _understanding(routed: Understood | NotUnderstood) -> Iterator[Span]:
    found: dict[str, Value] = {}
    if isinstance(routed, Understood):
        found = {"tier": routed.tier.value, "intent": routed.intent.name, "confidence": routed.confidence}
    begin = routed.at - routed.ms / 1000
    yield Span("understand", begin, routed.at, attributes=found)
    for tier, ms in routed.asked.items():
        yield Span("tier", begin, begin + ms / 1000, key=tier.value, of="understand", attributes={"tier": tier.value})
        begin += ms / 1000


def _acting(events: Sequence[AnyEvent], begin: float, ended: TurnEnded) -> Iterator[Span]:
    if ended.timings.act_ms is None:
        return
    yield Span("act", begin, begin + ended.timings.act_ms / 1000)
    reports = [event for event in events if isinstance(event, Acted | ActionFailed)]
    for number, event in enumerate(reports):
        result = event.report.confirmation.value
        told: dict[str, Value] = {"device": event.report.device, "result": result}
        wrong = result if isinstance(event, ActionFailed) else ""
        begun = max(begin, event.at - event.report.ms / 1000)
        yield Span("device", begun, event.at, key=str(number), of="act", wrong=wrong, attributes=told)


def _answering(events: Sequence[AnyEvent], ended: TurnEnded) -> Iterator[Span]:
    ready = next((event.at for event in events if isinstance(event, ReplyPart | ReplyReady)), None)
    begun = next((event.at for event in events if isinstance(event, SpeakingStarted)), None)
    over = next((event.at for event in events if isinstance(event, SpeakingEnded)), ended.at)
    if begun is not None:
        if ready is not None:
            yield Span("first audio", min(ready, begun), begun)
        yield Span("speak", begun, over)
