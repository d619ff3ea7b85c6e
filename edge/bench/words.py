"""Word error rate.

Source: Levenshtein distance over words, divided by the words of the reference, as NIST's sclite counts it. Both texts
are brought to one spelling first: lower case, no punctuation, numbers in words, the sign % as a word.
"""

import functools
import re
from collections.abc import Iterable, Sequence

from unicode_rbnf import RbnfEngine


def word_error_rate(pairs: Iterable[tuple[str, str]]) -> float:
    """``pairs``: what was said, what was heard. Errors over all words said, 0 for none; can exceed 1."""
    errors = words = 0
    for said, heard in pairs:
        reference = spelled(said)
        errors += _distance(reference, spelled(heard))
        words += len(reference)
    return errors / words if words else 0.0


def spelled(text: str) -> list[str]:
    """The words of an English ``text`` in one spelling."""
    lower = re.sub(r"\d+", lambda digits: f" {_in_words(int(digits[0]))} ", text.lower().replace("%", " percent "))
    return re.findall(r"[^\W_]+", lower.replace("'", "").replace("’", ""))


def _in_words(number: int) -> str:
    return _english().format_number(number).text


@functools.cache
def _english() -> RbnfEngine:
    return RbnfEngine.for_language("en")


def _distance(reference: Sequence[str], heard: Sequence[str]) -> int:
    row = list(range(len(heard) + 1))
    for deleted, word in enumerate(reference, 1):
        above, row[0] = row[0], deleted
        for column, other in enumerate(heard, 1):
            above, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, above + (word != other))
    return row[-1]
