"""What is said of measurements: medians, bad ends, ratios."""

import pytest

from edge.bench.spread import amount, ratio, spread


@pytest.mark.parametrize(
    ("values", "p50", "p95"),
    [
        ([7.0], 7.0, 7.0),
        ([1.0, 3.0], 2.0, 2.9),
        ([5.0, 1.0, 3.0], 3.0, 4.8),
        ([float(value) for value in range(101)], 50.0, 95.0),
        ([10.0] * 19 + [1000.0], 10.0, 59.5),
    ],
)
def test_spread(values: list[float], p50: float, p95: float) -> None:
    found = spread(values)
    assert found is not None
    assert (found.p50, found.p95) == pytest.approx((p50, p95))
    assert found.values == tuple(values)


def test_nothing_measured_is_nothing_said() -> None:
    assert spread([]) is None


@pytest.mark.parametrize(
    ("ours", "peers", "expected"),
    [(1.0, 4.0, 0.25), (4.0, 1.0, 4.0), (0.0, 2.0, 0.0), (None, 1.0, None), (1.0, None, None), (1.0, 0.0, None)],
)
def test_ratio(ours: float | None, peers: float | None, expected: float | None) -> None:
    assert ratio(ours, peers) == expected


@pytest.mark.parametrize(
    ("value", "text"), [(0.0123, "0.0123"), (3.14159, "3.14"), (99.94, "99.9"), (100.4, "100"), (12345.6, "12346")]
)
def test_amount(value: float, text: str) -> None:
    assert amount(value) == text
