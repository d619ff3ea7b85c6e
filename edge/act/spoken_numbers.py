"""Numbers in English words as digits, so that what follows has one way to write them: "half past twenty two" → 22.

Works word by word, and knows which words of the original each piece came from: what is not a time must come out as it
was said.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

UNITS: Final = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
}
"""Words for 0 to 19."""
TENS: Final = {
    word: 10 * number
    for number, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)
}
"""Words for 20 to 90."""
_ORDINALS: Final = {
    word: number
    for number, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
        "fifteenth sixteenth seventeenth eighteenth nineteenth".split(),
        start=1,
    )
} | {"twentieth": 20, "thirtieth": 30}
_SAME: Final = {"a.m": "am", "p.m": "pm", "o'clock": "oclock", "o’clock": "oclock", "hundreds": "hundred", "½": "1/2"}
_PUNCTUATION: Final = ".,;:!?\"'()…"
_MERIDIEM: Final = re.compile(r"(\d{1,2}(?:[:.]\d\d)?)(am|pm|a\.m|p\.m)")
_CLOCK: Final = re.compile(r"(\d{1,2})\.(\d\d)")
_POSSESSIVE: Final = re.compile(r"['’]s$")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words that mean one thing."""

    text: str
    """In digits and lower case: ``7``, ``22nd``, ``7:30``, ``tomorrow``."""
    words: Sequence[str]
    """As they were said."""


def pieces(text: str) -> list[Piece]:
    """``text``, piece by piece."""
    words = [part for word in text.split() for part in _parts(word)]
    found: list[Piece] = []
    at = 0
    while at < len(words):
        length, meaning = _number([plain for plain, _ in words[at : at + 5]])
        said = [original for _, original in words[at : at + length] if original]
        found.append(Piece(meaning, said))
        at += length
    return found


def in_digits(text: str) -> str:
    """``text`` in lower case, its numbers in digits, without punctuation."""
    return " ".join(piece.text for piece in pieces(text))


def _parts(word: str) -> list[tuple[str, str]]:
    """A word as it is compared, with how it was said; the halves of one that is two ("7am", "ten-minute")."""
    plain = word.casefold().strip(_PUNCTUATION)
    plain = _SAME.get(plain, _POSSESSIVE.sub("", plain))
    if (split := _MERIDIEM.fullmatch(plain)) is not None:
        return [(split[1].replace(".", ":"), word), (_SAME.get(split[2], split[2]), "")]
    if (clock := _CLOCK.fullmatch(plain)) is not None and int(clock[2]) >= 10:  # noqa: PLR2004  # 7.30, but not 1.5 hours
        return [(f"{clock[1]}:{clock[2]}", word)]
    if "-" in plain.strip("-"):
        first, *rest = plain.split("-")
        return [(first, word), *((part, "") for part in rest)]
    return [(plain, word)] if plain else [(word, word)]


def _number(words: Sequence[str]) -> tuple[int, str]:
    """How many of ``words`` are the number that they begin with, and the number in digits; else the first word."""
    length, number = _below_hundred(words)
    if not length:
        return _ordinal(words) or (1, words[0])
    if words[length : length + 1] == ["hundred"]:
        hundreds, used = number * 100, length + 1
        skip = 1 if words[used : used + 1] == ["and"] else 0
        further, rest = _below_hundred(words[used + skip :])
        return (used + skip + further, str(hundreds + rest)) if further else (used, str(hundreds))
    if number in TENS.values() and length == 1 and len(words) > 1:
        small = _ORDINALS.get(words[1], 10)
        # "twenty second" is a date or a length of time: that is for the reader of the whole.
        if small < 10 and words[1] != "second":  # noqa: PLR2004
            return 2, f"{number + small}th"
    return length, str(number)


def _below_hundred(words: Sequence[str]) -> tuple[int, int]:
    if not words:
        return 0, 0
    if words[0] in UNITS:
        return 1, UNITS[words[0]]
    if words[0] in TENS:
        small = UNITS.get(words[1], 0) if len(words) > 1 else 0
        return (2, TENS[words[0]] + small) if 0 < small < 10 else (1, TENS[words[0]])  # noqa: PLR2004
    return 0, 0


def _ordinal(words: Sequence[str]) -> tuple[int, str] | None:
    if words[0] == "second" or words[0] not in _ORDINALS:
        return None
    return 1, f"{_ORDINALS[words[0]]}th"
