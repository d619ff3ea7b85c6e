"""What counts as a task, as its success, and as a correction."""

from datetime import date

import pytest

from edge.dialogue import RESTORE, UNSCHEDULE
from edge.events import AnyEvent, Asked, Feedback, FollowUp, Reply, SpeechStarted, Timings, TurnEnded, Woke
from edge.intents import Intent, OutcomeKind, Tier
from edge.observe.kpis import Judge, What
from edge.observe.weeks import weeks
from tests.unit.observe.told import ended

DAY = date(2026, 11, 24)
LAMP, HALL = Intent("HassTurnOn", {"name": "Lamp"}), Intent("HassTurnOn", {"name": "Hall"})
LOUDER, BACK = Intent("HassSetVolumeRelative", {"volume_step": "up"}), Intent(RESTORE, {"device": "light.lamp"})
FAILED, SILENCE, LOST = OutcomeKind.FAILED, OutcomeKind.SILENCE, OutcomeKind.NOT_UNDERSTOOD
WHICH = Asked(slot="name", choices=("Lamp", "Hall"))
Told = list[tuple[float, AnyEvent]]


def woke(turn: str, at: float = 0.0) -> tuple[float, AnyEvent]:
    return at, Woke(turn=turn, at=at, word="alexa", score=0.9)


def turn(name: str, at: float, **how: object) -> tuple[float, AnyEvent]:
    return at, ended(name, **how)  # type: ignore[arg-type]


def wrong(name: str, at: float, what: str = "done") -> tuple[float, AnyEvent]:
    return at, Feedback(turn=name, at=at, wrong=what)


def withdrawn(name: str, at: float, what: str = "done") -> tuple[float, AnyEvent]:
    return at, Feedback(turn=name, at=at, wrong=what, withdrawn=True)


def judged(told: Told) -> dict[str, float]:
    judge = Judge()
    for at, event in told:
        judge.take(event, at, DAY)
    return {name: n for name, n in judge.taken(everything=True).get(DAY, {}).items() if not name.startswith("took")}


@pytest.mark.parametrize(
    ("told", "tasks", "succeeded", "turns"),
    [
        ([turn("1", 1)], 1, 1, 1),
        ([turn("1", 1, outcome=FAILED)], 1, 0, 1),
        ([turn("1", 1, outcome=OutcomeKind.UNCONFIRMED)], 1, 0, 1),
        ([turn("1", 1, outcome=OutcomeKind.QUEUED)], 1, 0, 1),
        ([turn("1", 1, outcome=LOST, intent=None, tier=None)], 1, 0, 1),
        # Two wishes, though one conversation.
        ([turn("1", 1), turn("2", 9, intent=HALL)], 2, 2, 2),
        # A question and its answer.
        ([turn("1", 1, outcome=LOST, question=WHICH), turn("2", 9)], 1, 1, 2),
        ([turn("1", 1, question=WHICH)], 1, 0, 1),
        # Tried again, in the end with success.
        ([turn("1", 1, outcome=LOST, intent=None), turn("2", 9)], 1, 1, 2),
        ([turn("1", 1, outcome=FAILED), turn("2", 9, outcome=FAILED), turn("3", 20)], 1, 1, 3),
        ([turn("1", 1, outcome=FAILED), turn("2", 90)], 2, 1, 2),
        # Two people, or two rooms.
        ([turn("1", 1, outcome=FAILED), turn("2", 9, session="s2")], 2, 1, 2),
        # Nothing that was wanted.
        ([woke("1"), turn("1", 6, outcome=SILENCE, text="")], 0, 0, 0),
        ([turn("1", 6, outcome=OutcomeKind.CANCELLED)], 0, 0, 0),
        ([turn("1", 1), (2, FollowUp(turn="2", at=2, for_s=6)), turn("2", 6, outcome=LOST, intent=None, reply=Reply(text=""))], 1, 1, 1),
    ],
)  # fmt: skip
def test_tasks(told: Told, tasks: int, succeeded: int, turns: int) -> None:
    found = judged(told)
    assert [found.get(what, 0) for what in (What.TASKS, What.SUCCEEDED, What.TURNS)] == [tasks, succeeded, turns]


@pytest.mark.parametrize(
    ("told", "counted"),
    [
        ([turn("1", 1), turn("2", 9, intent=BACK, tier=Tier.CONTEXT)], {What.UNDONE: 1}),
        ([turn("1", 1), turn("2", 9, intent=Intent(UNSCHEDULE, {"last": True}))], {What.UNDONE: 1}),
        ([turn("1", 1), turn("2", 9, intent=HALL, further=(BACK,), tier=Tier.CONTEXT)], {What.CORRECTED: 1}),
        ([turn("1", 1), turn("2", 25)], {What.REPEATED: 1}),
        ([turn("1", 1), turn("2", 32)], {}),
        ([turn("1", 1, intent=LOUDER), turn("2", 5, intent=LOUDER)], {}),
        ([turn("1", 1), turn("2", 9, intent=HALL)], {}),
        ([turn("1", 1), turn("2", 9, session="s2")], {}),
        # Said again after it had failed: a try, no correction.
        ([turn("1", 1, outcome=FAILED), turn("2", 9)], {}),
        # Much later it is a wish of its own: the light was wanted for three minutes.
        ([turn("1", 1), turn("2", 180, intent=BACK, tier=Tier.CONTEXT)], {}),
        ([turn("1", 1), wrong("1", 5)], {What.WRONG: 1}),
        ([turn("1", 1), wrong("1", 5000)], {What.WRONG: 1}),
        ([turn("1", 1), wrong("1", 5000), wrong("1", 5001, "heard")], {What.WRONG: 1}),
    ],
)  # fmt: skip
def test_corrections_and_what_is_corrected_was_no_success(told: Told, counted: dict[str, float]) -> None:
    found = judged(told)
    corrections = (What.UNDONE, What.CORRECTED, What.REPEATED, What.WRONG)
    assert {what: n for what, n in found.items() if what in corrections} == counted
    right = sum(not isinstance(event, Feedback) for _, event in told) - (1 if What.WRONG in counted else 0)
    failed = sum(isinstance(event, TurnEnded) and event.outcome is FAILED for _, event in told)
    assert found.get(What.SUCCEEDED, 0) == (0 if counted else right - failed)


def test_what_was_right_is_no_correction() -> None:
    assert judged([turn("1", 1), wrong("1", 9, "")])[What.SUCCEEDED] == 1


@pytest.mark.parametrize(
    ("told", "succeeded", "said_wrong", "false_wakes"),
    [
        ([wrong("1", 9), withdrawn("1", 10)], 1, 0, 0),
        ([wrong("1", 9), wrong("1", 10, "")], 1, 0, 0),
        ([wrong("1", 9), wrong("1", 10, "heard")], 0, 1, 0),
        ([wrong("1", 9), wrong("1", 10, "wake")], 1, 0, 1),
        ([wrong("1", 9, "wake"), withdrawn("1", 10, "wake")], 1, 0, 0),
        # Long after the task was judged.
        ([wrong("1", 500), withdrawn("1", 900)], 1, 0, 0),
        ([wrong("1", 9), withdrawn("1", 900)], 1, 0, 0),
        # Of another one of the same task.
        ([wrong("2", 9), withdrawn("1", 10)], 0, 1, 0),
        ([wrong("1", 9), wrong("2", 9), withdrawn("1", 10)], 0, 1, 0),
        # Said before this process began.
        ([withdrawn("long ago", 9)], 1, 0, 0),
    ],
)
def test_who_changes_their_mind_is_counted_by_what_they_said_last(
    told: Told, succeeded: int, said_wrong: int, false_wakes: int
) -> None:
    found = judged([turn("1", 1, outcome=FAILED), turn("2", 5), *told])
    assert [found.get(what, 0) for what in (What.SUCCEEDED, What.WRONG, What.FALSE_WAKES)] == [
        succeeded,
        said_wrong,
        false_wakes,
    ]


def test_wakes() -> None:
    found = judged([
        woke("1"), turn("1", 6, outcome=SILENCE, text=""), wrong("1", 8, "wake"),
        woke("2", 10), turn("2", 12),
        (13, FollowUp(turn="3", at=13, for_s=6)), turn("3", 19, outcome=SILENCE, text=""),
    ])  # fmt: skip
    assert [found.get(what, 0) for what in (What.WAKES, What.UNANSWERED, What.FALSE_WAKES)] == [2, 1, 1]
    assert found[What.SUCCEEDED] == 1


def test_the_time_to_resolution_is_from_the_first_wake_to_the_last_answer() -> None:
    spoken: Told = [
        woke("1", 100.0), (100.5, SpeechStarted(turn="1", at=0)), turn("1", 103.0, outcome=LOST, question=WHICH),
        (103.0, FollowUp(turn="2", at=0, for_s=6)), (105.0, SpeechStarted(turn="2", at=0)), turn("2", 107.0),
    ]  # fmt: skip
    assert judged(spoken)[What.SECONDS] == pytest.approx(7.0)
    written = [turn("1", 50.0, timings=Timings(understand_ms=200, act_ms=300))]
    assert judged(written)[What.SECONDS] == pytest.approx(0.5)


def test_a_task_is_judged_once_nobody_goes_on_with_it() -> None:
    judge = Judge()
    judge.take(ended("1"), 1.0, DAY)
    assert What.TASKS not in judge.taken().get(DAY, {})
    judge.close(60.0)
    assert What.TASKS not in judge.taken().get(DAY, {})
    judge.close(200.0)
    assert judge.taken()[DAY][What.TASKS] == 1
    judge.take(Feedback(turn="1", at=0, wrong="done"), 300.0, date(2026, 11, 25))
    assert judge.taken() == {DAY: {What.SUCCEEDED: -1}, date(2026, 11, 25): {What.WRONG: 1}}


def test_weeks() -> None:
    days = {
        date(2026, 11, 16): {
            "tasks": 4.0,
            "succeeded": 3.0,
            "turns": 6.0,
            "seconds": 10.0,
            "took.2": 3.0,
            "took.5": 1.0,
        },
        date(2026, 11, 22): {
            "tasks": 4.0,
            "succeeded": 4.0,
            "turns": 4.0,
            "undone": 1.0,
            "took.2": 1.0,
            "took.inf": 3.0,
        },
        date(2026, 11, 30): {"asked": 1.0, "answered": 1.0, "score": 4.0},
    }
    first, empty, last = weeks(days, date(2026, 11, 18), date(2026, 12, 2))
    assert (first.begins, first.tasks, first.success_rate, first.turns_per_task) == (date(2026, 11, 16), 8, 0.875, 1.25)
    assert (first.median_s, first.mean_s, first.corrections["undone"], first.corrected_rate) == (2.0, 1.25, 1, 0.125)
    assert (empty.begins, empty.tasks, empty.success_rate, empty.median_s) == (date(2026, 11, 23), 0, None, None)
    assert (last.asked, last.answers, last.satisfaction) == (1, 1, 4.0)


def test_whatever_happens_little_is_remembered() -> None:
    judge = Judge()
    for number in range(3000):
        judge.take(Woke(turn=f"t{number}", at=0, word="alexa", score=1), 0.0, DAY)
        judge.take(ended(f"u{number}", session=f"s{number}"), 0.0, DAY)
    assert max(len(judge._begun), len(judge._open), len(judge._of_turn)) <= 512
