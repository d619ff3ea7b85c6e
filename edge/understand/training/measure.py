"""What the local model answers to examples that it did not learn from, as it runs on the board."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.ports import LlmEngine
from edge.understand.llm_calls import NONE, choices, gbnf, parse
from edge.understand.llm_prompt import FIXED
from edge.understand.training.samples import Sample

_MAX_TOKENS = 64


@dataclass(frozen=True, slots=True)
class Answered:
    """One example, and the answer to it."""

    sample: Sample
    text: str
    probability: float
    seconds: float
    formed: bool
    """Whether it is ``none`` or consists of calls on what was there."""

    @property
    def right(self) -> bool:
        """Whether it asks for just the same, in whatever order."""
        return sorted(self.text.split("; ")) == sorted(self.sample.answer.split("; "))

    def acts(self, threshold: float) -> bool:
        """Whether something would be done."""
        return self.text != NONE and self.probability >= threshold


def answered(engine: LlmEngine, examples: Iterable[Sample]) -> list[Answered]:
    """Each of ``examples`` with the answer of ``engine``."""
    return [_answered(engine, sample) for sample in examples]


def table(answers: Sequence[Answered], thresholds: Sequence[float]) -> str:
    """By kind of example how many are right; by threshold how many of the calls are made, right, and uncalled-for."""
    kinds = Counter(answer.sample.kind for answer in answers)
    right = Counter(answer.sample.kind for answer in answers if answer.right)
    lines = ["| kind | examples | right |", "|---|---|---|"]
    lines += [f"| {kind} | {count} | {right[kind] / count:.1%} |" for kind, count in sorted(kinds.items())]
    total = len(answers)
    lines += [f"| all | {total} | {sum(right.values()) / total:.1%} |", ""]
    calls = [answer for answer in answers if answer.sample.answer != NONE]
    none = [answer for answer in answers if answer.sample.answer == NONE]
    lines += ["| threshold | right calls | wrong calls | false calls where none was meant |", "|---|---|---|---|"]
    for threshold in thresholds:
        made = [answer for answer in calls if answer.acts(threshold)]
        good = sum(answer.right for answer in made)
        false = sum(answer.acts(threshold) for answer in none)
        lines.append(
            f"| {threshold:g} | {good / max(1, len(calls)):.1%} | {(len(made) - good) / max(1, len(calls)):.1%} "
            f"| {false / max(1, len(none)):.1%} ({false} of {len(none)}) |"
        )
    seconds = sorted(answer.seconds for answer in answers)
    formed = sum(answer.formed for answer in answers) / total
    lines += [
        "",
        f"well-formed {formed:.1%}; {seconds[total // 2]:.2f} s median, {seconds[total * 95 // 100]:.2f} s p95",
    ]
    return "\n".join(lines)


def _answered(engine: LlmEngine, sample: Sample) -> Answered:
    begun = time.perf_counter()
    completion = engine.complete(FIXED + sample.asked, gbnf(choices(sample.known)), _MAX_TOKENS)
    formed = completion.text == NONE or bool(parse(completion.text, sample.known))
    return Answered(sample, completion.text, completion.probability, time.perf_counter() - begun, formed)
