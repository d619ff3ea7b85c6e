"""Sentences that the person has explained: what is said much alike means the same."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edge.explained import Example
from edge.intents import Intent
from edge.understand.semantic.encoder import Floats

_ALIKE: Final = 0.93
"""The least product of two sentences' vectors at which they mean the same."""


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
