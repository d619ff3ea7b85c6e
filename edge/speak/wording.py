"""What is said: a phrase of some language, from the language's template file."""

import datetime
import functools
import re
from pathlib import Path
from typing import Final

from babel.dates import format_date, format_time
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound

from edge.intents import Phrase

_PHRASES: Final = Path(__file__).parent / "phrases"
_FALLBACK: Final = "en"
_SENTENCE_END: Final = re.compile(r"(?<=[.!?…])\s+(?=\S)")


class Wording:
    """Puts phrases into words of one language, or of English where its file is missing."""

    def __init__(self, language: str) -> None:
        environment = Environment(loader=FileSystemLoader(_PHRASES), autoescape=False, undefined=StrictUndefined)  # noqa: S701  # plain speech, not HTML
        self.language = language if f"{language}.jinja" in environment.list_templates() else _FALLBACK
        environment.filters["clock"] = functools.partial(_clock, language=self.language)
        environment.filters["day"] = functools.partial(_day, language=self.language)
        try:
            self._phrases = environment.get_template(f"{self.language}.jinja").module
        except TemplateNotFound as error:  # pragma: no cover  # the package would be broken
            raise AssertionError(f"{error.name} is part of the package") from error

    def knows(self, key: str) -> bool:
        """Whether there is a phrase of that key."""
        return hasattr(self._phrases, key)

    def say(self, phrase: Phrase) -> str:
        """The sentence or sentences; empty when there is nothing to say."""
        return " ".join(str(getattr(self._phrases, phrase.key)(phrase.values)).split())


def sentences(text: str) -> list[str]:
    """``text`` in pieces that are spoken one after another."""
    return [piece for piece in _SENTENCE_END.split(text.strip()) if piece]


def _clock(moment: datetime.datetime, language: str) -> str:
    # Babel sets a narrow no-break space before AM and PM, which voices stumble over.
    return format_time(moment, "short", locale=language).replace("\u202f", " ")


def _day(moment: datetime.datetime, language: str) -> str:
    return format_date(moment, "full", locale=language)
