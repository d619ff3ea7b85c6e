"""How well the assistant serves, judged from its own events. Pure: events and moments in, counts by day out.

A **task** is what somebody wanted, in one turn or several of one session. A turn goes on with the task before it when
that one's last turn asked something, when it came to nothing and this one follows within a minute, or when this one
takes it back or says it again. Turns in which nothing was said, or nothing that was meant for the assistant, belong to
no task.

A task is a **success** when its last turn was done, as devices have confirmed where they can, and nobody took it back,
corrected it, said it again within half a minute, or said later that it was wrong.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Final

from edge.dialogue import RESTORE, UNSCHEDULE
from edge.events import AnyEvent, Feedback, FollowUp, SpeechStarted, TurnEnded, Woke
from edge.intents import Intent, OutcomeKind

SATISFACTION: Final = "HearthSatisfaction"
"""The intent of who answers how satisfied one is; the answer is in the slot :data:`SATISFACTION_SLOT`."""
SATISFACTION_SLOT: Final = "satisfaction"
RETRY_S: Final = 60.0
"""Who tries again after a failure does so within a minute."""
REPEAT_S: Final = 30.0
"""A command that is said again within half a minute did not do what was wanted."""
TOOK_S: Final = (1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 20.0, 30.0, 60.0, 120.0)
"""Bounds of the classes in which times to resolution are counted, seconds; longer ones are in a class of their own."""
LONGER: Final = float("inf")
_TURN_S: Final = 60.0
"""The longest that a turn takes, which may go on with a task and has begun already."""
_REMEMBERED: Final = 512
"""Turns for which feedback may still come."""
_OPEN: Final = 64
"""Sessions with a task that may go on."""
_NOTHING: Final = frozenset({OutcomeKind.SILENCE, OutcomeKind.CANCELLED})


class What(StrEnum):
    """What is counted in a day."""

    TASKS = "tasks"
    SUCCEEDED = "succeeded"
    TURNS = "turns"
    """Of tasks."""
    SECONDS = "seconds"
    """From the start of each task to the end of its last answer, together."""
    UNDONE = "undone"
    """Tasks that were taken back: "undo that"."""
    CORRECTED = "corrected"
    """"No, the other one"."""
    REPEATED = "repeated"
    """The same said again within half a minute."""
    WRONG = "wrong"
    """Turns that a person said later were wrong."""
    WAKES = "wakes"
    UNANSWERED = "unanswered"
    """Wakes after which nobody said anything."""
    FALSE_WAKES = "false_wakes"
    """Wakes that a person said were none."""
    ASKED = "asked"
    """How often it was asked how satisfied one is."""
    ANSWERED = "answered"
    SCORE = "score"
    """The sum of the answers, 1 to 5 each."""


CORRECTIONS: Final = (What.UNDONE, What.CORRECTED, What.REPEATED, What.WRONG)
Counts = Mapping[date, Mapping[str, float]]
"""By day and name: of :class:`What`, or ``took.BOUND`` for the class of a time to resolution."""


@dataclass(slots=True)
class Task:
    """What somebody wanted."""

    begun: float
    """Seconds, monotonic."""
    day: date
    turns: int = 0
    ended: float = 0.0
    """When its last turn was over."""
    outcome: OutcomeKind = OutcomeKind.SILENCE
    intents: tuple[Intent, ...] = ()
    """Of its last turn."""
    asks: bool = False
    """Whether its last turn ended with a question."""
    spoiled: bool = False
    """Somebody corrected it."""
    blamed: int = 0
    """Of its turns, how many a person said later were wrong."""
    closed: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether it was."""
        return self.outcome is OutcomeKind.DONE and not self.asks and not self.spoiled and not self.blamed


@dataclass(slots=True)
class Judge:
    """Feed it every event; take what it has counted."""

    _counts: dict[date, dict[str, float]] = field(default_factory=dict)
    _open: OrderedDict[str, Task] = field(default_factory=OrderedDict)
    """By session, the task that may go on."""
    _of_turn: OrderedDict[str, Task] = field(default_factory=OrderedDict)
    _begun: OrderedDict[str, tuple[float, bool]] = field(default_factory=OrderedDict)
    """When each running turn began, and whether a wake word did it."""
    _wrong: OrderedDict[str, tuple[str, date]] = field(default_factory=OrderedDict)
    """What was last said to be wrong with a turn, and when."""

    def take(self, event: AnyEvent, at: float, day: date) -> None:
        """``at``: seconds, monotonic; ``day``: the date here."""
        self.close(at)
        match event:
            case Woke():
                self._count(day, What.WAKES)
                self._start(event.turn, at, woken=True)
            case FollowUp() | SpeechStarted():
                # Whoever goes on without a wake word begins when he speaks.
                woken = self._begun.get(event.turn, (0.0, False))[1]
                self._start(event.turn, self._begun[event.turn][0] if woken else at, woken=woken)
            case TurnEnded():
                self._ended(event, at, day)
            case Feedback():
                self._told(event, day)

    def _start(self, turn: str, at: float, *, woken: bool) -> None:
        self._begun[turn] = at, woken
        _bound(self._begun, _OPEN)

    def _ended(self, turn: TurnEnded, at: float, day: date) -> None:
        begun, woken = self._begun.pop(turn.turn, (at - _spent_s(turn), False))
        if turn.outcome is OutcomeKind.SILENCE and woken:
            self._count(day, What.UNANSWERED)
        if turn.outcome in _NOTHING or not turn.text or _unmeant(turn):
            return
        task = self._task(turn, begun, at, day)
        task.turns += 1
        asked = turn.question
        # How satisfied one is, is no part of the task.
        task.asks = asked is not None and asked.slot != SATISFACTION_SLOT
        task.ended, task.outcome = at, turn.outcome
        task.intents = tuple(each for each in (turn.intent, *turn.further) if each is not None)
        self._of_turn[turn.turn] = task
        _bound(self._of_turn, _REMEMBERED)

    def _task(self, turn: TurnEnded, begun: float, at: float, day: date) -> Task:
        """The one that ``turn`` belongs to."""
        before = self._open.get(turn.session)
        if before is not None:
            how = _correction(turn, before, begun) if begun - before.ended <= RETRY_S else None
            if how is not None:
                before.spoiled = True
                self._count(day, how)
            if how is not None or (begun - before.ended <= RETRY_S and (before.asks or _failed(before))):
                self._open.move_to_end(turn.session)
                return before
            self._close(self._open.pop(turn.session))
        task = self._open[turn.session] = Task(begun, day)
        while len(self._open) > _OPEN:
            self._close(self._open.popitem(last=False)[1])
        return task

    def _told(self, feedback: Feedback, day: date) -> None:
        """What was said of the same turn before no longer counts: somebody changed their mind, or takes it back."""
        before = self._wrong.pop(feedback.turn, None)
        if before is not None:
            self._blame(feedback.turn, *before, -1)
        if feedback.wrong and not feedback.withdrawn:
            self._blame(feedback.turn, feedback.wrong, day, 1)
            self._wrong[feedback.turn] = feedback.wrong, day
            _bound(self._wrong, _REMEMBERED)

    def _blame(self, turn: str, wrong: str, day: date, by: int) -> None:
        self._count(day, What.FALSE_WAKES if wrong == "wake" else What.WRONG, by)
        task = self._of_turn.get(turn)
        if task is None or wrong == "wake":
            return
        before = task.succeeded
        task.blamed += by
        if task.closed:
            self._count(task.day, What.SUCCEEDED, task.succeeded - before)

    def close(self, at: float) -> None:
        """Judge the tasks that nobody goes on with any more."""
        while self._open:
            session, task = next(iter(self._open.items()))
            if at - task.ended < RETRY_S + _TURN_S:
                break
            self._close(self._open.pop(session))

    def _close(self, task: Task) -> None:
        task.closed = True
        took = max(0.0, task.ended - task.begun)
        self._count(task.day, What.TASKS)
        self._count(task.day, What.SUCCEEDED, task.succeeded)
        self._count(task.day, What.TURNS, task.turns)
        self._count(task.day, What.SECONDS, took)
        self._count(task.day, took_name(next((bound for bound in TOOK_S if took <= bound), LONGER)))

    def _count(self, day: date, what: str, n: float = 1) -> None:
        if n:
            counts = self._counts.setdefault(day, {})
            counts[what] = counts.get(what, 0.0) + n

    def taken(self, *, everything: bool = False) -> Counts:
        """What was counted since this was last asked. ``everything``: tasks that may go on are judged as they are."""
        if everything:
            self.close(float("inf"))
        counts, self._counts = self._counts, {}
        return counts


def took_name(bound: float) -> str:
    """The name under which tasks are counted that took at most ``bound`` seconds."""
    return f"took.{bound:g}"


def _bound(known: OrderedDict[str, Any], most: int) -> None:
    while len(known) > most:
        known.popitem(last=False)


def _spent_s(turn: TurnEnded) -> float:
    times = turn.timings
    return sum(filter(None, (times.stt_ms, times.understand_ms, times.act_ms))) / 1000


def _unmeant(turn: TurnEnded) -> bool:
    """Somebody went on talking after an answer, and not to the assistant; or says how satisfied one is."""
    if turn.intent is not None and turn.intent.name == SATISFACTION:
        return True
    return turn.outcome is OutcomeKind.NOT_UNDERSTOOD and not turn.reply.text and turn.question is None


def _failed(task: Task) -> bool:
    return task.outcome not in (OutcomeKind.DONE, OutcomeKind.QUEUED)


def _correction(turn: TurnEnded, before: Task, begun: float) -> What | None:
    """How ``turn``, that began at ``begun``, says that the task before was not done as it was meant."""
    intents = tuple(each for each in (turn.intent, *turn.further) if each is not None)
    if not intents or before.asks or _failed(before):
        return None
    if intents[0].name == RESTORE or (intents[0].name == UNSCHEDULE and "last" in intents[0].slots):
        return What.UNDONE
    if any(each.name == RESTORE for each in intents[1:]):
        return What.CORRECTED
    again = begun - before.ended <= REPEAT_S and _same(intents, before.intents)
    return What.REPEATED if again else None


def _same(intents: Iterable[Intent], others: Iterable[Intent]) -> bool:
    """Whether it is the same wish; "louder" said twice is two."""
    these = [(each.name, dict(each.slots)) for each in intents]
    steps = any(slot.endswith("_step") for _, slots in these for slot in slots)
    return not steps and these == [(each.name, dict(each.slots)) for each in others]
