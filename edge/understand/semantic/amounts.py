"""How much, how long, which color: the values that people say in English."""

import functools
import re
from collections.abc import Mapping
from typing import Final

from home_assistant_intents import get_intents
from unicode_rbnf import RbnfEngine

_WHOLE: Final = 100
_HIGHEST: Final = 200
_UNITS: Final = ("hours", "minutes", "seconds")
_HALF: Final[Mapping[str, Mapping[str, int]]] = {"hours": {"minutes": 30}, "minutes": {"seconds": 30}, "seconds": {}}


def digits(text: str) -> str:
    """``text`` in small letters with its numbers in digits, and without signs but apostrophes and colons."""
    words = re.findall(r"[a-z']+|\d+(?::\d\d)?", text.lower().replace("’", "'"))
    known, longest = _spelled()
    found = []
    place = 0
    while place < len(words):
        for length in range(longest, 0, -1):
            number = known.get(" ".join(words[place : place + length]))
            if number is not None:
                found.append(str(number))
                place += length
                break
        else:
            found.append(words[place])
            place += 1
    return " ".join(found)


def percent(said: str) -> int | None:
    """A share of the whole, 0–100; ``said`` as :func:`digits` gives it."""
    if number := re.search(r"\b(\d{1,3})\b", said):
        return int(number[1]) if int(number[1]) <= _WHOLE else None
    if re.search(r"\b(full|max|maximum|highest|fully)\b", said):
        return _WHOLE
    if re.search(r"\b(min|minimum|lowest)\b", said):
        return 1
    return 50 if re.search(r"\bhalf\b", said) else None


def step(said: str, a_bit: int, plain: int, a_lot: int) -> int:
    """By how much something is to change: the number that was said, or what the words amount to."""
    if number := re.search(r"\bby (\d{1,3})\b", said):
        return int(number[1])
    if re.search(r"\b(bit|little|slightly|touch|tad)\b", said):
        return a_bit
    return a_lot if re.search(r"\b(lot|much|way|far|really)\b", said) else plain


def duration(said: str) -> dict[str, int]:
    """``hours``, ``minutes`` and ``seconds``, those that were said; ``said`` as :func:`digits` gives it."""
    said = re.sub(r"\ba quarter of an hour\b", "15 minutes", said)
    said = re.sub(r"\b(?:a )?half (?:an? )?(hour|minute)\b", r"0 and a half \1", said)
    said = re.sub(r"\ban? (hour|minute|second)\b", r"1 \1", said)
    found: dict[str, int] = {}
    for number, half, unit, behind in re.findall(
        r"\b(\d{1,3})( and a half)? (hour|minute|second)s?( and a half)?\b", said
    ):
        parts = {f"{unit}s": int(number), **(_HALF[f"{unit}s"] if half or behind else {})}
        found |= {name: found.get(name, 0) + value for name, value in parts.items() if value}
    return {unit: found[unit] for unit in _UNITS if unit in found}


def color(said: str) -> str | None:
    """The last color that was said: "from red to blue" means blue."""
    found = re.findall(rf"\b(?:{'|'.join(_colors())})\b", said)
    return found[-1] if found else None


@functools.cache
def _spelled() -> tuple[Mapping[str, int], int]:
    """Numbers by their words, and the most words that one has."""
    engine = RbnfEngine.for_language("en")
    numbers = range(_HIGHEST + 1)
    known = {engine.format_number(number).text.replace("-", " "): number for number in numbers}
    known["a hundred"] = _WHOLE
    return known, max(len(words.split()) for words in known)


@functools.cache
def _colors() -> tuple[str, ...]:
    sentences = get_intents("en")
    assert sentences is not None
    return tuple(value["in"] for value in sentences["lists"]["color"]["values"])
