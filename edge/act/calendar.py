"""From what was said of a time to when that is, in the time zone of the machine, over changes of its clocks."""

import datetime
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypedDict
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import rrulestr

from edge.act.moments import Said

DAY_NAMES: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_HOURS_OF: Final = {"morning": range(12), "afternoon": range(12, 18), "evening": range(16, 24), "night": range(18, 24)}
_USUAL: Final = {"morning": 9, "afternoon": 15, "evening": 19, "night": 21}
"""The hour that is meant when only the part of the day is said."""
_AWAKE_FROM: Final = 7
_NOON: Final = 12
_TOO_FAR: Final = datetime.timedelta(days=366 * 5)


@dataclass(frozen=True, slots=True)
class When:
    """A moment, and whether it comes again."""

    at: datetime.datetime
    """Aware; the first time."""
    rule: str | None = None
    """How it recurs, as an RFC 5545 recurrence rule on local time; None: it doesn't."""
    span_s: float | None = None
    """What was said was a length of time, counted from now on."""


def local_zone() -> datetime.tzinfo:
    """The machine's time zone, with its rules; that of ``TZ``, else of ``/etc/localtime``, else UTC."""
    try:
        if name := os.environ.get("TZ", "").removeprefix(":"):
            return ZoneInfo(name)
        with Path("/etc/localtime").open("rb") as file:
            return ZoneInfo.from_file(file, "localtime")
    except (OSError, ValueError, ZoneInfoNotFoundError):
        return datetime.UTC


def when(said: Said, now: datetime.datetime, *, awake: bool, usual: bool) -> When | None:
    """The first time after ``now`` (aware) that fits what was ``said``; None when that tells no time of day.

    ``awake``: of a day to come, "at four" means the afternoon. ``usual``: a day, or a part of it, is time enough.
    """
    if said.span_s is not None and said.hour is None:
        at = now.astimezone(datetime.UTC) + datetime.timedelta(seconds=said.span_s)
        return When(at.astimezone(now.tzinfo), span_s=said.span_s) if said.span_s else None
    if said.span_s is not None:
        said = replace(said, span_s=None, days_ahead=int(said.span_s // 86_400))
    hours = _hours(said, usual)
    if not hours:
        return None
    if said.every is not None:
        return _recurring(said, now, hours, awake)
    moments = [moment for day in _days(said, now) if (moment := _first(day, said, now, hours, awake))]
    return When(min(moments)) if moments else None


def following(rule: str, start: datetime.datetime, after: datetime.datetime) -> datetime.datetime | None:
    """The next time by ``rule`` later than ``after`` (both aware); ``start`` is the first there was. None: no more."""
    naive = after.astimezone(start.tzinfo).replace(tzinfo=None)
    found = rrulestr(rule, dtstart=start.replace(tzinfo=None)).after(naive)
    # What falls into the hour that is skipped in spring is real an hour later; that is what this brings it to.
    return found.replace(tzinfo=start.tzinfo).astimezone(datetime.UTC).astimezone(start.tzinfo) if found else None


class Recurring(TypedDict):
    """How something recurs, as it is worded."""

    unit: str
    """day, week, month, year."""
    interval: int
    days: list[int]
    """0 is Monday."""


def recurrence(rule: str) -> Recurring:
    """``rule`` as it is worded."""
    parts = dict(part.split("=") for part in rule.split(";"))
    return {
        "unit": {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}[parts["FREQ"]],
        "interval": int(parts.get("INTERVAL", 1)),
        "days": [DAY_NAMES.index(day) for day in parts.get("BYDAY", "").split(",") if day],
    }


def fits(said: Said, moment: datetime.datetime, now: datetime.datetime) -> bool:
    """Whether ``moment`` (aware, local) is one of those that ``said`` is about; what was not said fits all."""
    if said.hour is not None and (moment.hour, moment.minute) not in {
        (hour, said.minute) for hour in _hours(said, usual=False)
    }:
        return False
    if said.hour is None and said.part is not None and moment.hour not in _HOURS_OF[said.part]:
        return False
    if said.weekdays and moment.weekday() not in said.weekdays:
        return False
    return not said.dated or moment.date() in set(_days(said, now))


def _hours(said: Said, usual: bool) -> list[int]:
    """The hours of the day that may be meant, in order."""
    if said.hour is None:
        if said.part is not None:
            return [_USUAL[said.part]] if usual else []
        return [_USUAL["morning"]] if usual and (said.every or _later(said)) else []
    if said.meridiem == "24":
        return [said.hour]
    half = {"am": [said.hour % 12], "pm": [said.hour % 12 + 12]}.get(str(said.meridiem))
    if half:
        return half
    both = [said.hour % 12, said.hour % 12 + 12]
    if said.part is None:
        return both
    if said.part == "night":
        return [both[0]] if said.hour % 12 < 6 else [both[1]]  # noqa: PLR2004  # one at night is after midnight
    return [hour for hour in both if hour in _HOURS_OF[said.part]] or both


def _later(said: Said) -> bool:
    return said.day is not None or said.weekday is not None or bool(said.days_ahead)


def days_of(said: Said, now: datetime.datetime) -> Sequence[datetime.date]:
    """The days that may be meant, the next first; ``said`` names one."""
    return list(_days(said, now))


def _days(said: Said, now: datetime.datetime) -> Iterable[datetime.date]:
    today = now.date()
    if said.day is not None:
        return _dates(said, today)
    if said.weekday is not None:
        ahead = (said.weekday - today.weekday()) % 7
        if said.weeks_ahead:
            return [today + datetime.timedelta(days=7 - today.weekday() + said.weekday)]
        return [today + datetime.timedelta(days=ahead), today + datetime.timedelta(days=ahead or 7)]
    if said.days_ahead is not None:
        day = today + datetime.timedelta(days=said.days_ahead)
        return [day, day + datetime.timedelta(days=1)] if said.part == "night" and said.hour is not None else [day]
    return [today, today + datetime.timedelta(days=1)]


def _dates(said: Said, today: datetime.date) -> list[datetime.date]:
    """The day of the month that was said, in this and the next year, as far as there is one."""
    assert said.day is not None
    months = [(year, month) for year in (today.year, today.year + 1) for month in range(1, 13)]
    found = []
    for year, month in months:
        if said.month not in (None, month):
            continue
        try:
            day = datetime.date(said.year or year, month, said.day)
        except ValueError:
            continue
        if day >= today:
            found.append(day)
    return sorted(set(found))[:2]


def _first(
    day: datetime.date, said: Said, now: datetime.datetime, hours: list[int], awake: bool
) -> datetime.datetime | None:
    """The first moment of ``day`` after ``now``."""
    late = said.part == "night" and said.hour is not None and hours[0] < 6  # noqa: PLR2004
    if late and day == now.date() and said.days_ahead is not None:
        day += datetime.timedelta(days=1)
    if awake and len(hours) > 1 and day > now.date() and _later(said):
        hours = [_waking(hours)]
    elif len(hours) > 1 and hours[0] == 0 and day > now.date() and _later(said):
        hours = [_NOON]
    moments = (_local(day, hour, said.minute, now.tzinfo) for hour in hours)
    return next((moment for moment in moments if now < moment < now + _TOO_FAR), None)


def _waking(hours: list[int]) -> int:
    return next((hour for hour in hours if hour >= _AWAKE_FROM), hours[-1])


def _local(day: datetime.date, hour: int, minute: int, zone: datetime.tzinfo | None) -> datetime.datetime:
    naive = datetime.datetime.combine(day, datetime.time(hour, minute), zone)
    return naive.astimezone(datetime.UTC).astimezone(zone)


def _recurring(said: Said, now: datetime.datetime, hours: list[int], awake: bool) -> When | None:
    hour = hours[0] if len(hours) == 1 else _waking(hours) if awake else hours[0] or _NOON
    parts = [f"FREQ={said.every}"]
    if said.interval > 1:
        parts.append(f"INTERVAL={said.interval}")
    weekdays = said.weekdays or ({said.weekday} if said.every == "WEEKLY" and said.weekday is not None else set())
    if weekdays:
        parts.append("BYDAY=" + ",".join(DAY_NAMES[day] for day in sorted(weekdays)))
    if said.day is not None and said.every in ("MONTHLY", "YEARLY"):
        parts.append(f"BYMONTHDAY={said.day}")
    if said.month is not None and said.every == "YEARLY":
        parts.append(f"BYMONTH={said.month}")
    rule = ";".join(parts)
    first = now.date() + datetime.timedelta(days=said.days_ahead or 0)
    start = _local(first, hour, said.minute, now.tzinfo)
    at = following(rule, start, max(now, start - datetime.timedelta(seconds=1)))
    return When(at, rule) if at else None
