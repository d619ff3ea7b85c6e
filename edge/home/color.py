"""Colours as lamps speak of them, as red, green and blue; and when two are the same to the eye.

Lamps report hue and saturation, CIE xy, or red, green and blue scaled by their brightness, so colours are compared by
hue and saturation. Source of the conversion from xy: IEC 61966-2-1 (sRGB), D65.
"""

import colorsys
from collections.abc import Mapping
from typing import Any, Final

Rgb = tuple[int, int, int]

_HUE: Final = 30 / 360
_SATURATION: Final = 0.4
"""What a lamp's diodes can mix is often far from what was asked, but seldom another colour."""
_WHITE: Final = 0.15
"""Below this saturation a colour has no hue to speak of."""


def rgb_of(color: Mapping[str, Any]) -> Rgb | None:
    """(red, green, blue), each 0–255, of a report by ``r g b``, ``h s`` or ``x y``; None for any other."""
    if all(key in color for key in "rgb"):
        return _whole(*(float(color[key]) / 255 for key in "rgb"))
    if all(key in color for key in "hs"):
        return _whole(*colorsys.hsv_to_rgb(float(color["h"]) / 360 % 1, float(color["s"]) / 100, 1.0))
    if all(key in color for key in "xy"):
        return _of_xy(float(color["x"]), float(color["y"]))
    return None


def hs_of(color: Rgb) -> tuple[float, float]:
    """Hue in degrees and saturation in percent, to two digits."""
    hue, saturation, _ = _hsv(color)
    return round(hue * 360, 2), round(saturation * 100, 2)


def xy_of(color: Rgb) -> tuple[float, float]:
    """CIE x and y, to three digits; black has those of white, the brightness being sent by itself."""
    red, green, blue = (_linear(channel / 255) for channel in (color if any(color) else (255, 255, 255)))
    big_x = 0.4124 * red + 0.3576 * green + 0.1805 * blue
    big_y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    big_z = 0.0193 * red + 0.1192 * green + 0.9505 * blue
    whole = big_x + big_y + big_z
    return round(big_x / whole, 3), round(big_y / whole, 3)


def same_color(one: Rgb, other: Rgb) -> bool:
    """Whether two colours have the same hue and about the same saturation, whatever their brightness."""
    (hue, saturation, _), (hue2, saturation2, _) = _hsv(one), _hsv(other)
    if min(saturation, saturation2) < _WHITE:
        return max(saturation, saturation2) < _WHITE + _SATURATION / 2
    apart = abs(hue - hue2)
    return min(apart, 1 - apart) <= _HUE and abs(saturation - saturation2) <= _SATURATION


def _hsv(color: Rgb) -> tuple[float, float, float]:
    red, green, blue = (channel / 255 for channel in color)
    return colorsys.rgb_to_hsv(red, green, blue)


def _of_xy(x: float, y: float) -> Rgb | None:
    if y <= 0:
        return None
    big_x, big_z = x / y, (1 - x - y) / y
    linear = (
        3.2406 * big_x - 1.5372 - 0.4986 * big_z,
        -0.9689 * big_x + 1.8758 + 0.0415 * big_z,
        0.0557 * big_x - 0.2040 + 1.0570 * big_z,
    )
    brightest = max(*linear, 1e-6)
    return _whole(*(_gamma(max(0.0, channel / brightest)) for channel in linear))


def _gamma(channel: float) -> float:
    return 12.92 * channel if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055  # noqa: PLR2004


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4  # noqa: PLR2004


def _whole(red: float, green: float, blue: float) -> Rgb:
    return round(red * 255), round(green * 255), round(blue * 255)
