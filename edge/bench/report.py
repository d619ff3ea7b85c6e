"""A run as one page that needs nothing else, for a browser of any size, by day and by night."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

import jinja2

from edge.bench import plots
from edge.bench.errors import BenchError
from edge.bench.peers import ENDPOINT_WAIT_MS
from edge.bench.result import OURS, STAGES, Result, System, text_latencies
from edge.bench.spread import amount

_WAIT: Final = "endpoint"
_STACK: Final = "wyoming servers"
"""What stands for peers that work together."""


def write(path: Path, result: Result) -> None:
    """Raises BenchError when ``path`` cannot be written."""
    write_page(path, page(result))


def write_page(path: Path, html: str) -> None:
    """Raises BenchError when ``path`` cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html, encoding="utf-8")
    except OSError as error:
        raise BenchError(f"{path} cannot be written: {error.strerror}", "choose another --report") from error


def page(result: Result) -> str:
    """The HTML."""
    template = template_of("edge.bench")
    return template.render(result=result, figures=_figures(result), stages=STAGES, wait_ms=ENDPOINT_WAIT_MS)


def template_of(package: str) -> jinja2.Template:
    """``report.html.jinja`` of ``package``, which may extend our page and take our plots."""
    folders = [str(files(name)) for name in (package, "edge.bench")]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"ratio": _ratio, "amount": amount}
    return environment.get_template("report.html.jinja")


def _figures(result: Result) -> list[tuple[str, str]]:
    """Title and SVG of every plot for which something was measured."""
    turns, latencies = _median_turns(result), _latencies(result)
    memory = {system.name: system.rss_mb for system in result.systems if system.rss_mb}
    idle = {system.name: system.idle_cpu for system in result.systems if system.idle_cpu is not None}
    compute = {system.name: system.cpu_s.p50 for system in result.systems if system.cpu_s}
    title = "The median turn: from the last speech to the first sample of the answer"
    drawn = [(title, plots.stacked(turns, "ms"))] if turns else []
    if latencies:
        drawn.append(("From the last speech to its text", plots.cumulative(latencies, "ms")))
    for title, values, unit in (
        ("Processor in a quiet room", idle, "% of one core"),
        ("Memory", memory, "MiB resident"),
        ("Processor time for one clip", compute, "s"),
    ):
        if values:
            drawn.append((title, plots.bars(values, unit)))
    return drawn


def _median_turns(result: Result) -> dict[str, dict[str, float]]:
    """Our median turn, and the medians of peers' servers behind the wait that Home Assistant puts before them."""
    rows = {}
    ours = result.system(OURS)
    if ours is not None:
        rows[OURS] = {stage: ours.median_turn[stage] for stage in STAGES if stage in ours.median_turn}
    whisper, piper = result.system("wyoming-faster-whisper"), result.system("wyoming-piper")
    if whisper is not None and "stt" in whisper.stages:
        rows[_STACK] = {_WAIT: ENDPOINT_WAIT_MS, "stt": whisper.stages["stt"].p50}
        if piper is not None and "first_audio" in piper.stages:
            rows[_STACK]["speak"] = piper.stages["first_audio"].p50
    return {name: row for name, row in rows.items() if row}


def _latencies(result: Result) -> dict[str, list[float]]:
    compared: Mapping[str, System | None] = {
        OURS: result.system(OURS),
        "wyoming-faster-whisper after 0.7 s": result.system("wyoming-faster-whisper"),
    }
    return {name: values for name, system in compared.items() if (values := text_latencies(system))}


def _ratio(value: float) -> str:
    return f"{value:.2f} ×"
