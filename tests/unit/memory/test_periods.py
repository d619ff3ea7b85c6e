"""What people mean by a time in the past."""

import datetime

import pytest

from edge.memory.periods import period

# A Wednesday.
NOW = datetime.datetime(2026, 11, 25, 15, 30).timestamp()


@pytest.mark.parametrize(
    ("name", "since", "until"),
    [
        ("today", "2026-11-25 00:00", "2026-11-26 00:00"),
        ("yesterday", "2026-11-24 00:00", "2026-11-25 00:00"),
        ("this morning", "2026-11-25 00:00", "2026-11-25 12:00"),
        ("this afternoon", "2026-11-25 12:00", "2026-11-25 18:00"),
        ("this evening", "2026-11-25 18:00", "2026-11-26 00:00"),
        ("last night", "2026-11-24 18:00", "2026-11-25 06:00"),
        ("this week", "2026-11-23 00:00", "2026-11-30 00:00"),
        ("last week", "2026-11-16 00:00", "2026-11-23 00:00"),
    ],
)
def test_period(name: str, since: str, until: str) -> None:
    span = period(name, NOW)
    assert [str(datetime.datetime.fromtimestamp(at))[:16] for at in span] == [since, until]


def test_an_unknown_name_is_all_the_past() -> None:
    assert period("ages ago", NOW) == (0.0, float("inf"))
