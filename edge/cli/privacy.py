"""``hearth privacy``: what is kept about the people of the house, all of it in one file, and erasing it."""

import datetime
import json
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import anyio
import typer

from edge.cli import Config, Json, data_dir_of, print_json, settings_of
from edge.errors import AssistantError, AssistantUnreachable

if TYPE_CHECKING:
    from cloud_sync.client.compose import AssistantEnd
    from cloud_sync.client.receipts import Proof
    from edge.memory.feedback import Traces
    from edge.ports import Erasures

app = typer.Typer(
    no_args_is_help=True, help="What is kept about you and what may leave the house: see it, take it along, erase it."
)

_DAY_S = 86_400.0


Purposes = Annotated[list[str], typer.Argument(help="answers, history, memory, telemetry, audio.", show_default=False)]


@app.command(epilog="Example: `hearth privacy show`")
def show(as_json: Json = False, config: Config = None) -> None:
    """Say what is kept, how much of it, and where; and what may leave the house."""
    file = _file(config)
    kept = anyio.run(_counts, file)
    said = anyio.run(_consents, file)
    if as_json:
        print_json({"file": str(file), "kept": kept, "allowed": said})
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("kept", "how many", title=str(file))
    for name, count in kept.items():
        if count:
            table.add_row(name, str(count))
    Console().print(table)
    table = Table("for", "may leave the house", "since", "how")
    for each in said:
        table.add_row(each["purpose"], "yes" if each["allowed"] else "no", each["since"] or "", each["how"])
    Console().print(table)


@app.command(epilog="Example: `hearth privacy allow answers`")
def allow(purposes: Purposes, config: Config = None) -> None:
    """From now on, let what serves these purposes leave the house."""
    _say(config, purposes, yes=True)


@app.command(epilog="Example: `hearth privacy deny history`")
def deny(purposes: Purposes, config: Config = None) -> None:
    """From now on, let nothing leave the house for these purposes; what was not sent yet is taken back."""
    _say(config, purposes, yes=False)


@app.command(epilog="Example: `hearth privacy export me.json`")
def export(
    file: Annotated[Path, typer.Argument(help="Written anew; readable by you alone.", show_default=False)],
    local: Annotated[bool, typer.Option("--local", help="Only what is on this device.")] = False,
    config: Config = None,
) -> None:
    """Write everything that is kept into one JSON file, here and on the bridge."""
    from cloud_sync.client.enrolment import enrolled

    kept = anyio.run(_everything, _file(config))
    if not local and (bridge := enrolled(data_dir_of(config))) is not None:
        from cloud_sync.client.requests import exported

        kept["bridge"] = exported(data_dir_of(config), bridge, settings_of(config).cloud.ca_file)
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            json.dump(kept, out, ensure_ascii=False, indent=1, default=_in_json)
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
    """Erase what is kept: overwritten in the file, not only hidden; on the bridge and the other assistants, too."""
    if (about is not None) + (days is not None) + everything != 1:
        raise typer.BadParameter("give one of --about, --days, --everything")
    if not yes:
        typer.confirm("Erased for good. Go on?", abort=True)
    end = _end(config)
    print(f"{anyio.run(_forget, _file(config), end, about, days)} entries erased")
    if end is not None:
        from cloud_sync.client.status import send_now

        with suppress(AssistantUnreachable):
            send_now(data_dir_of(config))
        print("The bridge is told as soon as there is a link; its receipt: `hearth privacy receipts`")


@app.command(epilog="Example: `hearth privacy receipts`")
def receipts(as_json: Json = False, config: Config = None) -> None:
    """Show what the bridge has signed that it has erased. Exit 1 if a signature is wrong."""
    from cloud_sync.client.enrolment import enrolled
    from cloud_sync.client.receipts import proofs

    bridge = enrolled(data_dir_of(config))

    async def read() -> "list[Proof]":
        from edge.database import Database

        async with Database(_file(config)) as database:
            return await database.read(lambda connection: proofs(connection, bridge.public if bridge else b""))

    found = anyio.run(read)
    for each in found:
        if as_json:
            row = {"id": each.id, "at": _moment(each.at_ms), "done": each.done, "genuine": each.genuine}
            print_json({**row, "statement": each.said})
        else:
            state = (
                ("erased, signed" if each.genuine else "THE SIGNATURE IS WRONG") if each.done else "waits for a link"
            )
            erased = each.said.get("erased", {})
            print(f"{_moment(each.at_ms)}  {each.id}  {state}  {sum(erased.values()) if erased else ''}".rstrip())
    raise typer.Exit(any(each.done and not each.genuine for each in found))


def _state(proof: "Proof") -> str:
    if not proof.done:
        return "waits for a link"
    if not proof.genuine:
        return "THE SIGNATURE IS WRONG"
    return f"{sum(proof.said['erased'].values())} entries erased, signed"


def _say(config: Path | None, purposes: Sequence[str], *, yes: bool) -> None:
    from edge.database import Database
    from edge.privacy.consent import Consents, How, Purpose

    if wrong := [name for name in purposes if name not in set(Purpose)]:
        raise typer.BadParameter(f"{wrong[0]}: choose among {', '.join(Purpose)}")
    end = _end(config)

    async def say() -> None:
        async with Database(data_dir_of(config) / "hearthside.db", end.seal if end is not None else None) as database:
            if end is not None:
                await end.prepare(database)
            consents = Consents(database, end.outbox if end is not None else None)
            for name in purposes:
                await consents.say(name, How.CLI, yes=yes)

    anyio.run(say)
    print(f"{', '.join(purposes)}: {'allowed' if yes else 'not allowed'} from now on")


def _end(config: Path | None) -> "AssistantEnd | None":
    """What waits for the bridge; None where there is none."""
    from cloud_sync.client.compose import assistant_end

    return assistant_end(settings_of(config))


def _file(config: Path | None) -> Path:
    file = data_dir_of(config) / "hearthside.db"
    if not file.exists():
        raise AssistantError(f"nothing is kept in {file.parent}", "check HEARTH_DATA_DIR")
    return file


async def _counts(file: Path) -> dict[str, int]:
    return {name: len(rows) for name, rows in (await _everything(file)).items()}


async def _consents(file: Path) -> list[dict[str, Any]]:
    from edge.database import Database
    from edge.privacy.consent import Consents

    async with Database(file) as database:
        said = await Consents(database).all()
    return [
        {
            "purpose": each.purpose.value,
            "allowed": each.allowed,
            "since": _moment(each.at * 1000) if each.at else None,
            "how": each.how,
        }
        for each in said
    ]


async def _everything(file: Path) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, by the table's name."""
    from edge.database import Database

    async with Database(file) as database:
        return await database.read(lambda connection: {name: _rows(connection, name) for name in _tables(connection)})


def _tables(connection: Any) -> list[str]:
    # That the microphone is off says nothing about anybody, and must not be forgotten.
    # Nor who may use the console: without a password it would be open to whoever uses this machine.
    ours = {"schema_part", "listening"}
    query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    names = (name for (name,) in connection.execute(query))
    return [name for name in names if name not in ours and not name.startswith("access_")]


def _rows(connection: Any, table: str) -> list[dict[str, Any]]:
    # The name comes out of the schema itself.
    cursor = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608
    return [dict(zip((column for column, _ in cursor.getdescription()), row, strict=True)) for row in cursor]


async def _forget(file: Path, end: "AssistantEnd | None", about: str | None, days: float | None) -> int:
    from cloud_sync.client.compose import let_go
    from edge.database import Database
    from edge.memory.episodes import Episodes
    from edge.memory.facts import Facts
    from edge.memory.feedback import Traces

    async with Database(file, end.seal if end is not None else None) as database:
        erasures = end.erasures if end is not None else None
        if end is not None:
            await end.prepare(database)
        traces = Traces(file.parent)
        facts, episodes = Facts(database, erasures=erasures), Episodes(database, 1.0, erasures=erasures, traces=traces)
        if about is not None:
            count = await facts.forget(await facts.about(about))
            count += await episodes.erase(await episodes.about(about, 0.0, float("inf")))
        elif days is not None:
            count = await episodes.forget(time.time() - days * _DAY_S)
        else:
            count = await database.write(lambda connection: _empty(connection, erasures, traces))
        if end is None:
            await let_go(database, file.parent)
        # Nothing of it may stay behind in the write-ahead log.
        await database.read(lambda connection: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
        return count


def _empty(connection: Any, erasures: "Erasures | None", traces: "Traces") -> int:
    count = 0
    traces.erase(connection, None)
    for table in _tables(connection):
        # What the link needs stays: what was allowed, and that the rest is to be forgotten, is not forgotten.
        if not table.startswith(("sync_", "privacy_")):
            connection.execute(f'DELETE FROM "{table}"')  # noqa: S608
            count += connection.changes()
    if erasures is not None:
        erasures.forget_everything(connection)
    return count


def _moment(ms: float) -> str:
    return datetime.datetime.fromtimestamp(ms / 1000).astimezone().isoformat(timespec="seconds")


def _in_json(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
