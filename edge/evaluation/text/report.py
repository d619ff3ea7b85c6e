"""A run as one page: the figures of each file, and how far confidence can be trusted."""

import datetime
from pathlib import Path

from edge.bench import machine, plots
from edge.bench.report import template_of, write_page
from edge.evaluation.text.evaluate import TextResult
from edge.evaluation.text.verdicts import calibration_error, reliability
from edge.evaluation.words import percentile


def write(path: Path, result: TextResult) -> None:
    """The page, or where ``path`` ends in ``.svg`` the reliability diagram alone. Raises BenchError when it cannot be
    written.
    """
    write_page(path, diagram(result) if path.suffix == ".svg" else page(result))


def diagram(result: TextResult) -> str:
    """The reliability diagram as an SVG file that stands by itself: dark on white."""
    return _diagram(result).replace("<svg ", '<svg style="color:#222;background:#fff" ', 1)


def page(result: TextResult) -> str:
    """The HTML."""
    bins = reliability(result.all())
    figures = [("Confidence beside the share that was right", _diagram(result))] if bins else []
    if result.grammar_ms:
        title = "The grammar tier alone, in a house of 300 devices"
        figures.append((title, plots.cumulative({"sentences": result.grammar_ms}, "ms")))
    rows = template_of("edge.evaluation.text")
    return rows.render(
        date=datetime.datetime.now().astimezone().isoformat(timespec="minutes"),
        machine=machine.this_machine(),
        command=machine.command_line(),
        files=result.as_json(),
        figures=figures,
        calibration={tier: (sum(b.count for b in some), calibration_error(some)) for tier, some in bins.items()},
        grammar_ms=(percentile(result.grammar_ms, 0.5), percentile(result.grammar_ms, 0.95)),
        rss_mb=result.rss_mb,
    )


def _diagram(result: TextResult) -> str:
    series = {
        tier: [(each.confidence, each.right, each.count) for each in bins]
        for tier, bins in reliability(result.all()).items()
    }
    return plots.agreement(series, "confidence", "share that was right")
