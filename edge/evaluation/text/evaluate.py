"""Runs files of sentences through the assistant's own understanding and skills."""

import resource
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edge.database import Database
from edge.evaluation.fixtures import Furniture
from edge.evaluation.text import crowd, home_llm, ohf
from edge.evaluation.text.asking import Asker
from edge.evaluation.text.large_home import grammar_times
from edge.evaluation.text.memory_house import MemoryHouse
from edge.evaluation.text.rows import Row, rows, spread
from edge.evaluation.text.verdicts import Tell, Verdict, calibration_error, reliability, scores
from edge.mind import build_mind
from edge.settings import Settings

Judge = Callable[[Asker, Sequence[Row], Tell], Awaitable[list[Verdict]]]


@dataclass(frozen=True, slots=True)
class Source:
    """How one file is measured."""

    judge: Judge
    measuring: Callable[[Sequence[Row]], Sequence[Row]] = list
    """The lines that nobody learnt from."""
    left_out: Callable[[Row], str | None] = lambda row: None
    """Why a line is not asked; None: it is."""


SOURCES: Final[Mapping[str, Source]] = {
    "ohf_intents_en_tests": Source(ohf.judge, left_out=ohf.left_out),
    "home_llm": Source(home_llm.judge, home_llm.for_measuring, home_llm.left_out),
    "slurp": Source(crowd.judge, crowd.for_measuring),
    "nlu_eval": Source(crowd.judge, crowd.for_measuring),
    "clinc_oos": Source(crowd.judge_out_of_scope),
}
"""By the file's name without ``.jsonl``."""


@dataclass(frozen=True, slots=True)
class TextResult:
    """One run."""

    verdicts: Mapping[str, list[Verdict]]
    """By file."""
    left_out: Mapping[str, Mapping[str, int]]
    """By file, how many lines were not asked, by reason."""
    grammar_ms: Sequence[float]
    """The grammar tier alone, in a house of 300 devices, milliseconds of processor time a sentence."""
    rss_mb: float
    """The most memory that this process had, MiB: understanding and skills with all tiers of the run."""

    def as_json(self) -> dict[str, dict[str, Any]]:
        """The promised figures, by file."""
        return {file: {**scores(some), "left_out": dict(self.left_out[file])} for file, some in self.verdicts.items()}

    def calibration(self) -> dict[str, float]:
        """Expected calibration error by tier."""
        return {tier: calibration_error(bins) for tier, bins in reliability(self.all()).items()}

    def all(self) -> list[Verdict]:
        """Of all files."""
        return [verdict for verdicts in self.verdicts.values() for verdict in verdicts]


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be asked."""

    asked: Mapping[str, Sequence[Row]]
    """By file."""
    left_out: Mapping[str, Mapping[str, int]]

    @property
    def total(self) -> int:
        """Sentences."""
        return sum(len(lines) for lines in self.asked.values())


def plan(data: Path, only: Sequence[str], limit: int | None) -> Plan:
    """The lines of the files ``only``, of all without, at most ``limit`` of each. Raises EvaluationError."""
    asked, left_out = {}, {}
    for name, source in SOURCES.items():
        if only and name not in only:
            continue
        measured = source.measuring(rows(data, name))
        reasons = {id(row): source.left_out(row) for row in measured}
        asked[name] = spread([row for row in measured if reasons[id(row)] is None], limit)
        left_out[name] = Counter(reason for reason in reasons.values() if reason is not None)
    return Plan(asked, left_out)


async def evaluate_text(settings: Settings, planned: Plan, tell: Tell) -> TextResult:
    """Ask all that is ``planned``; ``tell`` gets each verdict. Raises ModelError, SettingsError."""
    house = MemoryHouse(Furniture())
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        storage = await stack.enter_async_context(Database(folder / "evaluation.db"))
        # Nothing that a person has taught the assistant of this machine is known to it here.
        settings = settings.model_copy(update={"data_dir": folder})
        mind = await build_mind(settings, house, storage, stack)
        asker = Asker(mind, house, settings.understand.language)
        verdicts = {name: await SOURCES[name].judge(asker, lines, tell) for name, lines in planned.asked.items()}
        times = grammar_times(mind.grammar, house, [v.sentence for some in verdicts.values() for v in some])
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return TextResult(verdicts, planned.left_out, times, peak_kib / 1024)
