"""What is said: a phrase of some language, from the language's template file."""

import datetime
import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from babel.dates import format_date, format_time
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from jinja2.environment import TemplateModule

from edge.intents import Phrase

_PHRASES: Final = Path(__file__).parent / "phrases"
_FALLBACK: Final = "en"
_SENTENCE_END: Final = re.compile(r"(?<=[.!?…])\s+(?=\S)")


class Wording:
    """Puts phrases into words of one language, or of English where its file is missing."""

    def __init__(self, language: str, further: Sequence[Path] = ()) -> None:
        """``further``: folders with the phrases of skills, ``<language>.jinja``; they may import ours from
        ``common/<language>.jinja``.
        """
        self.language = language if (_PHRASES / f"{language}.jinja").is_file() else _FALLBACK
        self._macros = [self._load(folder) for folder in (*further, _PHRASES)]

    def knows(self, key: str) -> bool:
        """Whether there is a phrase of that key."""
        return any(hasattr(macros, key) for macros in self._macros)

    def say(self, phrase: Phrase) -> str:
        """The sentence or sentences; empty when there is nothing to say."""
        macros = next(macros for macros in self._macros if hasattr(macros, phrase.key))
        return " ".join(str(getattr(macros, phrase.key)(phrase.values)).split())

    def _load(self, folder: Path) -> TemplateModule:
        """The macros of ``folder`` in this language, else in English."""
        common = PrefixLoader({"common": FileSystemLoader(_PHRASES)})
        loader = ChoiceLoader([FileSystemLoader(folder), common])
        environment = Environment(loader=loader, autoescape=False, undefined=StrictUndefined)  # noqa: S701  # plain speech, not HTML
        environment.filters["clock"] = functools.partial(_clock, language=self.language)
        environment.filters["day"] = functools.partial(_day, language=self.language)
        environment.filters["weekday"] = functools.partial(_weekday, language=self.language)
        return environment.select_template([f"{self.language}.jinja", f"{_FALLBACK}.jinja"]).module


def sentences(text: str) -> list[str]:
    """``text`` in pieces that are spoken one after another."""
    return [piece for piece in _SENTENCE_END.split(text.strip()) if piece]


def _clock(moment: datetime.datetime, language: str) -> str:
    # Babel sets a narrow no-break space before AM and PM, which voices stumble over.
    return format_time(moment, "short", locale=language).replace("\u202f", " ")


def _weekday(moment: datetime.datetime, language: str) -> str:
    return format_date(moment, "EEEE", locale=language)


def _day(moment: datetime.datetime, language: str) -> str:
    return format_date(moment, "full", locale=language)
