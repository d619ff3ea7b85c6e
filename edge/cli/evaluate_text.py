"""``hearth eval text``: how much of what people say is understood, and what is done that nobody asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import typer
from rich import box
from rich.console import Console
from rich.table import Column, Table

from edge.cli.evaluate import progress_bar
from edge.cli.options import print_json
from edge.evaluation.text.evaluate import SOURCES, TextResult, evaluate_text, plan
from edge.evaluation.text.verdicts import NOBODY, Verdict
from edge.evaluation.words import percentile
from edge.intents import Tier
from edge.service import run_async
from edge.settings import Settings

_LOCAL: Final = (Tier.GRAMMAR, Tier.SEMANTIC, Tier.LLM)


@dataclass(frozen=True, slots=True)
class AskedOfText:
    """The options of one call."""

    data: Path
    only: tuple[str, ...]
    """Files; none: all."""
    tiers: str
    """Separated by commas."""
    limit: int | None
    """Sentences of each file."""
    report: Path | None
    verbose: bool
    """Name the sentences that were wrong."""
    as_json: bool


def evaluate_sentences(settings: Settings, asked: AskedOfText, language: str) -> None:
    """Ask, and print what came of it. Raises BadParameter, EvaluationError, ModelError, BenchError."""
    for name in asked.only:
        if name not in SOURCES:
            raise typer.BadParameter(f"choose of: {', '.join(SOURCES)}", param_hint="--only")
    settings = with_tiers(settings, asked.tiers, language)
    planned = plan(asked.data, asked.only, asked.limit)
    console = Console(stderr=True)
    with progress_bar(console) as progress:
        bar = progress.add_task("text", total=planned.total)

        def tell(verdict: Verdict) -> None:
            progress.advance(bar)
            if asked.verbose and is_wrong(verdict):
                console.print(_failure(verdict), highlight=False, markup=False, soft_wrap=True)

        result = run_async(evaluate_text, settings, planned, tell)
    if asked.report is not None:
        from edge.evaluation.text.report import write

        write(asked.report, result)
    if asked.as_json:
        print_json({"text": result.as_json(), "understanding": as_a_whole(result)})
    else:
        _print(result)


def with_tiers(settings: Settings, tiers: str, language: str) -> Settings:
    """``settings`` in ``language`` with no tiers but ``tiers``. Raises BadParameter."""
    wanted = {name.strip() for name in tiers.split(",")}
    known = {str(tier) for tier in _LOCAL}
    if not wanted <= known or Tier.GRAMMAR not in wanted:
        raise typer.BadParameter("choose grammar, and of: semantic, llm", param_hint="--tiers")
    understand = settings.understand
    changed = {
        "language": language,
        "semantic": understand.semantic and Tier.SEMANTIC in wanted,
        "llm": understand.llm if Tier.LLM in wanted else "none",
    }
    understand = understand.model_copy(update=changed)
    return settings.model_copy(update={"understand": understand})


def is_wrong(verdict: Verdict) -> bool:
    """Whether a person who looks for mistakes wants to see it."""
    return verdict.right is False or verdict.false_action is True


def as_a_whole(result: TextResult) -> dict[str, Any]:
    """Figures of no single file."""
    return {
        "calibration_error": result.calibration(),
        "grammar_300_devices_ms_p50": percentile(result.grammar_ms, 0.5),
        "grammar_300_devices_ms_p95": percentile(result.grammar_ms, 0.95),
        "rss_mb": result.rss_mb,
    }


def _print(result: TextResult) -> None:
    console = Console()
    columns = ("n", "right", "false actions", "by tier", "ms p50", "p95", "left out")
    table = Table(Column("File", no_wrap=True), *columns, title="hearth eval text", box=box.SIMPLE_HEAD)
    for file, figures in result.as_json().items():
        table.add_row(*_row(file, figures), style="bold")
        if any(of_kind["scored"] for of_kind in figures["by_kind"].values()):
            for kind, of_kind in figures["by_kind"].items():
                if of_kind["scored"] or of_kind["false_actions"]:
                    table.add_row(f"  {kind}", str(of_kind["n"]), *_judged(of_kind))
    console.print(table)
    for name, value in as_a_whole(result).items():
        console.print(f"{name.replace('_', ' ')}: {_readable(value)}", highlight=False)


def _row(file: str, figures: Mapping[str, Any]) -> tuple[str, ...]:
    tiers = figures["by_tier"]
    shares = ", ".join(f"{name} {tiers[name]['share']:.0%}" for name in (*map(str, Tier), NOBODY) if name in tiers)
    spent = (f"{figures['ms_p50']:.1f}", f"{figures['ms_p95']:.1f}")
    return (file, str(figures["n"]), *_judged(figures), shares, *spent, str(sum(figures["left_out"].values())))


def _judged(figures: Mapping[str, Any]) -> tuple[str, str]:
    shares = (figures["accuracy"], figures["false_actions"])
    accuracy, false_actions = ("–" if share is None else f"{share:.1%}" for share in shares)
    return accuracy, false_actions


def _readable(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {each:.3f}" for name, each in value.items()) or "–"
    return f"{value:.1f}"


def _failure(verdict: Verdict) -> str:
    tier = f"{verdict.tier} {verdict.confidence:.2f}" if verdict.tier else NOBODY
    mark = "false action" if verdict.false_action else "wrong"
    return f"{mark} [{verdict.kind}, {tier}] {verdict.sentence!r}: wanted {verdict.wanted}; got {verdict.got}"
