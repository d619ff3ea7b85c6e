"""Colours as lamps report them."""

from typing import Any

import pytest

from edge.home.color import Rgb, rgb_of, same_color


@pytest.mark.parametrize(
    ("report", "near"),
    [
        ({"r": 255, "g": 0, "b": 0}, (255, 0, 0)),
        ({"h": 240, "s": 100}, (0, 0, 255)),
        ({"h": 360, "s": 100}, (255, 0, 0)),
        # The primaries of sRGB and its white, as IEC 61966-2-1 gives them.
        ({"x": 0.64, "y": 0.33}, (255, 0, 0)),
        ({"x": 0.30, "y": 0.60}, (0, 255, 0)),
        ({"x": 0.15, "y": 0.06}, (0, 0, 255)),
        ({"x": 0.3127, "y": 0.3290}, (255, 255, 255)),
    ],
)
def test_every_way_to_say_a_color(report: dict[str, Any], near: Rgb) -> None:
    color = rgb_of(report)
    assert color is not None
    assert all(abs(a - b) <= 4 for a, b in zip(color, near, strict=True))


@pytest.mark.parametrize("report", [{}, {"r": 1}, {"x": 0.3, "y": 0}, {"c": 100, "w": 0}])
def test_what_is_no_color(report: dict[str, Any]) -> None:
    assert rgb_of(report) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((255, 0, 0), (255, 0, 0), True),
        ((255, 0, 0), (128, 0, 0), True),
        ((255, 0, 0), (255, 60, 30), True),
        ((255, 0, 0), (0, 0, 255), False),
        ((255, 0, 0), (255, 255, 255), False),
        ((255, 255, 255), (255, 244, 229), True),
        ((255, 165, 0), (255, 180, 40), True),
        ((255, 255, 0), (0, 255, 0), False),
    ],
)
def test_the_same_to_the_eye(one: Rgb, other: Rgb, same: bool) -> None:
    assert same_color(one, other) is same
