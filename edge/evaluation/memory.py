"""How often memory finds the fact that a question is about: by words, and by meaning.

``python -m edge.evaluation.memory`` prints it for the questions of ``memory_questions.yaml``. The first half of them
chose the threshold.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from edge.memory.meaning import alike
from edge.memory.search import ranked
from edge.settings import Settings
from edge.understand.semantic import encoder
from edge.understand.semantic.encoder import Encoder
from models.store import Store

_TABLE: Final = Path(__file__).with_name("memory_questions.yaml")

Find = Callable[[str], Sequence[tuple[int, float]]]
"""The facts that a question is about, best first."""


@dataclass(frozen=True, slots=True)
class Recall:
    """What came of some questions."""

    right: int
    """Answered by the right fact."""
    answerable: int
    wrong: int
    """Answered, though no fact answers them."""
    unanswerable: int

    def __str__(self) -> str:
        return f"{self.right} of {self.answerable} right, {self.wrong} of {self.unanswerable} answered wrongly"


def measured(find: Find, questions: Sequence[Mapping[str, Any]]) -> Recall:
    """``find`` asked all ``questions``."""
    firsts = [(question["fact"], next(iter(find(question["ask"])), (None, 0.0))[0]) for question in questions]
    answerable = [first == fact for fact, first in firsts if fact is not None]
    others = [first is not None for fact, first in firsts if fact is None]
    return Recall(sum(answerable), len(answerable), sum(others), len(others))


def compared(engine: Encoder) -> Mapping[str, Recall]:
    """By words and by meaning, for both halves of the questions."""
    table = yaml.safe_load(_TABLE.read_text("utf-8"))
    facts, questions = table["facts"], table["questions"]
    vectors = [engine.embed(fact) for fact in facts]
    half = len(questions) // 2
    by: dict[str, Find] = {
        "words": lambda ask: ranked(ask, facts),
        "meaning": lambda ask: alike(ask, engine.embed(ask), facts, vectors),
    }
    halves = {"chosen on": questions[:half], "measured on": questions[half:]}
    return {f"{way}, {name}": measured(find, some) for name, some in halves.items() for way, find in by.items()}


if __name__ == "__main__":
    for name, recall in compared(encoder.build(Store(Settings().models_dir).require(encoder.MODEL))).items():
        print(f"{name}: {recall}")
