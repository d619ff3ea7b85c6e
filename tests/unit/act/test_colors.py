"""Colours by name, both ways."""

import pytest

from edge.act.colors import kelvin_as_rgb, name_of, rgb


@pytest.mark.parametrize("name", ["red", "Orange", "dark blue", "turquoise", "pink"])
def test_a_lamp_that_shows_what_it_was_told_is_called_so(name: str) -> None:
    color = rgb(name)
    assert color is not None
    assert name_of(color) == name.casefold()


@pytest.mark.parametrize(
    ("color", "name"),
    [
        ((250, 10, 5), "red"),
        ((20, 60, 255), "blue"),
        ((0, 200, 30), "green"),
        ((255, 240, 235), "white"),
        ((255, 60, 170), "pink"),
        ((0, 0, 0), "black"),
    ],
)
def test_a_mixed_color_is_called_by_the_nearest_name(color: tuple[int, int, int], name: str) -> None:
    assert name_of(color) == name


def test_what_is_no_color_has_no_light() -> None:
    assert rgb("unlock the door") is None


def test_warmer_white_has_less_blue() -> None:
    warm, cold = kelvin_as_rgb(2200), kelvin_as_rgb(6400)
    assert warm[2] < cold[2]
    assert kelvin_as_rgb(2700) == (255, 169, 87)
