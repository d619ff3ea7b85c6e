"""Units of everyday life, and how many of one are another.

A table instead of a library: ``pint`` takes 1.1 s to load on a fast machine, several on a board, and 32 MB.
Factors are exact by definition: NIST Special Publication 811 (2008), appendix B; the imperial ones by the Weights and
Measures Act 1985.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final


class Unlike(Exception):
    """A length is no weight."""


@dataclass(frozen=True, slots=True)
class _Unit:
    dimension: str
    factor: Decimal
    """Of the unit that all of its dimension are told in."""
    zero: Decimal = Decimal(0)
    """What is added after that: only temperatures begin elsewhere."""


def _table(dimension: str, **factors: str) -> dict[str, _Unit]:
    return {name: _Unit(dimension, Decimal(factor)) for name, factor in factors.items()}


_UNITS: Final[Mapping[str, _Unit]] = {
    **_table("length", m="1", km="1000", cm="0.01", mm="0.001", inch="0.0254", foot="0.3048", yard="0.9144",
             mile="1609.344", nautical_mile="1852"),
    **_table("mass", kg="1", g="0.001", mg="0.000001", t="1000", lb="0.45359237", oz="0.028349523125",
             stone="6.35029318"),
    **_table("volume", l="1", ml="0.001", cl="0.01", dl="0.1", m3="1000"),
    **_table("area", m2="1", km2="1000000", hectare="10000", acre="4046.8564224", ft2="0.09290304"),
    **_table("speed", kmh="1", mph="1.609344", ms="3.6", knot="1.852"),
    **_table("time", s="1", minute="60", hour="3600", day="86400", week="604800", year="31557600"),
    **_table("data", byte="1", kb="1000", mb="1000000", gb="1000000000", tb="1000000000000"),
    **_table("energy", j="1", kj="1000", cal="4.184", kcal="4184", kwh="3600000"),
    "celsius": _Unit("temperature", Decimal(1)),
    "fahrenheit": _Unit("temperature", Decimal(5) / 9, Decimal(-160) / 9),
    "kelvin": _Unit("temperature", Decimal(1), Decimal("-273.15")),
}  # fmt: skip
_LITRES: Final[Mapping[str, Mapping[str, _Unit]]] = {
    "us": _table("volume", gallon="3.785411784", quart="0.946352946", pint="0.473176473", cup="0.2365882365",
                 fl_oz="0.0295735295625", tbsp="0.01478676478125", tsp="0.00492892159375"),
    "imperial": _table("volume", gallon="4.54609", quart="1.1365225", pint="0.56826125", cup="0.284130625",
                       fl_oz="0.0284130625", tbsp="0.0177581640625", tsp="0.00591938802083333"),
    "metric": _table("volume", gallon="3.785411784", quart="1", pint="0.5", cup="0.25", fl_oz="0.03", tbsp="0.015",
                     tsp="0.005"),
}  # fmt: skip
MEASURES: Final = tuple(_LITRES)


def meant(source: str, target: str) -> tuple[str, str]:
    """Both units: an ounce of what is poured is a fluid ounce."""
    poured = {name for name, unit in {**_UNITS, **_LITRES["us"]}.items() if unit.dimension == "volume"}
    if poured.isdisjoint((source, target)):
        return source, target
    return "fl_oz" if source == "oz" else source, "fl_oz" if target == "oz" else target


def convert(amount: Decimal, source: str, target: str, measures: str) -> Decimal:
    """``amount`` of the unit ``source`` in ``target``; ``measures``: whose cups and pints. Raises Unlike."""
    units = {**_UNITS, **_LITRES[measures]}
    one, other = units[source], units[target]
    if one.dimension != other.dimension:
        raise Unlike
    return (amount * one.factor + one.zero - other.zero) / other.factor
