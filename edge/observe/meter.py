"""What happened since the assistant started, counted from its events, for Prometheus.

Names and units are those of https://prometheus.io/docs/practices/naming/. No label takes its values from what people
say or are called: each is one of a list that is known beforehand.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from edge.devices import Confirmation
from edge.events import (
    Acted,
    ActionFailed,
    AnyEvent,
    Fault,
    Feedback,
    FollowUp,
    Timings,
    TurnEnded,
    Woke,
    Yielded,
)
from edge.intents import OutcomeKind, Tier

STAGES: Final = ("wake", "endpoint", "stt", "understand", "act", "first_audio")
"""Fields of :class:`edge.events.Timings` without their ``_ms``."""
WRONG: Final = ("wake", "heard", "understood", "done")
BUCKETS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds: from a tier that answers at once to an answer that nobody waits for any more."""
NONE: Final = "none"
"""No tier understood it."""
OTHER: Final = "other"
"""Any value of a label that was not known beforehand."""
_UNSPOKEN: Final = ("endpoint_ms", "stt_ms", "understand_ms", "act_ms")
_FAULT_CODES: Final = 64
"""More kinds of failure than there are."""
_REMEMBERED: Final = 256
"""Turns of which it is known what woke them."""


class Meter:
    """The figures of one assistant. Feed it every event."""

    def __init__(self, words: Callable[[], Sequence[str]], now: Callable[[], float] = time.time) -> None:
        """``words``: gives what may wake it now; what else wakes it is counted as another. ``now``: seconds since the
        epoch.
        """
        self._now, self._words = now, words
        registry = self.registry = CollectorRegistry()
        self._stage_seconds = Histogram(
            "hearth_stage_seconds",
            "What each stage of a turn took, or what was left of it once speech had ended",
            ["stage"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._turn_seconds = Histogram(
            "hearth_turn_seconds",
            "From the last of what was said to the first sound of the answer, or to the written answer",
            buckets=BUCKETS,
            registry=registry,
        )
        self._turns = Counter(
            "hearth_turns", "Turns, by how they ended and who understood them", ["outcome", "tier"], registry=registry
        )
        self._wakes = Counter("hearth_wakes", "Wake words heard, and presses of a button", ["word"], registry=registry)
        self._unanswered = Counter(
            "hearth_wakes_unanswered", "Wakes after which nobody said anything", ["word"], registry=registry
        )
        self._false_wakes = Counter(
            "hearth_false_wakes", "Wakes that a person said were none", ["word"], registry=registry
        )
        self._feedback = Counter(
            "hearth_feedback_wrong", "Turns that a person said were wrong, by what was wrong", ["what"],
            registry=registry,
        )  # fmt: skip
        self._follow_ups = Counter("hearth_follow_ups", "Turns without a wake word before them", registry=registry)
        self._barge_ins = Counter("hearth_barge_ins", "Turns that a new wake word cut short", registry=registry)
        self._yields = Counter("hearth_yields", "Wakes that another assistant answered", registry=registry)
        self._actions = Counter(
            "hearth_actions", "Commands to devices, by what became of them", ["result"], registry=registry
        )
        self._faults = Counter(
            "hearth_faults", "Expected failures, after which it went on", ["stage", "code"], registry=registry
        )
        self._last_wake = Gauge(
            "hearth_last_wake_timestamp_seconds", "When it was last woken, or else when it started", registry=registry
        )
        self._open: dict[str, str] = {}
        """By its id, the wake word of each spoken turn that has not ended."""
        self._woken_by: dict[str, str] = {}
        """Of the last turns, for feedback that comes later."""
        self._codes: set[tuple[str, str]] = set()
        self._begin()

    def _begin(self) -> None:
        """Have those that can be counted from nothing on, so that the first is seen as an increase."""
        for stage in STAGES:
            self._stage_seconds.labels(stage)
        for word in (*self._words(), OTHER):
            for counter in (self._wakes, self._unanswered, self._false_wakes):
                counter.labels(word)
        for what in WRONG:
            self._feedback.labels(what)
        for result in Confirmation:
            self._actions.labels(result.value)
        for outcome in OutcomeKind:
            self._turns.labels(outcome.value, NONE)
        for tier in Tier:
            self._turns.labels(OutcomeKind.DONE.value, tier.value)
        self._last_wake.set(self._now())

    def take(self, event: AnyEvent) -> None:
        """Count it."""
        match event:
            case Woke():
                self._woke(event)
            case FollowUp():
                self._follow_ups.inc()
                self._open[event.turn] = ""
            case Yielded():
                self._yields.inc()
            case Acted() | ActionFailed():
                self._actions.labels(event.report.confirmation.value).inc()
            case Fault():
                self._faults.labels(*self._known(event.stage, event.code)).inc()
            case Feedback():
                self._judged(event)
            case TurnEnded():
                self._ended(event)

    def _woke(self, event: Woke) -> None:
        word = self._word(event.word)
        self._wakes.labels(word).inc()
        self._last_wake.set(self._now())
        if self._open:
            self._barge_ins.inc()
        # The turn before it is over, be it that its end was told while nobody could listen.
        self._open = {event.turn: word}
        self._woken_by[event.turn] = word
        while len(self._woken_by) > _REMEMBERED:
            del self._woken_by[next(iter(self._woken_by))]

    def _judged(self, event: Feedback) -> None:
        if event.withdrawn:
            return  # A counter of what was said does not go down.
        if event.wrong in WRONG:
            self._feedback.labels(event.wrong).inc()
        if event.wrong == "wake":
            self._false_wakes.labels(self._woken_by.get(event.turn, OTHER)).inc()

    def _ended(self, turn: TurnEnded) -> None:
        self._turns.labels(turn.outcome.value, turn.tier.value if turn.tier else NONE).inc()
        word = self._open.pop(turn.turn, None)
        if word and turn.outcome is OutcomeKind.SILENCE:
            self._unanswered.labels(word).inc()
        for stage in STAGES:
            if (ms := getattr(turn.timings, f"{stage}_ms")) is not None:
                self._stage_seconds.labels(stage).observe(ms / 1000)
        if (seconds := took_s(turn.timings)) is not None and turn.text:
            self._turn_seconds.observe(seconds)

    def _word(self, word: str) -> str:
        return word if word in self._words() else OTHER

    def _known(self, stage: str, code: str) -> tuple[str, str]:
        if (stage, code) not in self._codes and len(self._codes) >= _FAULT_CODES:
            return OTHER, OTHER
        self._codes.add((stage, code))
        return stage, code


def took_s(timings: Timings) -> float | None:
    """What the person waited, seconds: until the first sound of the answer; of an answer in writing, all of it."""
    if timings.first_audio_ms is not None:
        return timings.first_audio_ms / 1000
    spent = [ms for name in _UNSPOKEN if (ms := getattr(timings, name)) is not None]
    return sum(spent) / 1000 if spent else None


def words_of(words: Iterable[str]) -> list[str]:
    """Wake words as events name them: one that is a file of its own by the file's name."""
    return sorted({Path(word).stem for word in words})
