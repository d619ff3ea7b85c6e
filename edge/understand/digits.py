"""Digits in what was said, as a PIN is: "one two three four", "1234", "twelve thirty-four"."""

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Final

from unicode_rbnf import RbnfEngine

_TENS: Final = range(20, 100, 10)
_OH: Final = {"oh": 0, "o": 0}
HIDDEN: Final = "•"


def digits(text: str, language: str) -> str:
    """All digits that ``text`` names, in order; other words are passed over. ``language``: ISO 639-1."""
    return "".join(part for part, _ in _parts(text, language))


def hidden(text: str, language: str) -> str:
    """``text`` with a dot for each number in it."""
    spans = [match for _, matches in _parts(text, language) for match in matches]
    for match in reversed(spans):
        text = f"{text[: match.start()]}{HIDDEN}{text[match.end() :]}"
    return text


def _parts(text: str, language: str) -> Iterator[tuple[str, list[re.Match[str]]]]:
    """Each number, in digits, with the words of it; "thirty four" is one of two words."""
    words: Mapping[str, int] = _words(language.split("-", maxsplit=1)[0])
    tens: tuple[int, re.Match[str]] | None = None
    for match in re.finditer(r"\d+|[^\W\d_]+", text):
        word = match.group().casefold()
        number = words.get(word, -1)
        if tens is not None:
            if number in range(1, 10):
                yield str(tens[0] + number), [tens[1], match]
                tens = None
                continue
            yield str(tens[0]), [tens[1]]
            tens = None
        if word.isdecimal():
            yield word, [match]
        elif number in _TENS:
            tens = number, match
        elif number >= 0:
            yield str(number), [match]
    if tens is not None:
        yield str(tens[0]), [tens[1]]


@functools.lru_cache(maxsize=8)
def _words(language: str) -> dict[str, int]:
    """The words for the numbers up to 99 that are one word; none for a language whose numbers are not known."""
    try:
        engine = RbnfEngine.for_language(language)
    except ValueError:
        return {}
    spelled = {text: number for number in range(100) for text in engine.format_number(number).text_by_ruleset.values()}
    plain = {text.replace("\xad", "").casefold(): number for text, number in spelled.items()}
    return {**(_OH if language == "en" else {}), **{text: n for text, n in plain.items() if text.isalpha()}}
