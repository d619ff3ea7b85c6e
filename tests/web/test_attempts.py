"""Guessing is made slow: attempts, one-time codes, tickets."""

import pytest

from edge.api.web.access import HERE
from edge.api.web.attempts import Attempts
from edge.api.web.places import place
from edge.api.web.problems import Refusal
from edge.api.web.setup_code import LIFE_S, SetupCode
from edge.api.web.tickets import LIFE_S as TICKET_S
from edge.api.web.tickets import Tickets
from tests.web.doors import Clock


def waits(attempts: Attempts, clock: Clock, key: str) -> float:
    """Seconds until the next attempt is let through, which then is made."""
    begun = clock.at
    while True:
        try:
            attempts.begin(key)
        except Refusal as refused:
            clock.at += float((refused.headers or {})["Retry-After"])
        else:
            return clock.at - begun


def test_each_wrong_attempt_waits_longer_up_to_a_quarter_of_an_hour() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    waited = [waits(attempts, clock, "a") for _ in range(17)]
    assert waited == [0, 0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]
    assert waits(attempts, clock, "b") == 0, "somebody else does not wait"


def test_a_right_one_ends_the_waiting() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    for _ in range(8):
        waits(attempts, clock, "a")
    attempts.right("a")
    assert [waits(attempts, clock, "a") for _ in range(5)] == [0] * 5


def test_it_is_forgotten_after_a_day() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    for _ in range(12):
        waits(attempts, clock, "a")
    clock.at += 86_400
    assert [waits(attempts, clock, "a") for _ in range(5)] == [0] * 5


def test_many_at_the_same_moment_are_many() -> None:
    attempts = Attempts(Clock())
    for _ in range(5):
        attempts.begin("a")
    with pytest.raises(Refusal, match="too many"):
        attempts.begin("a")


def test_very_many_addresses_cost_no_more_memory() -> None:
    attempts = Attempts(Clock())
    for each in range(10_000):
        attempts.begin(str(each))
    assert len(attempts._tries) <= 4096


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("192.168.1.7", "192.168.1.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.168.1.7", "192.168.1.7"),
        ("testclient", "testclient"),
    ],
)
def test_whoever_has_one_address_has_its_neighbours(host: str, found: str) -> None:
    assert place(host) == found


def test_a_code_is_good_once() -> None:
    codes = SetupCode(Clock())
    assert not codes.take("")
    code = codes.new()
    assert codes.take(code)
    codes.void()
    assert not codes.take(code)


def test_a_code_is_good_for_half_an_hour() -> None:
    clock = Clock()
    codes = SetupCode(clock)
    code = codes.new()
    clock.at += LIFE_S - 1
    assert codes.good
    clock.at += 1
    assert not codes.good
    assert not codes.take(code)


def test_a_code_is_good_for_five_guesses_and_the_one_before_for_none() -> None:
    codes = SetupCode(Clock())
    first, code = codes.new(), codes.new()
    assert not any(codes.take(guess) for guess in [first, *(["0000-0000"] * 4)])
    assert not codes.good
    assert not codes.take(code)


def test_a_code_is_read_as_people_write() -> None:
    codes = SetupCode(Clock())
    for typed in (
        lambda code: code.lower(),
        lambda code: code.replace("-", ""),
        lambda code: f" {code.replace('0', 'o').replace('1', 'l')} ",
    ):
        assert codes.take(typed(codes.new()))


def test_a_code_has_forty_bits() -> None:
    codes = SetupCode(Clock())
    drawn = {codes.new() for _ in range(2000)}
    assert len(drawn) == 2000
    assert len(set("".join(drawn)) - {"-"}) == 32
    assert all(len(code) == 9 for code in drawn)


def test_a_ticket_is_good_once_and_for_half_a_minute() -> None:
    clock = Clock()
    tickets = Tickets(clock)
    ticket, late = tickets.give(HERE), tickets.give(HERE)
    assert tickets.take(ticket) == HERE
    assert tickets.take(ticket) is None
    clock.at += TICKET_S
    assert tickets.take(late) is None
