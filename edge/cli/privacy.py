"""``hearth privacy``: what is kept about the people of the house, all of it in one file, and erasing it."""

import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import anyio
import typer

from edge.api.local_client import request
from edge.cli.options import Config, Json, data_dir_of, print_json, settings_of
from edge.errors import AssistantError, AssistantUnreachable

if TYPE_CHECKING:
    from cloud_sync.client.compose import AssistantEnd
    from cloud_sync.client.receipts import Proof

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
    from edge.privacy.kept import entries, exported, recorded

    further = [("recordings", recorded(data_dir_of(config))), *([] if local else _at_the_bridge(config))]
    text = exported(_file(config), further)
    count = 0
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            for piece in text:
                out.write(piece)
                count += entries(piece)
    except OSError as error:
        raise AssistantError(f"cannot write {file}: {error.strerror}", "choose another file") from error
    print(f"{count} entries in {file}")


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
    with suppress(AssistantUnreachable):
        # The one that runs, if any, holds the last turns.
        list(request(data_dir_of(config), do="forget"))
    if end is not None:
        from cloud_sync.client.status import send_now

        with suppress(AssistantUnreachable):
            send_now(data_dir_of(config))
        print("The bridge is told as soon as there is a link; its receipt: `hearth privacy receipts`")


@app.command(epilog="Example: `hearth privacy receipts`")
def receipts(as_json: Json = False, config: Config = None) -> None:
    """Show what the bridge has signed that it has erased. Exit 1 if a signature is wrong."""
    from cloud_sync.client.bridge_file import enrolled
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


def _at_the_bridge(config: Path | None) -> list[tuple[str, Iterable[dict[str, Any]]]]:
    """All that the bridge has of this house, where there is one."""
    from cloud_sync.client.requests import kept_there

    found = kept_there(data_dir_of(config), settings_of(config).cloud.ca_file)
    return [] if found is None else [("bridge", found)]


def _say(config: Path | None, purposes: Sequence[str], *, yes: bool) -> None:
    from edge.at_rest import DATABASE
    from edge.database import Database
    from edge.privacy.consent import Consents, How, Purpose

    if wrong := [name for name in purposes if name not in set(Purpose)]:
        raise typer.BadParameter(f"{wrong[0]}: choose among {', '.join(Purpose)}")
    end = _end(config)

    async def say() -> None:
        async with Database(data_dir_of(config) / DATABASE, end.seal if end is not None else None) as database:
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
    from edge.at_rest import DATABASE

    file = data_dir_of(config) / DATABASE
    if not file.exists():
        raise AssistantError(f"nothing is kept in {file.parent}", "check HEARTH_DATA_DIR")
    return file


async def _counts(file: Path) -> dict[str, int]:
    from edge.database import Database
    from edge.privacy.kept import counts

    async with Database(file) as database:
        return await database.read(counts)


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


async def _forget(file: Path, end: "AssistantEnd | None", about: str | None, days: float | None) -> int:
    from cloud_sync.client.compose import let_go
    from edge.database import Database
    from edge.privacy.erasing import Erasing

    async with Database(file, end.seal if end is not None else None) as database:
        if end is not None:
            await end.prepare(database)
        erasing = Erasing(database, file.parent, end.erasures if end is not None else None)
        if about is not None:
            count = await erasing.about(about)
        elif days is not None:
            count = await erasing.turns(time.time() - days * _DAY_S)
        else:
            count = await erasing.everything()
        if end is None:
            await let_go(database, file.parent)
        await erasing.overwritten()
        return count


def _moment(ms: float) -> str:
    from edge.privacy.kept import moment

    return moment(ms / 1000)
