"""A turn's trace."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from cloud_sync.otlp import processor, resource
from cloud_sync.protocol.trace import checked, span_id, trace_id, traceparent
from edge.devices import ActionReport, Confirmation, DeviceState
from edge.errors import SettingsError
from edge.events import (
    Acted,
    ActionFailed,
    AnyEvent,
    Fault,
    FollowUp,
    NotUnderstood,
    Partial,
    Reply,
    ReplyReady,
    SpeakingEnded,
    SpeakingStarted,
    SpeechEnded,
    SpeechStarted,
    Timings,
    Transcribed,
    Understood,
    Woke,
)
from edge.intents import Intent, OutcomeKind, Tier
from edge.observe.observation import Observation
from edge.observe.traces import Span, Tracer, spans
from edge.sections import ObserveSettings
from edge.settings import Settings
from tests.brokers import free_port
from tests.collector import collector
from tests.unit.observe.told import ended

pytestmark = pytest.mark.anyio
SECRET = "quibblesnark hides the marmalade"
INTENT = Intent("HassTurnOn", {"name": SECRET})


def report(device: str, how: Confirmation, ms: int) -> ActionReport:
    return ActionReport(device, {"state": SECRET}, how, ms, DeviceState("on"))


SPOKEN: tuple[AnyEvent, ...] = (
    Woke(turn="t1", at=10.0, word="alexa", score=0.93),
    SpeechStarted(turn="t1", at=10.2),
    Partial(turn="t1", at=11.0, text=SECRET),
    SpeechEnded(turn="t1", at=12.0, speech_end=11.5),
    Transcribed(turn="t1", at=12.2, text=SECRET, language="en", confidence=0.9),
    Understood(turn="t1", at=12.25, intent=INTENT, tier=Tier.SEMANTIC, confidence=0.8, ms=50.0,
               asked={Tier.GRAMMAR: 10.0, Tier.SEMANTIC: 40.0}),
    Acted(turn="t1", at=12.45, report=report("light.a", Confirmation.CONFIRMED, 150)),
    ActionFailed(turn="t1", at=12.55, report=report("light.b", Confirmation.UNCONFIRMED, 250)),
    ReplyReady(turn="t1", at=12.56, text=SECRET),
    SpeakingStarted(turn="t1", at=12.8),
    SpeakingEnded(turn="t1", at=14.0),
)  # fmt: skip
ENDED = ended(
    "t1", OutcomeKind.UNCONFIRMED, at=14.1, text=SECRET, intent=INTENT, tier=Tier.SEMANTIC, confidence=0.8,
    reply=Reply(text=SECRET),
    timings=Timings(wake_ms=20, endpoint_ms=500, stt_ms=200, understand_ms=50, act_ms=300, first_audio_ms=1300),
)  # fmt: skip


def shape(parts: list[Span]) -> list[tuple[str, str, float, float]]:
    return [(part.id, part.of, round(part.begin, 3), round(part.end, 3)) for part in parts]


def test_a_spoken_turn() -> None:
    assert shape(list(spans(SPOKEN, ENDED))) == [
        ("turn", "", 10.0, 14.1),
        ("wake", "turn", 10.0, 10.02),
        ("listen", "turn", 10.2, 12.0),
        ("endpoint", "listen", 11.5, 12.0),
        ("stt", "turn", 12.0, 12.2),
        ("understand", "turn", 12.2, 12.25),
        ("tier grammar", "understand", 12.2, 12.21),
        ("tier semantic", "understand", 12.21, 12.25),
        ("act", "turn", 12.25, 12.55),
        ("device 0", "act", 12.3, 12.45),
        ("device 1", "act", 12.3, 12.55),
        ("first audio", "turn", 12.56, 12.8),
        ("speak", "turn", 12.8, 14.0),
    ]


def test_a_written_turn_and_one_without_a_wake_word() -> None:
    written = NotUnderstood(turn="t1", at=5.0, ms=40.0, asked={Tier.GRAMMAR: 40.0})
    lost = ended("t1", OutcomeKind.NOT_UNDERSTOOD, at=5.01, intent=None, tier=None)
    assert shape(list(spans([written], lost))) == [
        ("turn", "", 4.96, 5.01), ("understand", "turn", 4.96, 5.0), ("tier grammar", "understand", 4.96, 5.0),
    ]  # fmt: skip
    silent = ended("t1", OutcomeKind.SILENCE, at=9.0, text="", intent=None, tier=None)
    assert shape(list(spans([FollowUp(turn="t1", at=3.0, for_s=6.0)], silent)))[1] == ("follow-up", "turn", 3.0, 9.0)


def test_what_went_wrong_is_marked() -> None:
    by_id = {part.id: part for part in spans(SPOKEN, ENDED)}
    assert (by_id["turn"].wrong, by_id["device 0"].wrong, by_id["device 1"].wrong) == ("unconfirmed", "", "unconfirmed")
    broken = Fault(turn="t1", at=12.0, code="broker_offline", stage="home", message=SECRET)
    whole = spans([broken], ended("t1", OutcomeKind.FAILED))[0]
    assert (whole.wrong, whole.attributes["faults"]) == ("failed", "broker_offline")


class Kept(SpanProcessor):
    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)


@pytest.fixture
def kept() -> Kept:
    return Kept()


def test_the_events_clock_becomes_the_time_of_day(kept: Kept) -> None:
    tracer = Tracer(kept, resource("hearthside", "home"), now=lambda: 1_000_000.0)
    for event in (*SPOKEN, ENDED):
        tracer.take(event)
    whole = next(span for span in kept.spans if span.name == "turn")
    assert (whole.end_time, whole.start_time) == (1_000_000 * 10**9, 1_000_000 * 10**9 - 4_100_000_000)


def test_turns_that_never_end_are_given_up(kept: Kept) -> None:
    tracer = Tracer(kept, resource("hearthside", "home"))
    for number in range(1000):
        tracer.take(Woke(turn=f"t{number}", at=0.0, word="alexa", score=1.0))
        tracer.take(Fault(turn="", at=0.0, code="x", stage="app", message=""))
    assert len(tracer._turns) <= 32
    tracer.take(ended("t999"))
    assert [span.name for span in kept.spans] == ["turn", "wake"]


def test_a_collector_gets_it_by_otlp_and_nothing_of_what_was_said() -> None:
    with collector() as taking:
        out = processor(taking.url)
        tracer = Tracer(out, resource("hearthside", "home"))
        for event in (*SPOKEN, ENDED):
            tracer.take(event)
        out.shutdown()
    (whole,) = taking.named("turn")
    assert (whole.trace, whole.id, whole.parent) == (f"{trace_id('t1'):032x}", f"{span_id('t1', 'turn'):016x}", "")
    assert len(taking.spans) == 13
    assert len({span.id for span in taking.spans}) == 13
    assert {span.trace for span in taking.spans} == {whole.trace}
    assert {span.parent for span in taking.spans if span is not whole} <= {span.id for span in taking.spans}
    assert whole.attributes["hearth.intent"] == "HassTurnOn"
    assert whole.error
    assert [span.error for span in taking.named("device")] == [False, True]
    assert b"quibblesnark" not in taking.raw
    assert b"marmalade" not in taking.raw


def test_a_collector_that_is_not_there_keeps_no_program_from_ending() -> None:
    asks = """
from cloud_sync import otlp
from cloud_sync.otlp import close, processor, resource
from edge.observe.traces import Tracer
from tests.unit.observe.told import ended
import sys, time
otlp._TIMEOUT_S = 100.0
out = processor(sys.argv[1])
Tracer(out, resource("hearthside", "home")).take(ended("t1"))
begun = time.monotonic()
close(out.shutdown)
print(time.monotonic() - begun)
"""
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", asks, f"http://127.0.0.1:{free_port()}"],
        cwd=root, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert float(done.stdout) < 20.0, "it is tried for thirty seconds"


async def test_without_the_extra_it_is_said_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cloud_sync.otlp", None)
    settings = Settings(observe=ObserveSettings(traces="http://collector.local:4318"))
    observation = Observation(SimpleNamespace(settings=settings, storage=None))  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match=r"observe\.traces needs"):
        async with observation._traced([]):
            pass


@pytest.mark.parametrize(
    ("given", "right"),
    [
        (traceparent("t1", "act"), True),
        (traceparent("", ""), True),
        ("", False),
        ("00-" + "0" * 32 + "-" + "1" * 16 + "-01", False),
        ("00-" + "1" * 32 + "-" + "0" * 16 + "-01", False),
        ("ff-" + "1" * 32 + "-" + "1" * 16 + "-01", False),
        ("00-" + "G" * 32 + "-" + "1" * 16 + "-01", False),
        (traceparent("t1", "act") + "-more", False),
        (traceparent("t1", "act") + "\n", False),
        ("x" * 100_000, False),
    ],
)
def test_only_what_has_the_form_is_taken_for_one(given: str, right: bool) -> None:
    assert checked(given) == (given if right else "")
