"""``hearth models list · fetch · verify``."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from edge.errors import ModelError

if TYPE_CHECKING:
    from models.commands import Row
    from models.store import Store

_INTERRUPTED: Final = 130
"""What a shell calls a program that Ctrl-C ended."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="One JSON object per line, and nothing else.")]
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Ids as `list` shows them.")]


@app.callback(epilog="Example: `hearth models list`")
def choose_store(
    context: typer.Context,
    models_dir: Annotated[
        Path | None, typer.Option(help="Folder of the models, instead of the configured one.", show_default=False)
    ] = None,
) -> None:
    """Models: what is there, fetch what is missing, check what is there."""
    context.obj = models_dir or context.obj


@app.command(name="list", epilog="Example: `hearth models list --json`")
def show_list(context: typer.Context, as_json: Json = False) -> None:
    """Every known model: what it is for, its licence, size and memory, and whether it is here."""
    from models import commands

    store = _store(context)
    _show(commands.list_models(store), as_json=as_json, needed=() if as_json else _needed(store))


@app.command(epilog="Example: `hearth models fetch whisper-base`")
def fetch(
    context: typer.Context,
    ids: Ids = None,
    needed: Annotated[bool, typer.Option("--needed", help="What the settings need, beside the ids.")] = False,
    defaults: Annotated[bool, typer.Option("--defaults", help="What the usual settings need on any board.")] = False,
    as_json: Json = False,
) -> None:
    """Download models that are missing or damaged; without ids, those that the settings need: by their language, their
    engines, and the kind of board.
    """
    import stamina.instrumentation
    from rich.console import Console

    from models import commands
    from models.display import FetchDisplay

    stamina.instrumentation.set_on_retry_hooks([])  # the bar stands still meanwhile; its warnings would cut through it
    store = _store(context)
    wanted = [*(ids or ()), *(commands.default_ids(store) if defaults else ())]
    if needed or not wanted:
        wanted += _needed(store)
    try:
        with FetchDisplay(Console(stderr=True)) as display:
            rows = commands.fetch(wanted, store, display)
    except KeyboardInterrupt:
        stopped = ModelError("interrupted", "run the same command again, it continues where it stopped")
        typer.echo(f"hearth: {stopped}", err=True)
        raise typer.Exit(_INTERRUPTED) from None
    if as_json:
        _show(rows, as_json=True)


@app.command(epilog="Example: `hearth models verify whisper-tiny.en`")
def verify(context: typer.Context, ids: Ids = None, as_json: Json = False) -> None:
    """Compare the hash of every file with the manifest; exit 1 if a model is damaged or missing."""
    from models import commands
    from models.store import Condition

    store = _store(context)
    rows = commands.verify(ids, store) if ids else commands.verify_all(store, _needed(store))
    if as_json:
        _show(rows, as_json=True)
    else:
        for row in rows:
            typer.echo(f"{row.condition:8} {row.model.id}" + (f": {row.detail}" if row.detail else ""))
    if any(row.condition is not Condition.OK for row in rows):
        raise typer.Exit(1)


def _store(context: typer.Context) -> "Store":
    """The store in the folder that was given, else in the configured one."""
    from edge.settings import load
    from models.store import Store

    return Store(context.obj or load().models_dir)


def _needed(store: "Store") -> list[str]:
    """Ids of the models of the manifest that the settings need; a setting may also name one that is somebody's own."""
    from edge.engines import models_of
    from edge.settings import load

    known = {model.id for model in store.manifest.models if not model.bundled}
    return [model for model in models_of(load()) if model in known]


def _show(rows: "Sequence[Row]", *, as_json: bool, needed: "Sequence[str]" = ()) -> None:
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row.as_json(), ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    from models.store import Condition

    table = Table(box=None, pad_edge=False)
    for heading in ("model", "for", "lang", "licence", "MB", "RAM", "state"):
        table.add_column(heading, justify="right" if heading in ("MB", "RAM") else "left", no_wrap=heading == "model")
    for row in rows:
        model = row.model
        optional = row.condition is Condition.MISSING and model.id not in needed
        state = "optional" if optional else row.condition.value
        size, ram = f"{model.size / 1e6:.1f}", str(model.ram_mb)
        table.add_row(model.id, model.kind, " ".join(model.languages), model.licence, size, ram, state)
    Console().print(table)
