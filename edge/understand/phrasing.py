"""How a language strings commands together, and how words go wrong in it: data, one file a language."""

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field

_NO_WORD: Final = re.compile(r"[^\w]|'s$")
_FOLDER: Final = Path(__file__).parent / "phrasings"


class Phrasing(BaseModel):
    """What one language's file says; a language without a file has none of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    conjunctions: tuple[str, ...] = Field(default=(), alias="and")
    """What stands between two commands, or two things."""
    beginnings: tuple[str, ...] = Field(default=(), alias="begin")
    """Verbs that a command begins with: where one follows a whole command, another begins with no word between."""
    exceptions: tuple[str, ...] = Field(default=(), alias="except")
    """What stands before what is left out."""
    articles: tuple[str, ...] = ()
    """Words before a name that are no part of it."""
    afterthoughts: tuple[str, ...] = ()
    """Words behind a name that are no part of it."""
    elided: tuple[str, ...] = ()
    """Articles that are written together with a name: the l of "l'entrée"."""
    places: tuple[str, ...] = ()
    """Where people are, besides the areas of the house."""
    pronouns: tuple[str, ...] = ()
    """Words for what was just named."""
    kinds: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """Words for one and the same sort of thing."""
    plurals: frozenset[str] = frozenset()
    """Those of them that mean all of the sort."""
    filler: tuple[str, ...] = ()
    """Words in a name that people leave out."""
    distinct: str = ""
    """Words that are never another one misheard."""
    words: Mapping[str, str] = Field(default_factory=dict)
    """Word → what was meant by it, where it does not fit as it was said."""
    rewrite: tuple[tuple[str, str], ...] = ()
    """Regular expression → replacement, likewise."""
    sounds: tuple[tuple[str, str], ...] = ()
    """Regular expression → replacement: turns letters into what they sound like, roughly."""

    @cached_property
    def between(self) -> re.Pattern[str]:
        """What stands between two commands, with the spaces and punctuation around it."""
        spoken = rf"\s*[,;.!?]*\s+(?:{_either(self.conjunctions)})(?=\s)[,;]?\s*|" if self.conjunctions else ""
        return re.compile(rf"{spoken}\s*[,;.!?]+\s+", re.IGNORECASE)

    @cached_property
    def between_verbs(self) -> re.Pattern[str] | None:
        """What stands between two commands each of which begins with its verb: no more than a space will do."""
        if not self.beginnings:
            return None
        return re.compile(rf"(?:{self.between.pattern}|\s+)(?=(?:{_either(self.beginnings)})\s)", re.IGNORECASE)

    @cached_property
    def before_exception(self) -> re.Pattern[str] | None:
        """What stands before what is left out, with the spaces and punctuation around it."""
        if not self.exceptions:
            return None
        return re.compile(rf"\s*[,;]?\s+(?:{_either(self.exceptions)})(?=\s)\s*", re.IGNORECASE)

    @cached_property
    def kind_of(self) -> Mapping[str, str]:
        """Each word for a sort of thing, with the sort."""
        return {word: kind for kind, words in self.kinds.items() for word in words}

    @cached_property
    def known(self) -> frozenset[str]:
        """Words that are never another one misheard."""
        return frozenset(self.distinct.split()) | self.kind_of.keys()

    def plain(self, text: str) -> list[str]:
        """The words of ``text`` as they are compared: in lower case, without punctuation and articles grown to them."""
        return [_NO_WORD.sub("", self._before_apostrophe.sub("", word)) for word in text.casefold().split()]

    @cached_property
    def _before_apostrophe(self) -> re.Pattern[str]:
        return re.compile(rf"^(?:{_either(self.elided)})['’](?=\w)" if self.elided else r"(?!)")

    def meant(self, text: str) -> str:
        """``text`` as it was probably meant, where it does not fit as it was said."""
        for pattern, replacement in self._rewrites:
            text = pattern.sub(replacement, text)
        return text

    @cached_property
    def _rewrites(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        words = [(rf"\b{re.escape(word)}\b", meant) for word, meant in self.words.items()]
        return tuple((re.compile(pattern, re.IGNORECASE), meant) for pattern, meant in (*words, *self.rewrite))

    def sound(self, letters: str) -> str:
        """Roughly what ``letters`` sound like; themselves where nothing is known of the language's sounds."""
        for pattern, replacement in self._sounds:
            letters = pattern.sub(replacement, letters)
        return letters

    @cached_property
    def _sounds(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        return tuple((re.compile(pattern), replacement) for pattern, replacement in self.sounds)


def phrasing_of(language: str) -> Phrasing:
    """The phrasing of ``language`` (ISO 639-1)."""
    file = _FOLDER / f"{language.split('-', maxsplit=1)[0]}.yaml"
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}
    return Phrasing.model_validate(content)


def _either(phrases: tuple[str, ...]) -> str:
    return "|".join(map(re.escape, sorted(phrases, key=len, reverse=True)))
