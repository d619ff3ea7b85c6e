"""Colour names of the sentence templates as light."""

import colorsys
import math
from typing import Final

_Rgb = tuple[int, int, int]

_RGB: Final[dict[str, _Rgb]] = {
    "white": (255, 255, 255),
    "black": (0, 0, 0),
    "red": (255, 0, 0),
    "orange": (255, 165, 0),
    "yellow": (255, 255, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "purple": (128, 0, 128),
    "brown": (165, 42, 42),
    "pink": (255, 192, 203),
    "turquoise": (64, 224, 208),
    "cyan": (0, 255, 255),
    "magenta": (255, 0, 255),
    "violet": (238, 130, 238),
    "lime": (50, 205, 50),
    "gold": (255, 215, 0),
    "teal": (0, 128, 128),
    "indigo": (75, 0, 130),
    "lavender": (230, 230, 250),
    "amber": (255, 191, 0),
    "crimson": (220, 20, 60),
    "coral": (255, 127, 80),
    "salmon": (250, 128, 114),
    "light blue": (173, 216, 230),
    "dark blue": (0, 0, 139),
}
"""sRGB values of the CSS Color Module Level 4 names, but green, which people mean as the pure one, and amber."""
_HUES: Final = ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "magenta", "pink")
_HUE_DEGREES: Final = (0, 30, 57, 120, 180, 235, 275, 300, 335)
"""Where on the colour circle people see the basic colours."""
_SAME: Final = 25
"""Steps of 255: as near as lamps come to what they were told."""
_WHITE: Final = 0.18
"""Below this saturation light looks white."""
_KELVIN: Final[tuple[tuple[int, _Rgb], ...]] = (
    (2000, (255, 137, 14)),
    (2700, (255, 169, 87)),
    (3000, (255, 180, 107)),
    (3500, (255, 196, 137)),
    (4000, (255, 209, 163)),
    (5000, (255, 228, 206)),
    (6500, (255, 249, 253)),
)
"""Black bodies in sRGB. Source: M. Charity, "What color is a blackbody?" (CIE 1931 2°)."""


def rgb(name: str) -> _Rgb | None:
    """(red, green, blue), each 0–255, or None for a name that is no colour here."""
    return _RGB.get(name.casefold())


def kelvin_as_rgb(kelvin: int) -> _Rgb:
    """The nearest white that a lamp without whites can mix."""
    return min(_KELVIN, key=lambda row: abs(row[0] - kelvin))[1]


def name_of(color: _Rgb) -> str:
    """What people call a light of that colour: by the name it was asked for, else a basic colour, or white."""
    near = min(_RGB, key=lambda name: math.dist(color, _RGB[name]))
    if math.dist(color, _RGB[near]) < _SAME:
        return near
    hue, saturation, _ = colorsys.rgb_to_hsv(*(channel / 255 for channel in color))
    if saturation < _WHITE:
        return "white"

    def apart(degrees: int) -> float:
        distance = abs(hue * 360 - degrees)
        return min(distance, 360 - distance)

    return min(zip(_HUES, _HUE_DEGREES, strict=True), key=lambda named: apart(named[1]))[0]
