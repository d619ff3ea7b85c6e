"""Which threshold somebody's recordings speak for."""

import pytest

from edge.wake.curves import Curve, CurvePoint, shipped
from edge.wake.takes import Suggestion, suggestion

CURVE = Curve(
    "alexa", False, 0.5, 97, 0.9,
    (CurvePoint(0.1, 1.0, 4.0), CurvePoint(0.3, 0.99, 0.5), CurvePoint(0.6, 0.9, 0.0)),
)  # fmt: skip


@pytest.mark.parametrize(
    ("peaks", "curve", "expected"),
    [
        ([0.9, 0.9], CURVE, None),
        ([0.9, 0.8, 0.5], CURVE, Suggestion(0.45, 3, 0.5, certain=True)),
        ([0.9, 0.9, 0.8], CURVE, Suggestion(0.72, 3, 0.0, certain=True)),
        # One in ten may be a bad recording.
        ([0.01] + [0.8] * 9, CURVE, Suggestion(0.72, 9, 0.0, certain=True)),
        # Below this it would wake all the time.
        ([0.2, 0.2, 0.9], CURVE, Suggestion(0.3, 1, 0.5, certain=False)),
        ([0.2, 0.3, 0.9], None, Suggestion(0.18, 3, None, certain=True)),
    ],
)
def test_a_threshold_is_suggested(peaks: list[float], curve: Curve | None, expected: Suggestion | None) -> None:
    assert suggestion(peaks, curve) == expected


def test_the_curves_that_are_shipped_fall_and_are_of_the_words_that_there_are() -> None:
    curves = shipped()
    assert {curve.word for curve in curves} == {"alexa", "hey_jarvis", "hey_mycroft", "okay_nabu"}
    assert {(curve.word, curve.verified) for curve in curves} >= {("alexa", False), ("alexa", True)}
    for curve in curves:
        thresholds = [point.threshold for point in curve.points]
        assert thresholds == sorted(set(thresholds))
        assert curve.usual in thresholds
        assert curve.hours > 0.5
        recalls = [point.recall for point in curve.points if point.recall is not None]
        assert recalls == sorted(recalls, reverse=True)
        assert len(recalls) == (len(curve.points) if curve.clips else 0)
