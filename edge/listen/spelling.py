"""How a recogniser may write a word of the grammar: capitals, digits or number words.

Recognisers write as people do, "Turn on the TV." and "75%"; grammars are written "turn on the tv" and "75 percent".
"""

import functools
import re
from collections.abc import Iterator
from typing import Final

from unicode_rbnf import RbnfEngine

_NUMBER: Final = re.compile(r"(\d+)(\D*)")
_LARGEST_IN_WORDS: Final = 100
_ALSO: Final = {"percent": "per cent", "tv": "TV", "okay": "OK"}
"""Words with a second spelling that recognisers use."""


class Spelling:
    """The written forms of words in one language."""

    def __init__(self, language: str) -> None:
        """``language``: ISO 639-1. Numbers stay as they are in a language whose number words are not known."""
        self._in_words = _number_words(language)
        self._in_digits = {words: digits for digits, words in self._in_words.items() if words.isalpha()}

    def forms(self, word: str, first: bool) -> Iterator[str]:
        """All of them, some maybe twice; ``first``: at the beginning of a sentence. A form may be several words."""
        for form in self._numerals(word):
            yield form
            yield form.lower()
            if first:
                yield form[:1].upper() + form[1:]

    def _numerals(self, word: str) -> Iterator[str]:
        yield word
        if word.lower() in _ALSO:
            yield _ALSO[word.lower()]
        if word.lower() in self._in_digits:
            yield self._in_digits[word.lower()]
        # "75%" stays in digits: nobody writes "seventy-five%".
        number = _NUMBER.fullmatch(word)
        if number and number[1] in self._in_words and not number[2].startswith("%"):
            spelt = self._in_words[number[1]]
            yield spelt + number[2]
            yield spelt.replace("-", " ") + number[2]


@functools.cache
def _number_words(language: str) -> dict[str, str]:
    try:
        engine = RbnfEngine.for_language(language.split("-", maxsplit=1)[0])
    except ValueError:
        return {}
    return {str(number): engine.format_number(number).text for number in range(_LARGEST_IN_WORDS + 1)}
