"""How long a beat is waited for: what is late gets more time, and what has gone on for long needs less."""

import pytest

from edge.patience import SHORTEST_S, Patience

_UNIT_S = 20.0


def waits(late: dict[int, float], until: int, builds: tuple[int, ...] = (), short: tuple[int, ...] = ()) -> list[float]:
    """Of each second up to ``until``: for how long a beat is waited for after a look in it."""
    now = [0]
    patience = Patience(SHORTEST_S, lambda: now[0] in short)
    said = []
    for now[0] in range(until):
        late_s = late.get(now[0], 0.02)
        said.append(patience.seconds(float(now[0]), _UNIT_S, late_s, builds=now[0] in builds))
    return said


def test_as_long_as_the_unit_says_at_first_then_a_few_seconds() -> None:
    said = waits({}, 60)
    assert said == [_UNIT_S] * 20 + [SHORTEST_S] * 40


@pytest.mark.parametrize(("late_s", "expected"), [(0.09, 4.0), (0.15, 5.0), (0.6, 9.0), (1.7, 20.0), (9.0, 20.0)])
def test_who_was_late_is_given_more_time_for_five_minutes(late_s: float, expected: float) -> None:
    said = waits({40: late_s, 100: 0.14}, 500)
    assert said[39] == SHORTEST_S
    assert set(said[40:100]) == {expected}
    assert set(said[100:341]) == {max(expected, 5.0)}
    assert set(said[341:401]) == {5.0}
    assert said[401] == SHORTEST_S


def test_a_look_that_was_late_while_it_started_counts() -> None:
    assert waits({3: 0.6}, 40)[30] == 9.0


def test_loading_an_engine_and_little_memory_are_given_all_the_time_there_is() -> None:
    said = waits({}, 800, builds=(50,), short=(400, 401))
    assert said[49] == said[351] == said[399] == said[-1] == SHORTEST_S
    assert set(said[50:350]) == set(said[400:700]) == {_UNIT_S}
