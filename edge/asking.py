"""Whether a sentence that nothing understood asks for knowledge, or wants something done: by the words it begins with.

What wants something done must never go up to be done at another time, so in doubt it does: only what clearly asks is
a question.
"""

import functools
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import yaml

_FILE: Final = Path(__file__).with_name("asking.yaml")
_WORD: Final = re.compile(r"[\w'-]+")


class Kind(StrEnum):
    """What a sentence is."""

    QUESTION = "question"
    COMMAND = "command"
    OTHER = "other"
    """Neither for sure."""


@dataclass(frozen=True, slots=True)
class _Words:
    """Of one language, in lower case."""

    polite: re.Pattern[str]
    """What may stand before either."""
    asking: frozenset[str]
    """Words that questions begin with, and orders to tell something."""
    doing: frozenset[str]
    """Words that commands begin with, and that a polite one holds."""


def kind_of(text: str, language: str) -> Kind:
    """What ``text`` is, in ``language`` (ISO 639-1). Of a language that is not known here, its question mark tells."""
    asks = text.rstrip().endswith("?")
    words = _words_of(language.split("-", maxsplit=1)[0])
    if words is None:
        return Kind.QUESTION if asks else Kind.OTHER
    rest, polite = _without_courtesy(text.casefold().replace("’", "'").lstrip(" ¿¡"), words)
    said = _WORD.findall(rest)
    if not said:
        return Kind.OTHER
    if said[0] in words.doing or (polite and not words.doing.isdisjoint(said)):
        return Kind.COMMAND
    return Kind.QUESTION if asks or said[0] in words.asking else Kind.OTHER


def _without_courtesy(text: str, words: _Words) -> tuple[str, bool]:
    """``text`` from where it says what it wants, and whether anything stood before."""
    polite = False
    while (found := words.polite.match(text)) is not None:
        text, polite = text[found.end() :], True
    return text, polite


@functools.cache
def _words_of(language: str) -> _Words | None:
    known: dict[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    if (words := known.get(language)) is None:
        return None
    return _Words(
        re.compile(rf"(?:{'|'.join(words['polite'])})\s*"),
        frozenset(words["asking"].split()),
        frozenset(words["doing"].split()),
    )
