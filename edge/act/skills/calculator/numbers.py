"""Numbers as people say and write them in English: "one hundred and twenty three", "two and a half", "1,500"."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from edge.act.spoken_numbers import TENS, UNITS

_SCALES: Final = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_PARTS: Final = {"half": "0.5", "quarter": "0.25", "quarters": "0.25"}
_LONGEST: Final = 18
"""Digits of a number that somebody means."""


def number(words: Sequence[str]) -> tuple[Decimal, int] | None:
    """The number that ``words`` (in lower case) begin with, and how many of them it takes; None for no number."""
    if not words:
        return None
    if words[0] == "dozen" or words[:2] == ["a", "dozen"]:
        return Decimal(12), 1 + (words[0] == "a")
    taken = _whole(words)
    if taken is None:
        return _part(words)
    value, used = taken
    if words[used : used + 1] == ["point"] and (digits := _digits(words[used + 1 :])):
        return value + Decimal(f"0.{digits}"), used + 1 + len(digits)
    if words[used : used + 1] == ["and"] and (part := _part(words[used + 1 :])) is not None:
        return value + part[0], used + 1 + part[1]
    if words[used : used + 1] and words[used] in _PARTS:
        return value * Decimal(_PARTS[words[used]]), used + 1
    return value, used


def _part(words: Sequence[str]) -> tuple[Decimal, int] | None:
    """A half, three quarters."""
    at = 1 if words[:1] and words[0] in ("a", "one") else 0
    if at < len(words) and words[at] in _PARTS:
        return Decimal(_PARTS[words[at]]), at + 1
    return None


def _digits(words: Sequence[str]) -> str:
    found = ""
    for word in words:
        if UNITS.get(word, 10) > 9:  # noqa: PLR2004
            break
        found += str(UNITS[word])
    return found


def _whole(words: Sequence[str]) -> tuple[Decimal, int] | None:
    if (written := _written(words[0])) is not None:
        scale = _SCALES.get(words[1]) if len(words) > 1 else None
        return (written * scale, 2) if scale else (written, 1)
    total, group, used, fresh = 0, 0, 0, True
    for at, word in enumerate(words):
        if word in UNITS and (fresh or (group % 10 == 0 and UNITS[word] < 10 and group % 100 >= 20)):  # noqa: PLR2004
            group, fresh = group + UNITS[word], False
        elif word in TENS and fresh:
            group, fresh = group + TENS[word], False
        elif word == "hundred" and (0 < group < 100 or (at and words[at - 1] == "a")):  # noqa: PLR2004
            group, fresh = (group or 1) * 100, True
        elif word in _SCALES and (group or (at and words[at - 1] == "a")):
            total, group, fresh = total + (group or 1) * _SCALES[word], 0, True
        elif (word == "and" and used == at and fresh and used) or (word == "a" and at == 0):
            continue
        else:
            break
        used = at + 1
    return (Decimal(total + group), used) if used else None


def _written(word: str) -> Decimal | None:
    plain = word.replace(",", "")
    if plain.replace(".", "", 1).isdecimal() and plain.isascii() and len(plain) <= _LONGEST:
        return Decimal(plain)
    return None
