"""What is said: a phrase of some language, from the language's template file."""

import datetime
import functools
import hashlib
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import jinja2
from babel.dates import format_date, format_time
from babel.numbers import get_decimal_symbol
from jinja2 import BytecodeCache, ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from jinja2.bccache import Bucket
from jinja2.environment import TemplateModule

from edge import atomic_file
from edge.intents import Phrase

_log = logging.getLogger(__name__)

_PHRASES: Final = Path(__file__).parent / "phrases"
_FALLBACK: Final = "en"
_DECIMAL: Final = re.compile(r"-?\d+\.\d+")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?…])\s+(?=\S)")


class Wording:
    """Puts phrases into words of a language, or of English where its file is missing."""

    def __init__(self, language: str, further: Sequence[Path] = (), kept: Path | None = None) -> None:
        """``further``: folders with the phrases of skills, ``<language>.jinja``; they may import ours from
        ``common/<language>.jinja``. ``kept``: a folder in which the compiled templates are kept for the next start.
        """
        self._folders = (*further, _PHRASES)
        self._kept = kept
        self._macros: dict[str, list[TemplateModule]] = {}
        self.language = _written(language)
        self._of(self.language)  # a mistake in a template is found now

    def knows(self, key: str) -> bool:
        """Whether there is a phrase of that key."""
        return any(hasattr(macros, key) for macros in self._of(self.language))

    def say(self, phrase: Phrase, language: str | None = None) -> str:
        """The sentence or sentences; empty when there is nothing to say. ``language`` None: the usual one.

        A value that is a phrase itself is put into words first.
        """
        known = self._of(_written(language) if language else self.language)
        macros = next(macros for macros in known if hasattr(macros, phrase.key))
        values = {
            name: self.say(value, language) if isinstance(value, Phrase) else value
            for name, value in phrase.values.items()
        }
        return " ".join(str(getattr(macros, phrase.key)(values)).split())

    def _of(self, language: str) -> list[TemplateModule]:
        if language not in self._macros:
            self._macros[language] = [_load(folder, language, self._kept) for folder in self._folders]
        return self._macros[language]


@functools.cache
def _load(folder: Path, language: str, kept: Path | None) -> TemplateModule:
    """The macros of ``folder`` in ``language``, else in English. Compiling all of a language takes a second."""
    common = PrefixLoader({"common": FileSystemLoader(_PHRASES)})
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder), common]),
        autoescape=False,  # noqa: S701  # plain speech, not HTML
        undefined=StrictUndefined,
        bytecode_cache=_Compiled(kept) if kept is not None else None,
    )
    environment.filters["clock"] = functools.partial(_clock, language=language)
    environment.filters["decimal"] = functools.partial(_decimal, language=language)
    environment.filters["day"] = functools.partial(_day, language=language)
    environment.filters["weekday"] = functools.partial(_weekday, language=language)
    return environment.select_template([f"{language}.jinja", f"{_FALLBACK}.jinja"]).module


class _Compiled(BytecodeCache):
    """Compiled templates on disk. Jinja knows by the digest of its source whether one still holds; what is damaged is
    as good as none, and without a disk that takes them there are none.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        """What is kept of it."""
        try:
            digest, content = self._path(bucket).read_bytes().split(b"\n", maxsplit=1)
        except (OSError, ValueError):
            return
        if digest == _digest(content):
            bucket.bytecode_from_string(content)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it for the next start."""
        content, path = bucket.bytecode_to_string(), self._path(bucket)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            atomic_file.replace(path, _digest(content) + b"\n" + content, mode=0o600, durable=False)
        except OSError as error:
            _log.warning("compiled phrases are not kept, the next start takes longer: %s", error)

    def _path(self, bucket: Bucket) -> Path:
        return self._folder / f"phrases-{jinja2.__version__}-{bucket.key}"


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def _written(language: str) -> str:
    """``language`` (ISO 639-1, with or without a region) where there are phrases in it, else English."""
    short = language.split("-", maxsplit=1)[0]
    return short if (_PHRASES / f"{short}.jinja").is_file() else _FALLBACK


def sentences(text: str) -> list[str]:
    """``text`` in pieces that are spoken one after another."""
    return [piece for piece in _SENTENCE_END.split(text.strip()) if piece]


def _clock(moment: datetime.datetime, language: str) -> str:
    # Babel sets a narrow no-break space before AM and PM, which voices stumble over.
    return format_time(moment, "short", locale=language).replace("\u202f", " ")


def _decimal(number: float | str, language: str) -> str:
    """A number, or the text of one, with the language's own decimal point; any other text as it is."""
    text = number if isinstance(number, str) else f"{number:g}"
    return text.replace(".", get_decimal_symbol(language)) if _DECIMAL.fullmatch(text) else text


def _weekday(moment: datetime.datetime, language: str) -> str:
    return format_date(moment, "EEEE", locale=language)


def _day(moment: datetime.datetime, language: str) -> str:
    return format_date(moment, "full", locale=language)
