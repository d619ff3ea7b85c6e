"""Times as people say them in English, found within a sentence: "call mum tomorrow at half past six" → what to do,
and when. Nothing is worked out here; that is for :mod:`edge.act.calendar`, which knows what day it is.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Final

from edge.act.spans import SPAN, seconds
from edge.act.spoken_numbers import Piece, pieces

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS: Final = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
PARTS: Final = ("morning", "afternoon", "evening", "night")


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of a time; None for what was not said."""

    span_s: float | None = None
    """So long from now."""
    hour: int | None = None
    """0–24, as it was said: 7 may be in the evening."""
    minute: int = 0
    meridiem: str | None = None
    """``am``, ``pm``, or ``24`` for a time that can only be meant once a day."""
    part: str | None = None
    """One of :data:`PARTS`."""
    days_ahead: int | None = None
    """0 today, 1 tomorrow."""
    weekday: int | None = None
    """0 Monday."""
    weeks_ahead: int = 0
    """1: that weekday in the week after this."""
    day: int | None = None
    """Of the month."""
    month: int | None = None
    year: int | None = None
    every: str | None = None
    """How often: a RFC 5545 frequency (``DAILY``, ``WEEKLY``, ``MONTHLY``, ``YEARLY``)."""
    interval: int = 1
    weekdays: frozenset[int] = field(default_factory=frozenset)
    """On which it recurs."""

    @property
    def anything(self) -> bool:
        """Whether a time was said at all."""
        return self != Said()

    def completed(self, answer: "Said") -> "Said":
        """With what the ``answer`` to a question adds."""
        usual = Said()
        more = {f.name: value for f in fields(Said) if (value := getattr(answer, f.name)) != getattr(usual, f.name)}
        return replace(self, **more)

    @property
    def dated(self) -> bool:
        """Whether a day was said."""
        return any(value is not None for value in (self.days_ahead, self.weekday, self.day))


@dataclass(frozen=True, slots=True)
class Reading:
    """A sentence, taken apart."""

    said: Said
    rest: str
    """What is no time, as it was said."""


def read(text: str, *, bare: bool) -> Reading:
    """The times in ``text``. ``bare``: whether a number alone is a time of day, as in an answer to "when?"."""
    found = pieces(text)
    plain = " ".join(piece.text for piece in found)
    starts = _starts(found)
    said, rest, at = Said(), list[str](), 0
    while at < len(found):
        end, said = _at(plain, starts[at], said, bare)
        covered = sum(1 for start in starts[at:] if start < end)
        if not covered:
            rest.extend(found[at].words)
        at += covered or 1
    return Reading(said, " ".join(rest).strip(" ,.;"))


@dataclass(frozen=True, slots=True)
class Lasting:
    """A sentence without how long something shall last."""

    rest: str
    span_s: float | None = None
    """So long."""
    until: str | None = None
    """Until this time, as it was said."""


def lasting(text: str) -> Lasting:
    """ "Turn it on for half an hour" and "turn it on until seven", taken apart."""
    head, _, until = text.partition(" until ") if " until " in text else text.partition(" till ")
    if until:
        return Lasting(head, until=until)
    found = pieces(text)
    if (match := _FOR.search(" ".join(piece.text for piece in found))) is None:
        return Lasting(text)
    rest = [
        word
        for piece, start in zip(found, _starts(found), strict=True)
        if not match.start() <= start < match.end()
        for word in piece.words
    ]
    return Lasting(" ".join(rest), seconds(match["span"]))


def _starts(found: Sequence[Piece]) -> list[int]:
    starts, position = [], 0
    for piece in found:
        starts.append(position)
        position += len(piece.text) + 1
    return starts


def _at(plain: str, start: int, said: Said, bare: bool) -> tuple[int, Said]:
    """Where what begins at ``start`` ends, and ``said`` with it; ``start`` when it is no time."""
    for pattern, note, needs_bare in _RULES:
        if needs_bare and not bare:
            continue
        if (match := pattern.match(plain, start)) is not None and (more := note(said, match)) is not None:
            return match.end(), more
    return start, said


Note = Callable[[Said, "re.Match[str]"], Said | None]


def _span(said: Said, match: "re.Match[str]") -> Said:
    return replace(said, span_s=seconds(match["span"]))


def _recurring_span(said: Said, match: "re.Match[str]") -> Said:
    unit = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}[match["unit"]]
    count = match["count"]
    interval = 2 if count == "other" else int(count) if count and count.isdigit() else 1
    return replace(said, every=unit, interval=interval)


def _adverb(said: Said, match: "re.Match[str]") -> Said:
    return replace(said, every="YEARLY" if match["often"] == "annually" else match["often"].upper())


def _every_part(said: Said, match: "re.Match[str]") -> Said:
    return replace(said, every="DAILY", part=match["part"])


def _weekday_set(said: Said, match: "re.Match[str]") -> Said:
    days = range(5, 7) if match["set"].startswith("weekend") else range(5)
    return replace(said, every="WEEKLY", weekdays=frozenset(days), part=match["part"] or said.part)


def _weekdays(said: Said, match: "re.Match[str]") -> Said:
    days = [_weekday_number(name) for name in re.findall(_WEEKDAY, match["days"])]
    part = re.search(rf"\b({_PART})", match[0])
    interval = 2 if match.groupdict().get("other") else 1
    return replace(
        said, every="WEEKLY", interval=interval, weekdays=frozenset(days), part=part[1] if part else said.part
    )


def _weekday_range(said: Said, match: "re.Match[str]") -> Said:
    first, last = _weekday_number(match["first"]), _weekday_number(match["last"])
    days = {(first + n) % 7 for n in range((last - first) % 7 + 1)}
    return replace(said, every="WEEKLY", weekdays=frozenset(days))


def _near_day(said: Said, match: "re.Match[str]") -> Said:
    word = match["day"]
    ahead = 2 if "after" in word else 1 if word in ("tomorrow", "tmrw") else 0
    part = "night" if word in ("tonight", "tonite") else match["part"]
    return replace(said, days_ahead=ahead, part=part or said.part)


def _weekday(said: Said, match: "re.Match[str]") -> Said:
    weeks = 1 if "next" in match["which"] else 0
    return replace(said, weekday=_weekday_number(match["day"]), weeks_ahead=weeks, part=match["part"] or said.part)


def _date(said: Said, match: "re.Match[str]") -> Said | None:
    groups = match.groupdict()
    tens, more = groups["day"], groups.get("more")
    day = (2 if tens == "second" else int(tens)) + {"first": 1, "second": 2, "third": 3}.get(str(more), 0)
    if not 1 <= day <= 31:  # noqa: PLR2004
        return None
    month = MONTHS.index(groups["month"]) + 1 if groups.get("month") else None
    year = int(groups["year"]) if groups.get("year") else None
    return replace(said, day=day, month=month, year=year)


def _week_from(said: Said, match: "re.Match[str]") -> Said:
    count = {"a": 1, "an": 1}.get(match["count"]) or int(match["count"])
    days = count * (7 if match["unit"] == "week" else 1)
    return replace(said, days_ahead=days + (1 if match["start"] == "tomorrow" else 0))


def _next_week(said: Said, match: "re.Match[str]") -> Said:
    return replace(said, weeks_ahead=1) if said.weekday is not None else replace(said, days_ahead=7)


def _clock(said: Said, match: "re.Match[str]") -> Said | None:
    if match["run"]:
        hour, minute = divmod(int(match["run"]), 100)
    else:
        hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if hour > 24 or minute > 59:  # noqa: PLR2004
        return None
    once = match["run"] is not None and match["run"].startswith("0")
    return _with_clock(said, hour, minute, match["meridiem"] or ("24" if once or match["mark"] == "hours" else None))


def _relative(said: Said, match: "re.Match[str]") -> Said | None:
    minutes = {"quarter": 15, "half": 30}.get(match["part"]) or int(match["part"])
    hour = {"noon": 12, "midnight": 24}.get(match["hour"]) or int(match["hour"])
    if match["side"] not in ("past", "after"):
        minutes = -minutes
    total = (hour * 60 + minutes) % (25 * 60)
    hour, minute = divmod(total, 60)
    if minutes < 0 and hour == 0:
        hour = 12
    return _with_clock(said, hour, minute, match["meridiem"]) if hour <= 24 else None  # noqa: PLR2004


def _half(said: Said, match: "re.Match[str]") -> Said | None:
    return _with_clock(said, int(match["hour"]), 30, match["meridiem"])


def _named_clock(said: Said, match: "re.Match[str]") -> Said | None:
    return _with_clock(said, 0 if "midnight" in match["name"] else 12, 0, "24")


def _with_clock(said: Said, hour: int, minute: int, meridiem: str | None) -> Said | None:
    if said.hour is not None:
        return None  # the second of two times is not this one's business
    once = "24" if hour > 12 or hour == 0 else meridiem  # noqa: PLR2004
    return replace(said, hour=hour % 24, minute=minute, meridiem=once)


def _part(said: Said, match: "re.Match[str]") -> Said:
    today = match["which"].startswith("this") and not said.dated
    return replace(said, part=match["part"], days_ahead=0 if today else said.days_ahead)


def _weekday_number(name: str) -> int:
    return next(number for number, day in enumerate(WEEKDAYS) if day.startswith(name.rstrip("s")[:3]))


_WEEKDAY: Final = r"(?:mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|saturdays?|sundays?|tues|thurs|weds)"
_PLURAL: Final = r"(?:mondays|tuesdays|wednesdays|thursdays|fridays|saturdays|sundays)"
_PART: Final = "(?:morning|afternoon|evening|night)"
_OF_DAY: Final = rf"(?:(?: in the| at)? (?P<part>{_PART})s?)?"
_ON: Final = r"(?:(?:for|on|by|until|from|starting|set for) )?"
_AT: Final = r"(?:(?:at|by|around|about|before|for|from|sharply at|exactly at|set for|set at|to) )"
_MERIDIEM: Final = r"(?: (?:oclock )?(?P<meridiem>am|pm))?"
_NO_AMOUNT: Final = (
    r"(?! (?:percent|degrees?|minutes?|mins?|hours?|seconds?|secs?|days?|weeks?|months?|years?|times|people|of|st)\b"
    r"|%|th\b|st\b|nd\b|rd\b|[.:,/]?\d)"
)
_DAY: Final = r"(?P<day>[0-3]?\d|second)(?:th|st|nd|rd)?(?: (?P<more>first|second|third))?"
_MONTH: Final = rf"(?P<month>{'|'.join(MONTHS)})"
_YEAR: Final = r"(?:,? (?P<year>20\d\d))?"
_EVERY: Final = r"(?:(?:for|on) )?(?:every|each)"
_MINUTE: Final = r"(?P<minute>[0-5]\d|(?<=oh )\d|(?<=o )\d)"
_TIME: Final = rf"(?:(?P<run>[0-2]?\d[0-5]\d)|(?P<hour>[0-2]?\d)(?:(?::| )(?:(?:o|oh|0) )?{_MINUTE})?)"


def _rule(pattern: str, note: Note, *, needs_bare: bool = False) -> tuple["re.Pattern[str]", Note, bool]:
    return re.compile(rf"{pattern}(?!\w)"), note, needs_bare


_FOR: Final = re.compile(rf"\b(?:for|during|over) (?:the )?(?:next |about |around )?(?P<span>{SPAN})(?!\w)")
_RULES: Final = (
    _rule(rf"{_EVERY} (?:(?P<count>other|single|\d+) )?(?P<unit>day|week|month|year)s?", _recurring_span),
    _rule(rf"{_EVERY} (?:single )?(?P<part>{_PART})", _every_part),
    _rule(
        rf"(?:{_EVERY} |{_ON}(?:the |my )?)(?P<set>weekdays?|workdays?|work days?|school days?|weekends?){_OF_DAY}",
        _weekday_set,
    ),
    _rule(rf"{_EVERY} (?P<other>other )?(?P<days>{_WEEKDAY}(?:(?: and|,)? {_WEEKDAY})*)(?: {_PART}s?)?", _weekdays),
    _rule(rf"{_ON}(?:from )?(?P<first>{_WEEKDAY}) (?:to|through|until|till) (?P<last>{_WEEKDAY})", _weekday_range),
    _rule(rf"{_ON}(?P<days>{_PLURAL}(?:(?: and|,)? {_PLURAL})*)", _weekdays),
    _rule(rf"{_ON}(?P<days>{_WEEKDAY}(?:(?: and|,)? {_WEEKDAY})+)", _weekdays),
    _rule(r"(?:repeating |recurring )?(?P<often>daily|weekly|monthly|yearly|annually)", _adverb),
    _rule(
        rf"{_AT}?(?P<run>[0-2]?\d[0-5]\d)(?P<hour>\b\B)?(?P<minute>\b\B)?(?P<meridiem>\b\B)? (?P<mark>hours)", _clock
    ),
    _rule(r"(?:in )?(?P<count>an?|\d+) (?P<unit>week|day)s? from (?P<start>today|now|tomorrow)", _week_from),
    _rule(
        rf"{_AT}?(?:a )?(?P<part>quarter|half|[0-5]?\d)(?: minutes?)? (?P<side>past|after|to|til|till|before) "
        rf"(?P<hour>1?\d|2[0-4]|noon|midnight)(?: oclock)?{_MERIDIEM}{_NO_AMOUNT}",
        _relative,
    ),
    _rule(rf"(?:for |set for )?(?:in|after|within) (?P<span>{SPAN})(?: time)?(?: from now)?", _span),
    _rule(rf"(?:for |set for )?(?P<span>{SPAN}) (?:from now|later|time)", _span),
    _rule(rf"(?:for )?(?P<span>{SPAN})", _span, needs_bare=True),
    _rule(rf"{_ON}(?P<day>today|tonight|tonite|tomorrow|tmrw|(?:the )?day after tomorrow){_OF_DAY}", _near_day),
    _rule(rf"{_ON}(?:the )?{_DAY}(?: day)? (?:of )?{_MONTH}{_YEAR}", _date),
    _rule(rf"{_ON}{_MONTH} (?:the )?{_DAY}{_YEAR}{_NO_AMOUNT}", _date),
    _rule(rf"{_ON}the (?P<day>[0-3]?\d)(?:th|st|nd|rd)(?: of (?:this|the) month)?", _date),
    _rule(rf"{_ON}(?P<which>(?:(?:this|next|coming|the|my) )*)(?P<day>{_WEEKDAY}){_OF_DAY}", _weekday),
    _rule(rf"{_ON}next week", _next_week),
    _rule(rf"{_AT}?(?P<name>(?:12 )?(?:noon|midday|midnight))", _named_clock),
    _rule(rf"{_AT}?half (?P<hour>1?\d){_MERIDIEM}{_NO_AMOUNT}", _half),
    _rule(rf"{_AT}?{_TIME} (?:oclock )?(?P<meridiem>am|pm)(?P<mark>)", _clock),
    _rule(rf"{_AT}?{_TIME}(?P<meridiem>\b\B)? (?P<mark>oclock)", _clock),
    _rule(
        rf"{_AT}?(?P<run>\b\B)?(?P<hour>[0-2]?\d):(?P<minute>[0-5]\d)(?P<meridiem>\b\B)?(?P<mark>\b\B)?{_NO_AMOUNT}",
        _clock,
    ),
    _rule(rf"(?:at|by) {_TIME}(?P<meridiem>\b\B)?(?P<mark>\b\B)?{_NO_AMOUNT}", _clock),
    _rule(rf"{_AT}?{_TIME}(?P<meridiem>\b\B)?(?P<mark>\b\B)?{_NO_AMOUNT}", _clock, needs_bare=True),
    _rule(rf"{_ON}(?P<which>in the|at|this|during the) (?:early |late )?(?P<part>{_PART})", _part),
    _rule(rf"{_ON}(?P<which>)(?:the |my )?(?:early |late )?(?P<part>{_PART})", _part, needs_bare=True),
)
