#!/usr/bin/env python3
"""What watching costs: processor time for each turn, and for each time that Prometheus asks. Prints a table."""

import time
from collections.abc import Callable

from edge.devices import ActionReport, Confirmation, DeviceState
from edge.events import (
    Acted,
    AnyEvent,
    Partial,
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

_TURNS, _SCRAPES = 3_000, 200


def turn(name: str) -> list[AnyEvent]:
    """The events of a spoken command."""
    intent = Intent("HassTurnOn", {"name": "Lamp"})
    report = ActionReport("light.lamp", {"state": "ON"}, Confirmation.CONFIRMED, 20, DeviceState("on"))
    times = Timings(wake_ms=5, endpoint_ms=300, stt_ms=80, understand_ms=3, act_ms=20, first_audio_ms=480)
    return [
        Woke(turn=name, at=0.0, word="alexa", score=0.9),
        SpeechStarted(turn=name, at=0.2),
        *(Partial(turn=name, at=0.5, text="turn on") for _ in range(3)),
        SpeechEnded(turn=name, at=1.5, speech_end=1.2),
        Transcribed(turn=name, at=1.6, text="turn on the lamp", language="en", confidence=0.9),
        Understood(turn=name, at=1.6, intent=intent, tier=Tier.GRAMMAR, confidence=1.0, ms=3.0,
                   asked={Tier.CONTEXT: 0.1, Tier.GRAMMAR: 2.9}),
        Acted(turn=name, at=1.62, report=report),
        ReplyReady(turn=name, at=1.62, text="The lamp is on."),
        SpeakingStarted(turn=name, at=1.7),
        SpeakingEnded(turn=name, at=2.5),
        TurnEnded(turn=name, at=2.5, text="turn on the lamp", language="en", intent=intent, tier=Tier.GRAMMAR,
                  confidence=1.0, outcome=OutcomeKind.DONE, actions=(report,), reply=Reply(text="The lamp is on."),
                  timings=times, session=name),
    ]  # fmt: skip


def cost_us(take: Callable[[AnyEvent], None]) -> float:
    """Microseconds of processor time for each turn."""
    turns = [turn(f"t{number}") for number in range(_TURNS)]
    begun = time.process_time()
    for events in turns:
        for event in events:
            take(event)
    return (time.process_time() - begun) / _TURNS * 1e6


def main() -> None:
    """Print it."""
    imported = time.process_time()
    from prometheus_client import CollectorRegistry  # noqa: F401  # what it takes to import it

    imported = time.process_time() - imported
    from datetime import date

    from opentelemetry.sdk.trace import SpanProcessor

    from cloud_sync.otlp import resource
    from edge.observe.board import Board
    from edge.observe.exposition import Now, Outbox, text
    from edge.observe.kpis import Judge
    from edge.observe.meter import Meter
    from edge.observe.traces import Tracer

    meter, judge, today = (
        Meter(lambda: ["okay_nabu", "hey_jarvis", "alexa", "hey_mycroft", "button"]),
        Judge(),
        date.today(),
    )
    tracer = Tracer(SpanProcessor(), resource("hearthside", "home"))
    print(f"importing prometheus_client, once   {imported * 1000:8.1f} ms")
    print(f"counting a turn                     {cost_us(meter.take):8.1f} µs")
    print(f"judging a turn                      {cost_us(lambda event: judge.take(event, 0.0, today)):8.1f} µs")
    print(f"making a turn's trace, where wanted {cost_us(tracer.take):8.1f} µs")
    now = Now(dict.fromkeys(("wake", "vad", "stt", "tts", "semantic", "llm", "database"), 0), {"log": 0}, True, 1, 60,
              0, {"events": 2}, True, 0, True, Board(50.0, {"throttled": False}), Outbox(0, 0, 0.0, 9, {}))  # fmt: skip
    begun = time.process_time()
    for _ in range(_SCRAPES):
        told = text(meter.registry, now)
    lines = told.count(b"\n")
    took = (time.process_time() - begun) / _SCRAPES * 1000
    print(f"a scrape, in a thread               {took:8.1f} ms, {len(told) / 1024:.1f} KiB, {lines} lines")


if __name__ == "__main__":
    main()
