"""Days that people ask about: dates, weekdays, and feasts of the Western calendar."""

import datetime
import re
from collections.abc import Callable, Mapping
from typing import Final

from dateutil.easter import easter
from dateutil.relativedelta import FR, MO, SA, SU, TH, TU, WE, relativedelta

from edge.act.calendar import days_of
from edge.act.moments import MONTHS, WEEKDAYS, read

_OF_YEAR: Final[Mapping[str, Callable[[int], datetime.date]]] = {
    "new year": lambda year: datetime.date(year, 1, 1),
    "new years day": lambda year: datetime.date(year, 1, 1),
    "valentines day": lambda year: datetime.date(year, 2, 14),
    "valentines": lambda year: datetime.date(year, 2, 14),
    "saint patricks day": lambda year: datetime.date(year, 3, 17),
    "st patricks day": lambda year: datetime.date(year, 3, 17),
    "april fools day": lambda year: datetime.date(year, 4, 1),
    "good friday": lambda year: easter(year) - datetime.timedelta(days=2),
    "easter": easter,
    "easter sunday": easter,
    "easter monday": lambda year: easter(year) + datetime.timedelta(days=1),
    "pentecost": lambda year: easter(year) + datetime.timedelta(days=49),
    "may day": lambda year: datetime.date(year, 5, 1),
    "mothers day": lambda year: _nth(year, 5, relativedelta(weekday=SU(2))),
    "memorial day": lambda year: _nth(year, 5, relativedelta(day=31, weekday=MO(-1))),
    "fathers day": lambda year: _nth(year, 6, relativedelta(weekday=SU(3))),
    "independence day": lambda year: datetime.date(year, 7, 4),
    "fourth of july": lambda year: datetime.date(year, 7, 4),
    "labor day": lambda year: _nth(year, 9, relativedelta(weekday=MO(1))),
    "halloween": lambda year: datetime.date(year, 10, 31),
    "thanksgiving": lambda year: _nth(year, 11, relativedelta(weekday=TH(4))),
    "black friday": lambda year: _nth(year, 11, relativedelta(weekday=TH(4))) + datetime.timedelta(days=1),
    "advent": lambda year: datetime.date(year, 12, 25) + relativedelta(days=-1, weekday=SU(-4)),
    "christmas eve": lambda year: datetime.date(year, 12, 24),
    "christmas": lambda year: datetime.date(year, 12, 25),
    "christmas day": lambda year: datetime.date(year, 12, 25),
    "xmas": lambda year: datetime.date(year, 12, 25),
    "boxing day": lambda year: datetime.date(year, 12, 26),
    "new years eve": lambda year: datetime.date(year, 12, 31),
}
_YEAR: Final = re.compile(r"\b((?:19|20|21)\d\d)\b")
_AROUND: Final = re.compile(
    r"\b(?:the|day|date|of|on|is|falls?|fall|be|for|this|coming|next|year|in|what|when|will|happen|celebrated)\b"
)
_NTH: Final = re.compile(
    r"\b(?P<order>first|second|third|fourth|last) (?P<day>monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
    rf" (?:of|in) (?P<month>{'|'.join(MONTHS)}|(?:the |this )?month|next month)"
)
_ORDER: Final = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
_DAYS: Final = dict(zip(WEEKDAYS, (MO, TU, WE, TH, FR, SA, SU), strict=True))


def day_of(text: str, today: datetime.date) -> datetime.date | None:
    """The day that ``text`` names, the next one if there are many; None when it names none."""
    plain = " ".join(re.sub(r"[^\w\s]", "", text.casefold()).split())
    if (feast := _feast(plain, today)) is not None:
        return feast
    if (nth := _NTH.search(plain)) is not None:
        return _nth_weekday(nth, today)
    if "yesterday" in plain:
        return today - datetime.timedelta(days=2 if "before" in plain else 1)
    now = datetime.datetime.combine(today, datetime.time(12), datetime.UTC)
    said = read(text, bare=False).said
    return days_of(said, now)[0] if said.dated else None


def _feast(plain: str, today: datetime.date) -> datetime.date | None:
    year = _YEAR.search(plain)
    name = " ".join(_YEAR.sub("", plain).split())
    of_year = _OF_YEAR.get(name) or _OF_YEAR.get(" ".join(_AROUND.sub("", name).split()))
    if of_year is None:
        return None
    if year:
        return of_year(int(year[1]))
    if "next year" in plain:
        return of_year(today.year + 1)
    this = of_year(today.year)
    return this if this >= today or "this year" in plain else of_year(today.year + 1)


def _nth_weekday(said: "re.Match[str]", today: datetime.date) -> datetime.date:
    """ "The third Monday of this month"."""
    order = _ORDER[said["order"]]
    first = today.replace(day=1)
    if said["month"] in MONTHS:
        month = MONTHS.index(said["month"]) + 1
        first = first.replace(month=month, year=today.year + (month < today.month))
    elif "next" in said["month"]:
        first += relativedelta(months=1)
    return first + relativedelta(day=31 if order < 0 else 1, weekday=_DAYS[said["day"]](order))


def _nth(year: int, month: int, by: relativedelta) -> datetime.date:
    return datetime.date(year, month, 1) + by
