"""Spans of time that people name when they look back."""

import datetime
from typing import Final

_NOON: Final = 12
_EVENING: Final = 18


def period(name: str, now: float) -> tuple[float, float]:
    """From when until when ``name`` lasts, in seconds since the epoch; ``now`` likewise.

    ``today``, ``yesterday``, ``this morning``, ``this afternoon``, ``this evening``, ``last night``, ``this week``,
    ``last week``; anything else is all the past.

    Days are those of the machine's time zone; a week begins on Monday.
    """
    moment = datetime.datetime.fromtimestamp(now)
    today = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    monday = today - datetime.timedelta(days=today.weekday())
    day, week = datetime.timedelta(days=1), datetime.timedelta(days=7)
    spans = {
        "today": (today, today + day),
        "yesterday": (today - day, today),
        "this morning": (today, today.replace(hour=_NOON)),
        "this afternoon": (today.replace(hour=_NOON), today.replace(hour=_EVENING)),
        "this evening": (today.replace(hour=_EVENING), today + day),
        "last night": (today - day + datetime.timedelta(hours=_EVENING), today + datetime.timedelta(hours=6)),
        "this week": (monday, monday + week),
        "last week": (monday - week, monday),
    }
    span = spans.get(name.casefold())
    return (span[0].timestamp(), span[1].timestamp()) if span else (0.0, float("inf"))
