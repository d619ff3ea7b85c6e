"""How people lean on what was said before, in each language: ``followups/<language>.yaml``."""

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from hassil import Intents
from hassil.expression import Expression, TextChunk
from hassil.expression import Sequence as Row
from hassil.intents import SlotList
from hassil.models import MatchEntity
from hassil.parse_expression import parse_sentence
from hassil.recognize import recognize_all

from edge.intents import SlotValue

_FOLDER: Final = Path(__file__).parent / "followups"


@dataclass(frozen=True, slots=True)
class Leaning:
    """One way to read a sentence that leans on another."""

    how: str
    """Also, Instead, Other, Undo, Again, Item, Value or Rest: the names of the file's intents."""
    slots: Mapping[str, SlotValue]
    """What it names itself: name, area, floor, kind, here, said."""


@dataclass(frozen=True, slots=True)
class Pronoun:
    """A sentence with a gap in place of a pronoun."""

    template: str
    """With ``{it}`` where the name of what is meant belongs."""
    many: bool
    """Whether the pronoun means all that was spoken of."""

    def about(self, name: str) -> str:
        """The sentence with ``name`` in the gap."""
        return self.template.replace("{it}", name)


class FollowUpSentences:
    """Those of one language; of a language without a file there are none."""

    def __init__(self, language: str) -> None:
        """``language``: ISO 639-1, with or without a region."""
        self._language = language
        file = _FOLDER / f"{language.split('-', maxsplit=1)[0]}.yaml"
        content: dict[str, Any] = {"language": language, "intents": {}}
        if file.is_file():
            content = yaml.safe_load(file.read_text("utf-8"))
        words: Mapping[str, Any] = content.pop("words", {})
        self._intents = Intents.from_dict(content)
        self._one, self._many = _any_of(words.get("one", ())), _any_of(words.get("many", ()))
        self._clitics = _clitics(words.get("clitics", {}))
        self._asides = _any_of(words.get("asides", ()))
        self._carriers = tuple(words.get("carriers", ()))
        lead = parse_sentence(words["lead"]).expression if "lead" in words else None
        self.lead: tuple[Expression, ...] = (*lead.items, TextChunk(" ")) if isinstance(lead, Row) else ()
        """What may come before a value that was asked for, in hassil's form."""
        self.ordinals: tuple[str, ...] = tuple(words.get("ordinals", ()))
        """First, second, …"""
        self.fillers: frozenset[str] = frozenset(words.get("fillers", ()))
        """Words around a choice that say nothing."""
        self._yes, self._no = frozenset(words.get("yes", ())), frozenset(words.get("no", ()))
        self._withdraw = frozenset(words.get("withdraw", ()))

    def readings(self, text: str, lists: Mapping[str, SlotList]) -> Iterator[Leaning]:
        """Every way to read ``text`` as one of the sentences. ``lists``: the names of the house."""
        for result in recognize_all(text, self._intents, slot_lists=dict(lists), language=self._language):
            yield Leaning(result.intent.name, {name: _value(entity) for name, entity in result.entities.items()})

    def pronoun(self, text: str) -> Pronoun | None:
        """``text`` with a gap for the first pronoun in it, and without what means nothing beside it."""
        plain = plainly(text)
        for clitic in self._clitics:
            if (joined := clitic.apart(plain)) is not None:
                return Pronoun(" ".join(self._asides.sub(" ", joined).split()), clitic.many)
        for many, pattern in ((True, self._many), (False, self._one)):
            if pattern.search(plain):
                return Pronoun(" ".join(self._asides.sub(" ", pattern.sub("{it}", plain, count=1)).split()), many)
        return None

    def ellipses(self, said: str) -> Iterator[Pronoun]:
        """Whole sentences of which only ``said`` was spoken."""
        for carrier in self._carriers:
            yield Pronoun(carrier.replace("{said}", " ".join(self._asides.sub(" ", plainly(said)).split())), False)

    def yes(self, text: str) -> bool:
        """Whether ``text`` agrees."""
        return plainly(text) in self._yes

    def no(self, text: str) -> bool:
        """Whether ``text`` declines."""
        return plainly(text) in self._no

    def withdraws(self, text: str) -> bool:
        """Whether ``text``, where a message was asked for, says that there is none."""
        return plainly(text) in self._withdraw


@functools.lru_cache(maxsize=8)
def sentences_of(language: str) -> FollowUpSentences:
    """The sentences of ``language``, read once."""
    return FollowUpSentences(language)


def plainly(text: str) -> str:
    """``text`` in lower case without the marks between sentences."""
    return " ".join(re.sub(r"[.,;:!?]+(?=\s|$)", " ", text.casefold()).split())


def _value(entity: MatchEntity) -> SlotValue:
    value: SlotValue = entity.text_clean if entity.is_wildcard else entity.value
    return value


@dataclass(frozen=True, slots=True)
class _Clitic:
    """A pronoun that is one word with its verb."""

    pattern: re.Pattern[str]
    """Of the verb as it is with the pronoun, and the pronoun."""
    verbs: Mapping[str, str]
    """The verb as it is alone, where that differs."""
    many: bool

    def apart(self, plain: str) -> str | None:
        """``plain`` with a gap for the pronoun; None where it has none."""
        found = self.pattern.search(plain)
        if found is None:
            return None
        verb = found["verb"]
        return f"{plain[: found.start()]}{self.verbs.get(verb, verb)} {{it}}{plain[found.end() :]}"


def _clitics(words: Mapping[str, Any]) -> list[_Clitic]:
    """Of the file's section: ``one`` and ``many``, what joins them to the ``verbs`` (any, where none are given), and
    whether they may stand apart as the ``last`` word of a sentence.
    """
    verbs: Mapping[str, str] = words.get("verbs", {})
    verb, joint = "|".join(map(re.escape, verbs)) or r"\w+", re.escape(words.get("joint", ""))
    found = []
    for many in (True, False):
        them = "|".join(words.get("many" if many else "one", ()))
        if them:
            last = rf"| (?:{them})$" if words.get("last") else ""
            pattern = rf"(?<!\w)(?P<verb>{verb})(?:{joint}(?:{them})(?!\w){last})"
            found.append(_Clitic(re.compile(pattern), verbs, many))
    return found


def _any_of(phrases: Sequence[str]) -> re.Pattern[str]:
    """Finds any of ``phrases`` as whole words, the longest first; nothing where there are none."""
    longest_first = sorted(phrases, key=len, reverse=True)
    return re.compile(rf"(?<![\w'])(?:{'|'.join(map(re.escape, longest_first))})(?![\w'])" if phrases else r"(?!)")
