"""Whether a figure stays level."""

import numpy as np
import pytest

from scripts.soak_house.level import slope

_HOURS = list(range(4, 25))


@pytest.mark.parametrize(("rise", "is_level"), [(0.0, True), (0.02, True), (0.5, False), (-0.5, False)])
def test_noise_is_no_slope(rise: float, is_level: bool) -> None:
    noise = np.random.default_rng(1).normal(0.0, 1.0, len(_HOURS))
    found = slope(_HOURS, [600 + rise * hour + off for hour, off in zip(_HOURS, noise, strict=True)])
    assert found is not None
    assert found.is_level is is_level
    assert abs(found.per_hour - rise) < 2 * found.bound


def test_a_straight_line_is_found() -> None:
    found = slope([1, 2, 3, 4], [10, 12, 14, 16])
    assert found is not None
    assert (round(found.per_hour, 9), round(found.bound, 6), round(found.first, 6), round(found.last, 6)) == (
        2,
        0,
        10,
        16,
    )


def test_two_points_tell_nothing() -> None:
    assert slope([1, 2], [1, 2]) is None
