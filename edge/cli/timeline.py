"""Where the milliseconds of a turn went, drawn for people."""

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from edge.devices import Confirmation
from edge.events import Timings, TurnEnded

_WIDTH = 40


def render(turn: TurnEnded, *, title: str = "", console: Console | None = None) -> None:
    """Print what was heard, done and answered, and a bar for each stage from the last syllable on."""
    parts = [_facts(turn)]
    stages = _stages(turn.timings)
    if stages:
        parts.append(_bars(stages))
    (console or Console()).print(Panel(Group(*parts), title=title or None, title_align="left", expand=False))


def _facts(turn: TurnEnded) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1))
    table.add_column(style="dim")
    table.add_column()
    table.add_row("heard", Text(f"“{turn.text}”" if turn.text else "nothing"))
    if turn.intent is not None:
        slots = ", ".join(f"{name}={value}" for name, value in turn.intent.slots.items())
        table.add_row("understood", Text(f"{turn.intent.name}({slots}) by {turn.tier}, {turn.confidence:.2f}"))
    for action in turn.actions:
        sure = action.confirmation is Confirmation.CONFIRMED
        mark = "[green]confirmed[/]" if sure else f"[yellow]{action.confirmation}[/]"
        change = ", ".join(f"{key}={value}" for key, value in action.command.items())
        table.add_row("did", f"{action.device} {change}: {mark} by the device after {action.ms} ms")
    table.add_row("outcome", str(turn.outcome))
    table.add_row("answered", Text(f"“{turn.reply.text}”" if turn.reply.text else "nothing"))
    if turn.reply.audio:
        table.add_row("answer in", turn.reply.audio)
    return table


def _stages(timings: Timings) -> list[tuple[str, float]]:
    named = (
        ("wait for the end", timings.endpoint_ms),
        ("speech to text", timings.stt_ms),
        ("understand", timings.understand_ms),
        ("act, confirmed", timings.act_ms),
    )
    stages = [(name, ms) for name, ms in named if ms is not None]
    if timings.first_audio_ms is not None:
        stages.append(("voice", max(0.0, timings.first_audio_ms - sum(ms for _, ms in stages))))
    return stages


def _bars(stages: list[tuple[str, float]]) -> Table:
    """Bars one after another on a common scale, that starts at the last syllable."""
    total = max(sum(ms for _, ms in stages), 1.0)
    table = Table(box=None, padding=(0, 1), header_style="dim")
    table.add_column("from the last syllable")
    table.add_column("")
    table.add_column("ms", justify="right")
    at = 0.0
    for name, ms in stages:
        left, right = round(at / total * _WIDTH), round((at + ms) / total * _WIDTH)
        bar = " " * left + "█" * (right - left) if right > left else " " * left + "▏"
        table.add_row(name, Text(bar, style="cyan"), f"{ms:.0f}")
        at += ms
    table.add_row("first sound of the answer", "", f"{total:.0f}", style="bold")
    return table
