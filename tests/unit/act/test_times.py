"""What people say of times, as tables."""

import datetime
from zoneinfo import ZoneInfo

import pytest

from edge.act.calendar import fits, following, recurrence, when
from edge.act.moments import Said, read
from edge.act.spans import parse_span
from edge.act.spoken_numbers import in_digits

BERLIN = ZoneInfo("Europe/Berlin")
WEDNESDAY = datetime.datetime(2026, 3, 4, 17, 30, tzinfo=BERLIN)


def at(day: int, clock: str, month: int = 3) -> datetime.datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime.datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("ten minutes", 600), ("10 min", 600), ("ten minute", 600), ("a minute", 60), ("an hour", 3600),
        ("half an hour", 1800), ("half hour", 1800), ("an hour and a half", 5400), ("one and a half hours", 5400),
        ("two and a half minutes", 150), ("a quarter of an hour", 900), ("three quarters of an hour", 2700),
        ("one hour twenty minutes", 4800), ("1 hour, 20 minutes and 5 seconds", 4805), ("ninety seconds", 90),
        ("a couple of minutes", 120), ("1.5 hours", 5400), ("two days", 172_800), ("twenty second", 20),
        ("", None), ("five", None), ("the pasta", None), ("ten minutes of fame", None), ("minutes", None),
    ],
)  # fmt: skip
def test_spans(said: str, seconds: float | None) -> None:
    assert parse_span(said) == seconds


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("seven thirty", "7 30"), ("five hundred and thirty", "530"), ("twenty three", "23"), ("Half past Six.", "half past 6"),
        ("7:30 a.m.", "7:30 am"), ("7am", "7 am"), ("seven o'clock", "7 oclock"), ("the twenty third", "the 23th"),
        ("today's", "today"), ("ten-minute", "10 minute"), ("7.30pm", "7:30 pm"), ("", ""), ("🙂", "🙂"),
    ],
)  # fmt: skip
def test_numbers(said: str, digits: str) -> None:
    assert in_digits(said) == digits


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("seven", at(4, "19:00")), ("7", at(4, "19:00")), ("5:30", at(5, "5:30")), ("5 30 pm", at(5, "17:30")),
        ("half six", at(4, "18:30")), ("half past six", at(4, "18:30")), ("quarter to eight", at(4, "19:45")),
        ("a quarter past seven", at(4, "19:15")), ("ten past nine in the evening", at(4, "21:10")),
        ("five minutes to six", at(4, "17:55")), ("seven oh five", at(4, "19:05")), ("five hundred and thirty", at(5, "5:30")),
        ("eight hundred", at(4, "20:00")), ("1900 hours", at(4, "19:00")), ("0730", at(5, "7:30")), ("19:45", at(4, "19:45")),
        ("noon", at(5, "12:00")), ("midnight", at(5, "0:00")), ("at 12", at(5, "0:00")), ("seven o'clock", at(4, "19:00")),
        ("6 am tomorrow", at(5, "6:00")), ("tomorrow at half past six", at(5, "6:30")), ("tomorrow at twelve", at(5, "12:00")),
        ("tomorrow morning at eight", at(5, "8:00")), ("tomorrow evening at eight", at(5, "20:00")),
        ("this evening at six", at(4, "18:00")), ("tonight at 11", at(4, "23:00")), ("tonight at one", at(5, "1:00")),
        ("eight in the morning", at(5, "8:00")), ("friday at nine", at(6, "9:00")), ("wednesday at six pm", at(4, "18:00")),
        ("wednesday at five pm", at(11, "17:00")), ("next friday at 9 am", at(13, "9:00")), ("saturday morning at eight am", at(7, "8:00")),
        ("the day after tomorrow at 10", at(6, "10:00")), ("the twenty second of march at noon", at(22, "12:00")),
        ("march 22nd at noon", at(22, "12:00")), ("on the fifteenth at 3 pm", at(15, "15:00")), ("may second at 8 am", at(2, "8:00", 5)),
        ("a week from today at five pm", at(11, "17:00")), ("in three days at 5 pm", at(7, "17:00")),
        ("in an hour and a half", at(4, "19:00")), ("five minutes from now", at(4, "17:35")), ("in 10 minutes", at(4, "17:40")),
        ("for seven thirty please", at(4, "19:30")), ("7:30 p.m.", at(4, "19:30")),
    ],
)  # fmt: skip
def test_the_next_such_moment(said: str, moment: datetime.datetime) -> None:
    found = when(read(said, bare=True).said, WEDNESDAY, awake=False, usual=False)
    assert found is not None
    assert (found.at, found.rule) == (moment, None)


@pytest.mark.parametrize(
    "said",
    ["", "tomorrow", "tomorrow morning", "friday", "two hours before the meeting", "the banana", "25:00", "99", "every day",
     "'; DROP TABLE alarms_entry; --", "🙂" * 50, "x" * 10_000, "7 " * 3_000 + "percent", "um sieben uhr"],
)  # fmt: skip
def test_no_time_of_day_is_no_moment(said: str) -> None:
    found = when(read(said, bare=True).said, WEDNESDAY, awake=False, usual=False)
    assert found is None or said.startswith("7 ")


@pytest.mark.parametrize(
    ("said", "rule", "moment"),
    [
        ("every weekday at 7", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", at(5, "7:00")),
        ("weekdays at 6 45", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", at(5, "6:45")),
        ("every day at ten", "FREQ=DAILY", at(5, "10:00")),
        ("every morning at six", "FREQ=DAILY", at(5, "6:00")),
        ("mondays at seven pm", "FREQ=WEEKLY;BYDAY=MO", at(9, "19:00")),
        ("every monday and wednesday at 6 pm", "FREQ=WEEKLY;BYDAY=MO,WE", at(4, "18:00")),
        ("on weekends at nine", "FREQ=WEEKLY;BYDAY=SA,SU", at(7, "9:00")),
        ("monday to friday at 7", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", at(5, "7:00")),
        ("every other day at 8 am", "FREQ=DAILY;INTERVAL=2", at(6, "8:00")),
        ("at 8 pm daily", "FREQ=DAILY", at(4, "20:00")),
        ("the first of every month at 9 am", "FREQ=MONTHLY;BYMONTHDAY=1", at(1, "9:00", 4)),
    ],
)
def test_recurring(said: str, rule: str, moment: datetime.datetime) -> None:
    found = when(read(said, bare=True).said, WEDNESDAY, awake=False, usual=False)
    assert found is not None
    assert (found.rule, found.at) == (rule, moment)


@pytest.mark.parametrize(
    ("said", "rest", "moment"),
    [
        ("call mum at six", "call mum", at(4, "18:00")),
        ("buy six eggs tomorrow at seven", "buy six eggs", at(5, "7:00")),
        ("take the pizza out in ten minutes", "take the pizza out", at(4, "17:40")),
        ("tomorrow at four about an event", "about an event", at(5, "16:00")),
        ("water the plants every monday", "water the plants", at(9, "9:00")),
        ("on friday to call the dentist at 3 30", "to call the dentist", at(6, "15:30")),
        ("pick up John from the airport tonight at eight", "pick up John from the airport", at(4, "20:00")),
        ("my brother's birthday on april twenty", "my brother's birthday", at(20, "9:00", 4)),
        ("turn the heating to 20 degrees at 7", "turn the heating to 20 degrees", at(4, "19:00")),
        ("tomorrow evening", "", at(5, "19:00")),
        ("john's birthday next week", "john's birthday", at(11, "9:00")),
        ("call 5 people", "call 5 people", None),
        ("take my umbrella", "take my umbrella", None),
        ("the second half of the game", "the second half of the game", None),
    ],
)
def test_a_time_within_a_sentence(said: str, rest: str, moment: datetime.datetime | None) -> None:
    reading = read(said, bare=False)
    found = when(reading.said, WEDNESDAY, awake=True, usual=True)
    assert (reading.rest, found.at if found else None) == (rest, moment)


@pytest.mark.parametrize(
    ("said", "now", "moment"),
    [
        # The clocks go forward on 29 March 2026 at 2:00, and back on 25 October at 3:00.
        ("7 am tomorrow", "2026-03-28 12:00", "2026-03-29 07:00+02:00"),
        ("in 24 hours", "2026-03-28 12:00", "2026-03-29 13:00+02:00"),
        ("2:30 am tomorrow", "2026-03-28 12:00", "2026-03-29 03:30+02:00"),
        ("7 am tomorrow", "2026-10-24 12:00", "2026-10-25 07:00+01:00"),
    ],
)
def test_over_a_change_of_clocks(said: str, now: str, moment: str) -> None:
    found = when(
        read(said, bare=True).said,
        datetime.datetime.fromisoformat(now).replace(tzinfo=BERLIN),
        awake=False,
        usual=False,
    )
    assert found is not None
    assert found.at == datetime.datetime.fromisoformat(moment)


def test_seven_every_day_stays_seven_when_the_clocks_change() -> None:
    start = datetime.datetime(2026, 3, 27, 7, tzinfo=BERLIN)
    days = [start]
    while len(days) < 4:
        after = following("FREQ=DAILY", start, days[-1])
        assert after is not None
        days.append(after)
    assert [day.hour for day in days] == [7, 7, 7, 7]
    assert (days[2] - days[1]) == datetime.timedelta(days=1)
    assert days[2].timestamp() - days[1].timestamp() == 23 * 3600


@pytest.mark.parametrize(
    ("said", "moment", "fitting"),
    [
        ("7 am", at(5, "7:00"), True), ("7", at(5, "19:00"), True), ("7 am", at(5, "19:00"), False),
        ("tomorrow", at(5, "7:00"), True), ("tomorrow", at(6, "7:00"), False), ("tomorrow morning", at(5, "20:00"), False),
        ("friday", at(6, "7:00"), True), ("morning", at(6, "7:00"), True), ("", at(6, "7:00"), True),
        ("weekdays", at(7, "7:00"), False),
    ],
)  # fmt: skip
def test_which_alarm_is_meant(said: str, moment: datetime.datetime, fitting: bool) -> None:
    assert fits(read(said, bare=True).said, moment, WEDNESDAY) is fitting


def test_a_rule_as_it_is_worded() -> None:
    assert recurrence("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE") == {"unit": "week", "interval": 2, "days": [0, 2]}


def test_an_answer_completes_what_was_said_before() -> None:
    said = read("tomorrow", bare=True).said.completed(read("half past seven", bare=True).said)
    assert said == Said(days_ahead=1, hour=7, minute=30)
