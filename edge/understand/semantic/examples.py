"""Sentences that the person has explained ("this was wrong, I meant …"): what is said much alike means the same."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import TypeAdapter, ValidationError

from edge.errors import SettingsError
from edge.intents import Intent, SlotValue
from edge.understand.semantic.encoder import Floats

FILE: Final = "examples.jsonl"
"""In the data directory: one JSON object a line, ``{"sentence": …, "intent": …, "slots": {…}}``."""
_ALIKE: Final = 0.93
"""The least product of two sentences' vectors at which they mean the same."""


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence and what it means."""

    sentence: str
    intent: str
    slots: dict[str, SlotValue]


@dataclass(frozen=True, slots=True)
class Nearest:
    """The explained sentence that is most alike."""

    intent: Intent
    likeness: float
    """0–1."""


class Known:
    """Explained sentences, ready to be compared with."""

    def __init__(self, examples: Sequence[Example], embed: Callable[[str], Floats]) -> None:
        self._examples = tuple(examples)
        self._vectors = np.stack([embed(example.sentence) for example in examples]) if examples else None

    def nearest(self, vector: Floats) -> Nearest | None:
        """The example of a sentence with ``vector`` (384,), where one is enough alike."""
        if self._vectors is None:
            return None
        alike = self._vectors @ vector
        place = int(alike.argmax())
        if alike[place] < _ALIKE:
            return None
        example = self._examples[place]
        return Nearest(Intent(example.intent, example.slots), min(float(alike[place]), 1.0))


_ADAPTER: Final = TypeAdapter(Example)


def read(path: Path) -> list[Example]:
    """The examples in ``path``; none when there is no such file. Raises SettingsError that names the line."""
    if not path.exists():
        return []
    found = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found.append(_ADAPTER.validate_python(json.loads(line)))
        except (ValueError, ValidationError) as error:
            what = f"{path}: line {number} is not an example"
            raise SettingsError(what, "correct or delete it", permanent=True) from error
    return found
