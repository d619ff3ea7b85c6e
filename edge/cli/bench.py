"""``hearth bench``: the benchmark with its progress, tables, report and JSON."""

import functools
import importlib.util
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from anyio.to_thread import run_sync
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from edge.cli.options import print_json
from edge.errors import AssistantError
from edge.service import run_async
from edge.settings import Settings

if TYPE_CHECKING:
    from edge.bench.result import Result, System
    from edge.bench.run import Tell
    from edge.bench.tune import Trial

_NEEDED: Final = ("psutil", "wyoming")
_NEEDED_BY_REPORT: Final = ("matplotlib",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line says."""

    config: Path | None
    data: Path | None
    peers: bool
    peers_venv: Path | None
    report: Path | None
    limit: int | None
    as_json: bool


def measure(settings: Settings, asked: Asked) -> int:
    """Measure and show. Returns 0."""
    _require(*_NEEDED, *(_NEEDED_BY_REPORT if asked.report else ()))
    from edge.bench.machine import command_line, this_machine, versions
    from edge.bench.result import Result

    # Ended by systemd or `kill`, it must end what it started just as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with _progress() as tell:
        systems, source = run_async(_measure, settings, asked, tell)
    date = datetime.now(UTC).isoformat(timespec="seconds")
    result = Result(systems, this_machine(), versions(), command_line(), source, date)
    if asked.as_json:
        print_json(result.row())
    else:
        _show(result)
    if asked.report:
        from edge.bench.report import write

        # Last, so that what took minutes to measure is not lost with a path that is wrong.
        write(asked.report, result)
        if not asked.as_json:
            print(f"\nThe report: {asked.report}")
    return 0


def tune_stt(settings: Settings, *, as_json: bool) -> int:
    """Choose the engine for speech to text by measuring, and write it down. Returns 0."""
    _require(*_NEEDED)
    from edge import profile as profiles
    from edge.bench.tune import chosen, profile, trials

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with _progress() as tell:
        tried = run_async(trials, settings, tell)
    best = chosen(tried)
    path = profiles.write(settings.data_dir, profile(settings, tried, best))
    if as_json:
        print_json({"profile": str(path), "chosen": best.row(), "tried": [trial.row() for trial in tried]})
    else:
        _show_trials(tried, best, path)
    return 0


async def _measure(settings: Settings, asked: Asked, tell: "Tell") -> "tuple[list[System], str]":
    from edge.bench import peers, sounds
    from edge.bench.run import Run

    collect = functools.partial(sounds.recorded, asked.data) if asked.data else functools.partial(sounds.made, settings)
    # In a thread, for the voice takes seconds and Ctrl-C is to end it at once.
    programme = await run_sync(collect, asked.limit, abandon_on_cancel=True)
    folder = None
    if asked.peers:
        folder = asked.peers_venv or settings.data_dir / "peers"
        await peers.install(folder, lambda what: tell(what, 0, 0))
    systems = await Run(settings, asked.config, programme, folder, tell).measure()
    return systems, programme.source


def _require(*packages: str) -> None:
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        raise AssistantError(f"the bench needs {', '.join(missing)}", "run `pip install 'hearthside[bench]'`")


@contextmanager
def _progress() -> "Iterator[Tell]":
    """On standard error, so that nothing but the result is on standard output."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("preparing the sounds", total=None)

        def tell(what: str, done: int, steps: int) -> None:
            bar.update(task, description=what, completed=done, total=steps or None)
            if not console.is_terminal:
                console.print(f"{done}/{steps} {what}" if steps else what, highlight=False, soft_wrap=True)

        yield tell


def _show(result: "Result") -> None:
    from edge.bench.spread import amount

    console = Console()
    say = functools.partial(console.print, highlight=False, soft_wrap=True)
    say(f"{result.source}\n{result.machine}\n")
    if compared := result.comparisons():
        table = Table("Medians", "Ours / peer", "Ours", "Peer", box=None, header_style="bold")
        for line in compared:
            ratio = f"{line.ratio:.2f} ×" if line.ratio is not None else "–"
            table.add_row(line.what, ratio, f"{amount(line.ours)} {line.unit}", f"{amount(line.peers)} {line.unit}")
        console.print(table)
        say()
    for system in result.systems:
        say(f"[bold]{system.name}[/], {system.what}, {system.clips} clips")
        for text in _lines(system):
            say(f"  {text}")


def _lines(system: "System") -> "Iterator[str]":
    from edge.bench.spread import amount

    times = [f"{stage.replace('_', ' ')} {amount(of.p50)} ({amount(of.p95)})" for stage, of in system.stages.items()]
    if times:
        yield f"p50 (p95) in ms: {', '.join(times)}"
    spent = [
        f"{amount(system.cpu_s.p50)} s of processor a clip" if system.cpu_s else "",
        f"{amount(system.idle_cpu)} % of a core idle" if system.idle_cpu is not None else "",
        f"{amount(system.rss_mb)} MiB" if system.rss_mb else "",
        f"listening after {amount(system.cold_start_s.p50)} s" if system.cold_start_s else "",
    ]
    yield ", ".join(filter(None, spent))
    if system.figures:
        yield ", ".join(f"{name.replace('_', ' ')} {value:.1%}" for name, value in system.figures.items())


def _show_trials(tried: "list[Trial]", best: "Trial", path: Path) -> None:
    table = Table("Engine", "Model", "Threads", "p50", "p95", "CPU", "Errors", "Memory", box=None, header_style="bold")
    for trial in tried:
        mark = "bold green" if trial is best else ""
        times = (f"{trial.compute.p50:.0f} ms", f"{trial.compute.p95:.0f} ms", f"{trial.cpu_s:.2f} s")
        quality = (f"{trial.word_errors:.1%}", f"{trial.rss_mb:.0f} MiB")
        table.add_row(trial.engine, trial.model, str(trial.threads), *times, *quality, style=mark)
    console = Console()
    console.print(table)
    console.print(
        f"\nChosen: {best.engine} with {best.model} (threads: {best.threads}), written to {path}.",
        highlight=False,
        soft_wrap=True,
    )
