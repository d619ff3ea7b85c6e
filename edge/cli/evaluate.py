"""``hearth eval``: how well it hears, on labelled recordings."""

import dataclasses
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from edge.evaluation.barista import evaluate_barista
from edge.evaluation.clips import clips
from edge.evaluation.commands import evaluate_commands, unrelated
from edge.evaluation.endpoint import evaluate_endpoint
from edge.evaluation.mixing import Noise
from edge.evaluation.wake import evaluate_wake
from edge.service import run_async
from edge.settings import Settings


class Task(StrEnum):
    """What is measured."""

    WAKE = "wake"
    BARISTA = "barista"
    COMMANDS = "commands"
    ENDPOINT = "endpoint"
    TEXT = "text"


_HEARING: Final[dict[Task, Callable[..., Coroutine[Any, Any, Any]]]] = {
    Task.BARISTA: evaluate_barista,
    Task.COMMANDS: evaluate_commands,
    Task.ENDPOINT: evaluate_endpoint,
}


_SHARES: Final = frozenset(
    {"accuracy", "slot_accuracy", "wer", "intent_accuracy", "oov_rejected", "cutoff_rate", "recall"}
)


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of one call."""

    data: Path
    snr: float | None
    noise: Path | None
    seed: int
    limit: int | None
    word: str
    """The wake word that is scored."""
    verbose: bool
    """Name the clips that were wrong."""


def evaluate(settings: Settings, task: Task, asked: Asked) -> dict[str, Any]:
    """The scores of ``task``. Raises EvaluationError, ModelError."""
    console = Console(stderr=True)
    noise = None if asked.snr is None else Noise(asked.noise or _dishes(asked.data), asked.snr, asked.seed)
    if task is Task.WAKE:
        return _evaluate_wake(settings, asked, noise, console)
    source = "barista" if task is Task.ENDPOINT else str(task)
    language = settings.understand.language
    total = len(clips(asked.data, source, asked.limit, **({"lang": language} if task is Task.COMMANDS else {})))
    if task is Task.COMMANDS:
        total += len(unrelated(asked.data, language, asked.limit))
    with progress_bar(console) as progress:
        bar = progress.add_task(str(task), total=total)

        def tell(clip: str, right: bool) -> None:
            progress.advance(bar)
            if asked.verbose and not right:
                console.print(f"wrong: {clip}", highlight=False)

        result = run_async(_HEARING[task], settings, asked.data, noise, asked.limit, tell)
    return dataclasses.asdict(result)


def _evaluate_wake(settings: Settings, asked: Asked, noise: Noise | None, console: Console) -> dict[str, Any]:
    with progress_bar(console) as progress:
        bar = progress.add_task("wake", total=None)
        result = evaluate_wake(
            settings, asked.data, asked.word, noise, asked.limit,
            lambda done, total: progress.update(bar, completed=done, total=total),
        )  # fmt: skip
    if asked.verbose:
        for clip in result.missed:
            console.print(f"missed: {clip}", highlight=False)
        for clip in result.accepted:
            console.print(f"false accept: {clip}", highlight=False)
    return result.as_json()


def with_options(
    settings: Settings, task: Task, *, lang: str, word: str, engine: str | None, model: str | None
) -> Settings:
    """``settings`` with what the command line asks for instead."""
    understand = settings.understand.model_copy(update={"language": lang})
    stt, wake = settings.stt, settings.wake
    if task is Task.WAKE:
        wake = wake.model_copy(update={"engine": engine or wake.engine, "words": (word,)})
    elif engine or model:
        stt = stt.model_copy(update={"engine": engine or stt.engine, "model": model})
    return settings.model_copy(update={"understand": understand, "stt": stt, "wake": wake})


def scores_of(task: Task, scores: dict[str, Any]) -> None:
    """Print them as a table."""
    table = Table(title=f"hearth eval {task}", show_header=False)
    for name, value in scores.items():
        if not isinstance(value, list | dict):
            table.add_row(name.replace("_", " "), _readable(name, value))
    Console().print(table)


def _readable(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if name.endswith(("_p50", "_p95")):
        return f"{value:.0f} ms"
    if name in _SHARES:
        return f"{value:.1%}"
    return f"{value:g}"


def _dishes(data: Path) -> Path:
    return data / "noise" / "doing_the_dishes.flac"


def progress_bar(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True)
