"""How people say what they want done: the patterns of ``saying.yaml``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

Patterns: TypeAlias = Sequence[str]

_ALL: Final[Mapping[str, Any]] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))


def _pairs(part: str) -> dict[tuple[str, str], Patterns]:
    return {(first, second): said for first, by in _ALL[part].items() for second, said in by.items()}


COMMANDS: Final[Mapping[str, Patterns]] = _ALL["commands"]
"""By verb."""
EXTREMES: Final[Mapping[tuple[str, str], Patterns]] = _pairs("extremes")
"""Amounts that are said without a number, by verb and amount."""
READ_OF: Final[Mapping[str, Patterns]] = _ALL["read_of"]
"""Further questions, by kind of device."""
WISHES: Final[Mapping[tuple[str, str], Patterns]] = _pairs("wishes")
"""What people want without saying so, by kind of device and verb."""
POLITE: Final[Patterns] = _ALL["polite"]
POLITE_QUESTION: Final[Patterns] = _ALL["polite_question"]
NOT_MEANT: Final[Patterns] = _ALL["not_meant"]
TALK: Final[Patterns] = _ALL["talk"]
