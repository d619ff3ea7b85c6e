"""Weeks of the assistant's service, from the counts of their days. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from edge.observe.kpis import CORRECTIONS, LONGER, TOOK_S, What, took_name

_DAYS = 7


@dataclass(frozen=True, slots=True)
class Week:
    """One week, from Monday on. None stands for what can't be said, as nothing was counted."""

    begins: date
    tasks: int
    success_rate: float | None
    """Of the tasks, those that were done and not corrected, 0–1."""
    turns_per_task: float | None
    median_s: float | None
    """Half of the tasks were resolved within so many seconds."""
    mean_s: float | None
    corrections: Mapping[str, int]
    """By kind: ``undone``, ``corrected``, ``repeated``, ``wrong``."""
    wakes: int
    unanswered: int
    """Wakes after which nobody said anything."""
    false_wakes: int
    """Wakes that a person said were none."""
    asked: int
    """How often it was asked how satisfied one is."""
    answers: int
    satisfaction: float | None
    """The mean of the answers, 1–5."""

    @property
    def corrected_rate(self) -> float | None:
        """Corrections per task."""
        return sum(self.corrections.values()) / self.tasks if self.tasks else None


def monday(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(day.weekday())


def weeks(days: Mapping[date, Mapping[str, float]], first: date, last: date) -> Sequence[Week]:
    """One for each week from that of ``first`` to that of ``last``, the oldest first; also those without any turn."""
    count = (monday(last) - monday(first)).days // _DAYS + 1
    return [_week(days, monday(first) + timedelta(_DAYS * number)) for number in range(count)]


def _week(days: Mapping[date, Mapping[str, float]], begins: date) -> Week:
    total: dict[str, float] = {}
    for number in range(_DAYS):
        for what, n in days.get(begins + timedelta(number), {}).items():
            total[what] = total.get(what, 0.0) + n
    tasks, answered = total.get(What.TASKS, 0.0), total.get(What.ANSWERED, 0.0)

    def of(what: str, whole: float) -> float | None:
        return total.get(what, 0.0) / whole if whole else None

    def count(what: What) -> int:
        return round(total.get(what, 0.0))

    return Week(
        begins=begins,
        tasks=round(tasks),
        success_rate=of(What.SUCCEEDED, tasks),
        turns_per_task=of(What.TURNS, tasks),
        median_s=_median(total),
        mean_s=of(What.SECONDS, tasks),
        corrections={what.value: count(what) for what in CORRECTIONS},
        wakes=count(What.WAKES),
        unanswered=count(What.UNANSWERED),
        false_wakes=count(What.FALSE_WAKES),
        asked=count(What.ASKED),
        answers=round(answered),
        satisfaction=of(What.SCORE, answered),
    )


def _median(total: Mapping[str, float]) -> float | None:
    """Within the class that holds it, as if the tasks of that class were spread evenly over it."""
    classes = [(bound, total.get(took_name(bound), 0.0)) for bound in (*TOOK_S, LONGER)]
    half, below, lower = sum(n for _, n in classes) / 2, 0.0, 0.0
    for bound, n in classes:
        if n and below + n >= half:
            return lower if bound == LONGER else lower + (bound - lower) * (half - below) / n
        below, lower = below + n, bound
    return None


def as_row(week: Week) -> dict[str, Any]:
    """Its JSON object. Rates and means are rounded, and null where nothing was counted."""
    return {
        "week": week.begins.isoformat(),
        "tasks": week.tasks,
        "success_rate": _rounded(week.success_rate),
        "turns_per_task": _rounded(week.turns_per_task),
        "median_s": _rounded(week.median_s),
        "mean_s": _rounded(week.mean_s),
        "corrected_rate": _rounded(week.corrected_rate),
        "corrections": dict(week.corrections),
        "wakes": week.wakes,
        "unanswered_wakes": week.unanswered,
        "false_wakes": week.false_wakes,
        "asked": week.asked,
        "answers": week.answers,
        "satisfaction": _rounded(week.satisfaction),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
