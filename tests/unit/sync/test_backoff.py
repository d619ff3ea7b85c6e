"""When the next attempt is due."""

import pytest

from cloud_sync.client.backoff import HOPELESS_S, LONGEST_S, STABLE_S, Backoff
from cloud_sync.client.wishes import Ended

CUT = Ended("lost")


def test_it_doubles_up_to_five_minutes_and_jitter_is_full() -> None:
    whole, none = Backoff(lambda: 1.0), Backoff(lambda: 0.0)
    assert [whole.after(CUT, 0.0) for _ in range(10)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, LONGEST_S]
    assert [none.after(CUT, 0.0) for _ in range(10)] == [0.0] * 10
    assert max(whole.after(CUT, 0.0) for _ in range(2_000)) == LONGEST_S


def test_a_minute_that_went_well_makes_the_next_failure_the_first() -> None:
    backoff = Backoff(lambda: 1.0)
    assert [backoff.after(CUT, lasted) for lasted in (0.0, STABLE_S - 1, STABLE_S, 0.0)] == [1, 2, 1, 2]


def test_something_has_changed() -> None:
    backoff = Backoff(lambda: 1.0)
    assert [backoff.after(CUT, 0.0) for _ in range(3)] == [1, 2, 4]
    backoff.reset()
    assert backoff.after(CUT, 0.0) == 1


@pytest.mark.parametrize(
    ("ended", "least", "most"),
    [
        (Ended("busy", retry_after_s=30.0), 30.0, 33.0),
        (Ended("", retry_after_s=1_000.0), 1_000.0, 1_100.0),
        (Ended("revoked", permanent=True), HOPELESS_S * 0.9, HOPELESS_S),
    ],
)
def test_what_the_bridge_asks_for_is_obeyed(ended: Ended, least: float, most: float) -> None:
    waits = [Backoff(lambda part=part: part).after(ended, 0.0) for part in (0.0, 0.5, 1.0)]
    assert min(waits) == least
    assert max(waits) == most
