"""Colour names of the sentence templates as light."""

from typing import Final

_RGB: Final[dict[str, tuple[int, int, int]]] = {
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
}
"""sRGB values of the CSS Color Module Level 4 names, but green, which people mean as the pure one."""


def rgb(name: str) -> tuple[int, int, int] | None:
    """(red, green, blue), each 0–255, or None for a name that is no colour here."""
    return _RGB.get(name.casefold())
