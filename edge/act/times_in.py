"""Times as people say them in other languages, put into English, so that one reader reads them all
(:mod:`edge.act.moments`): "morgen um halb acht" → "tomorrow at 7:30". What is no time stays as it was said.
"""

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from unicode_rbnf import RbnfEngine

_FOLDER: Final = Path(__file__).parent / "times"
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_COUNTED: Final = 100
"""Numbers below are known in words."""
_HOURS, _MINUTES, _HALF_DAY = 24, 60, 12


def in_english(text: str, language: str) -> str:
    """``text`` with its times in English."""
    short = language.split("-", maxsplit=1)[0]
    if short == "en" or (times := _times_of(short)) is None:
        return text
    return times.in_english(text)


@dataclass(frozen=True, slots=True)
class _Times:
    """The patterns of one language."""

    pattern: re.Pattern[str]
    """All of them; which one it was tells the group that begins with its number."""
    english: Sequence[str]
    values: Mapping[str, Mapping[str, str]]
    """By what a group stands for: what the words in it mean."""

    def in_english(self, text: str) -> str:
        hour = self.values["n"].get(text.strip(" .!?").casefold(), "")
        if hour.isdigit() and 1 < int(hour) <= _HOURS:
            return f"at {hour}:00"  # "um sieben", of which a sentence has taken the "um"
        return " ".join(self.pattern.sub(self._one, text).split())

    def _one(self, match: re.Match[str]) -> str:
        found: dict[str, str] = {}
        rule = -1
        for group, said in match.groupdict().items():
            if said is None:
                continue
            number, _, kind = group.partition("_")
            rule = int(number[1:])
            if kind:
                found[kind.rstrip("x")] = self._value(kind.rstrip("x"), said.casefold())
        return f" {_filled(self.english[rule], found) or match[0]} "

    def _value(self, kind: str, said: str) -> str:
        known = self.values.get("n" if kind in ("h", "m") else kind, {})
        return said if said.isdigit() else known[said.replace("-", " ") if said not in known else said]


def _filled(english: str, found: Mapping[str, str]) -> str | None:
    """``english`` with what was ``found``; None where that is no time of day."""
    values: dict[str, str] = {"part": "", **found}
    if "h" in found:
        hour = int(found["h"])
        minute = int(found.get("m", 0))
        if hour > _HOURS or minute >= _MINUTES:
            return None
        values["before"] = str(hour - 1 if hour > 1 else hour - 1 + _HALF_DAY)
        values["m"], values["left"] = f"{minute:02}", f"{_MINUTES - minute:02}"
    return english.format(**values)


@functools.lru_cache(maxsize=8)
def _times_of(language: str) -> _Times | None:
    """Those of a language (ISO 639-1); None where there are none."""
    file = _FOLDER / f"{language}.yaml"
    if not file.is_file():
        return None
    content: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))
    numbers = {**_number_words(language), **dict.fromkeys(content["one"], "1")}
    weekdays = dict(zip(content["weekdays"], _WEEKDAYS, strict=True))
    values = {"n": numbers, "unit": content["units"], "weekday": weekdays, "part": content["parts"]}
    rules = [
        f"(?P<r{number}>{_pattern(pattern, number, values)})" for number, (pattern, _) in enumerate(content["times"])
    ]
    whole = re.compile(rf"(?<![\w'’-])(?:{'|'.join(rules)})(?![\w’])", re.IGNORECASE)
    return _Times(whole, [english for _, english in content["times"]], values)


def _pattern(pattern: str, rule: int, values: Mapping[str, Mapping[str, str]]) -> str:
    """``pattern`` with what its names stand for, in groups that bear the number of the ``rule``."""
    words = {kind: "|".join(sorted(map(_spelt, known), key=len, reverse=True)) for kind, known in values.items()}
    words["h"] = rf"\d{{1,2}}|{words['n']}"
    # "Um sieben Uhr ein" is no minute past seven.
    minutes = sorted((_spelt(word) for word, number in values["n"].items() if number != "1"), key=len, reverse=True)
    words["m"] = rf"\d{{1,2}}|{'|'.join(minutes)}"
    words["n"] = rf"\d{{1,4}}|{words['n']}"
    used: dict[str, int] = {}

    def group(name: str) -> str:
        used[name] = used.get(name, 0) + 1
        return f"r{rule}_{name}{'x' * (used[name] - 1)}"

    pattern = re.sub(r"\(\?P<(\w)>", lambda match: f"(?P<{group(match[1])}>", pattern)
    return re.sub(r"\{(h|m|n|unit|weekday|part)\}", lambda match: f"(?P<{group(match[1])}>{words[match[1]]})", pattern)


def _spelt(words: str) -> str:
    """As a pattern: hyphens may be spaces."""
    return re.escape(words).replace(r"\-", "[- ]")


def _number_words(language: str) -> dict[str, str]:
    engine = RbnfEngine.for_language(language)
    words = {engine.format_number(number).text.replace("\xad", ""): str(number) for number in range(_COUNTED)}
    return words | {each.replace("-", " "): number for each, number in words.items()}
