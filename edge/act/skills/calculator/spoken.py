"""A number as it is said: "1,234", "about 0.333", "about 1.5 times 10 to the power of 20"."""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

_DIGITS: Final = 6
_LARGEST: Final = Decimal(10) ** 15
_SMALLEST: Final = Decimal(10) ** -6


def spoken(value: Decimal) -> tuple[str, bool]:
    """``value`` in at most six significant digits (a whole number in all of them), and whether that is exact."""
    size = abs(value)
    if value == 0:
        return "0", True
    if size == size.to_integral_value() and size < _LARGEST:
        return f"{value.to_integral_value():,f}".replace("-", "minus "), True
    rounded = Context(prec=_DIGITS, rounding=ROUND_HALF_EVEN).plus(value)
    if size >= _LARGEST or size < _SMALLEST:
        mantissa, exponent = f"{rounded:.4e}".split("e")
        mantissa = mantissa.rstrip("0").rstrip(".")
        said = f"{mantissa} times 10 to the power of {int(exponent)}"
    else:
        said = f"{rounded:,f}"
        said = said.rstrip("0").rstrip(".") if "." in said else said
    return said.replace("-", "minus "), rounded == value
