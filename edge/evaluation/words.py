"""Word error rate, with numbers and signs written one way."""

import functools
import re
from collections.abc import Iterable, Sequence
from typing import Final

from rapidfuzz.distance import Levenshtein
from unicode_rbnf import RbnfEngine

_SIGNS: Final = {"%": " percent ", "per cent": "percent", "°": " degrees "}


def normalised(text: str, language: str) -> list[str]:
    """The words of ``text``: small letters, no punctuation, numbers in words."""
    for sign, spoken in _SIGNS.items():
        text = text.replace(sign, spoken)
    words = re.findall(r"[\w']+", text.lower().replace("-", " ").replace("’", "'"))
    return [part for word in words for part in _in_words(word, language).replace("-", " ").split()]


def error_rate(pairs: Iterable[tuple[str, str]], language: str) -> float:
    """Wrong, missing and superfluous words of all (said, heard) texts, by the words that were said."""
    wrong = said = 0
    for reference, heard in pairs:
        wanted, got = normalised(reference, language), normalised(heard, language)
        wrong += Levenshtein.distance(wanted, got)
        said += len(wanted)
    return wrong / said if said else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` (0–1) of ``values`` don't exceed; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))] if ordered else 0.0


def _in_words(word: str, language: str) -> str:
    if not word.isdigit():
        return word
    engine = _engine(language)
    return engine.format_number(int(word)).text if engine else word


@functools.cache
def _engine(language: str) -> RbnfEngine | None:
    try:
        return RbnfEngine.for_language(language)
    except ValueError:
        return None
