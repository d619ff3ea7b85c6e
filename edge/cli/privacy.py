"""``hearth privacy``: what is kept about the people of the house, all of it in one file, and erasing it."""

import json
import os
import time
from pathlib import Path
from typing import Annotated, Any

import anyio
import typer

from edge.cli import Config, Json, data_dir_of, print_json
from edge.errors import AssistantError

app = typer.Typer(no_args_is_help=True, help="What is kept about you: see it, take it with you, erase it.")

_DAY_S = 86_400.0


@app.command(epilog="Example: `hearth privacy show`")
def show(as_json: Json = False, config: Config = None) -> None:
    """Say what is kept, how much of it, and where."""
    file = _file(config)
    kept = anyio.run(_counts, file)
    if as_json:
        print_json({"file": str(file), "kept": kept})
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("kept", "how many", title=str(file))
    for name, count in kept.items():
        table.add_row(name, str(count))
    Console().print(table)


@app.command(epilog="Example: `hearth privacy export me.json`")
def export(
    file: Annotated[Path, typer.Argument(help="Written anew; readable by you alone.", show_default=False)],
    config: Config = None,
) -> None:
    """Write everything that is kept into one JSON file."""
    kept = anyio.run(_everything, _file(config))
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            json.dump(kept, out, ensure_ascii=False, indent=1)
    except OSError as error:
        raise AssistantError(f"cannot write {file}: {error.strerror}", "choose another file") from error
    print(f"{sum(len(rows) for rows in kept.values())} entries in {file}")


@app.command(epilog='Examples: `hearth privacy forget --about "the oven"`, `hearth privacy forget --everything`')
def forget(
    about: Annotated[
        str | None, typer.Option(help="Facts and turns that share a word with this.", show_default=False)
    ] = None,
    days: Annotated[
        float | None, typer.Option(min=0, help="Turns of the last so many days.", show_default=False)
    ] = None,
    everything: Annotated[
        bool, typer.Option("--everything", help="All facts and turns, and timers, lists and the rest.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    config: Config = None,
) -> None:
    """Erase what is kept: overwritten in the file, not only hidden."""
    if (about is not None) + (days is not None) + everything != 1:
        raise typer.BadParameter("give one of --about, --days, --everything")
    if not yes:
        typer.confirm("Erased for good. Go on?", abort=True)
    print(f"{anyio.run(_forget, _file(config), about, days)} entries erased")


def _file(config: Path | None) -> Path:
    file = data_dir_of(config) / "hearthside.db"
    if not file.exists():
        raise AssistantError(f"nothing is kept in {file.parent}", "check HEARTH_DATA_DIR")
    return file


async def _counts(file: Path) -> dict[str, int]:
    return {name: len(rows) for name, rows in (await _everything(file)).items()}


async def _everything(file: Path) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, by the table's name."""
    from edge.database import Database

    async with Database(file) as database:
        return await database.read(lambda connection: {name: _rows(connection, name) for name in _tables(connection)})


def _tables(connection: Any) -> list[str]:
    # That the microphone is off says nothing about anybody, and must not be forgotten.
    ours = "('schema_part', 'listening')"
    query = f"SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT IN {ours}"  # noqa: S608
    return [name for (name,) in connection.execute(f"{query} ORDER BY name")]


def _rows(connection: Any, table: str) -> list[dict[str, Any]]:
    # The name comes out of the schema itself.
    cursor = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608
    return [dict(zip((column for column, _ in cursor.getdescription()), row, strict=True)) for row in cursor]


async def _forget(file: Path, about: str | None, days: float | None) -> int:
    from edge.database import Database
    from edge.memory.episodes import Episodes
    from edge.memory.facts import Facts

    async with Database(file) as database:
        facts, episodes = Facts(database), Episodes(database, 1.0)
        if about is not None:
            count = await facts.forget(await facts.about(about))
            for turn in await episodes.about(about, 0.0, float("inf")):
                count += await episodes.forget(turn.at, turn.at + 1e-6)
        elif days is not None:
            count = await episodes.forget(time.time() - days * _DAY_S)
        else:
            count = await database.write(_empty)
        # Nothing of it may stay behind in the write-ahead log.
        await database.read(lambda connection: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
        return count


def _empty(connection: Any) -> int:
    count = 0
    for table in _tables(connection):
        connection.execute(f'DELETE FROM "{table}"')  # noqa: S608
        count += connection.changes()
    return count
