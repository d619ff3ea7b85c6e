"""Lengths of time as people say them in English: "an hour and a half", "ten minutes"."""

import re
from typing import Final

from edge.act.spoken_numbers import in_digits

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_UNIT: Final = r"(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?)"
_AMOUNT: Final = (
    r"(?:\d+(?:\.\d+)? and (?:a )?(?:half|quarter)|\d+ 1/2|\d+(?:\.\d+)?|(?:a )?half(?: an?| of an?)?|1/2(?: an?)?"
    r"|(?:a )?quarter (?:of )?an?|3 quarters? of an?|a couple(?: of)?|a few|an?)"
)
_TERM: Final = rf"{_AMOUNT} {_UNIT}(?: and a (?:half|quarter))?(?! (?:before|ahead|early|prior)\b)"
SPAN: Final = rf"{_TERM}(?:(?: and| )? ?{_TERM})*"
"""A regular expression for a length of time in digits (:func:`edge.act.spoken_numbers.in_digits`), without groups."""
_TERMS: Final = re.compile(rf"({_AMOUNT}) ({_UNIT})( and a (?:half|quarter))?")
_WHOLE: Final = re.compile(SPAN)


def parse_span(text: str) -> float | None:
    """The seconds of ``text`` when it is a length of time and nothing else."""
    plain = in_digits(text)
    return seconds(plain) if _WHOLE.fullmatch(plain) or _WHOLE.fullmatch(f"{plain}s") else None


def seconds(plain: str) -> float:
    """The sum of the lengths in ``plain``, which matches :data:`SPAN`."""
    total = 0.0
    for amount, unit, more in _TERMS.findall(plain):
        size = _SECONDS[unit[0]]
        total += _amount(amount) * size + (0.5 if "half" in more else 0.25 if more else 0.0) * size
    return total


def _amount(text: str) -> float:
    if (number := re.match(r"\d+(?:\.\d+)?(?!/)", text)) is not None:
        part = 0.25 if "and a quarter" in text else 0.5 if "half" in text or "1/2" in text else 0.0
        return 0.75 if "quarters" in text else float(number[0]) + part
    if "half" in text or "1/2" in text:
        return 0.5
    if "quarter" in text:
        return 0.25
    return {"a couple": 2.0, "a few": 3.0}.get(text.removesuffix(" of"), 1.0)
