"""``hearth-cloud house|device|person|audit``: who may come in, what they may do, and what was done."""

import asyncio
import datetime
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from cloud_sync.protocol.enrolment import grouped
from cloud_sync.protocol.errors import ProtocolError
from cloud_sync.server.certificate import AUTHORITY, fingerprint_of, host_of
from cloud_sync.server.cli import Config, Data, Url, settings_of
from cloud_sync.server.database import Database
from cloud_sync.server.erasures import FILE, EraseApplier, emptied, replay
from cloud_sync.server.identity import audit
from cloud_sync.server.identity.access import Access, access
from cloud_sync.server.identity.devices import devices_of
from cloud_sync.server.identity.houses import USUAL, add_house, houses
from cloud_sync.server.identity.roles import Role
from cloud_sync.server.identity.signing import Signer, signer
from cloud_sync.server.migrate import migrate
from cloud_sync.server.rollouts import let_out, told
from cloud_sync.server.settings import PORT, Settings

house_app = typer.Typer(no_args_is_help=True, help="The houses of this bridge.")
device_app = typer.Typer(no_args_is_help=True, help="The assistants that may come in.")
person_app = typer.Typer(no_args_is_help=True, help="People who may see what is kept of their house.")
erasures_app = typer.Typer(no_args_is_help=True, help="What had to be forgotten.")
rollout_app = typer.Typer(no_args_is_help=True, help="What is let out to more and more devices of a house.")
audit_app = typer.Typer(no_args_is_help=True, help="What was done, by whom, when.")

House = Annotated[str, typer.Option(help="By its name.")]
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Opened:
    """A bridge's store, as its operator has it."""

    folder: Path
    database: Database
    signer: Signer
    access: Access
    fingerprint: str
    """What codes end with; empty where the certificate is not our own."""


# -- houses ----------------------------------------------------------------------------------------------------------


@house_app.command("add", epilog="Example: `hearth-cloud house add cabin`")
def add_a_house(
    name: Annotated[str, typer.Argument(help="Small letters, digits, - and _.", show_default=False)],
    config: Config = None,
    data: Data = None,
    database: Url = None,
) -> None:
    """Make room for a house."""

    async def work(bridge: Opened) -> None:
        await add_house(bridge.database, bridge.access.audit, name)

    _run(work, config, data, database)
    print(f"house {name} is there; next: hearth-cloud device add --house {name}")


@house_app.command("list", epilog="Example: `hearth-cloud house list`")
def list_houses(config: Config = None, data: Data = None, database: Url = None) -> None:
    """Name them, one a line."""
    for name in _run(lambda bridge: houses(bridge.database), config, data, database):
        print(name)


# -- devices ---------------------------------------------------------------------------------------------------------


@device_app.command("add", epilog="Example: `hearth-cloud device add --house home`")
def add_a_device(
    name: Annotated[str, typer.Option(help="What it will be called; else by its own name.", show_default=False)] = "",
    house: House = USUAL,
    config: Config = None,
    data: Data = None,
    database: Url = None,
) -> None:
    """Show a code for one assistant, good for ten minutes. The usual house is made where there is none."""

    async def work(bridge: Opened) -> str:
        if house == USUAL and house not in await houses(bridge.database):
            await add_house(bridge.database, bridge.access.audit, house)
        return grouped(await bridge.access.enrolments.new_code(house, name) + bridge.fingerprint)

    code = _run(work, config, data, database)
    settings = settings_of(config, data, database)
    host = host_of(settings.data_dir / "tls") or "HOST"
    print(f"On the board, within ten minutes:  hearth sync enrol https://{host}:{_port(settings)} {code}")


def _port(settings: Settings) -> int:
    """Where the bridge is served, or will be."""
    try:
        return int((settings.data_dir / PORT).read_text("utf-8"))
    except (OSError, ValueError):
        return settings.port


@device_app.command("list", epilog="Example: `hearth-cloud device list`")
def list_devices(house: House = USUAL, config: Config = None, data: Data = None, database: Url = None) -> None:
    """Say of each when it came, when it was last here, and whether it was turned out."""
    for ident, name, came, seen, revoked in _run(
        lambda bridge: devices_of(bridge.database, house), config, data, database
    ):
        state = f"revoked {_moment(revoked)}" if revoked else f"last here {_moment(seen)}" if seen else "never here"
        print(f"{ident}  {name}  enrolled {_moment(came)}  {state}")


@device_app.command("revoke", epilog="Example: `hearth-cloud device revoke kitchen`")
def revoke_device(
    device: Annotated[str, typer.Argument(help="Its id or its name.", show_default=False)],
    house: House = USUAL,
    config: Config = None,
    data: Data = None,
    database: Url = None,
) -> None:
    """Turn an assistant out: within 5 seconds, wherever it is connected."""
    _run(lambda bridge: bridge.access.revocations.revoke_device(house, device), config, data, database)
    print(f"{device} may not come in any more")


# -- people ----------------------------------------------------------------------------------------------------------


@person_app.command("add", epilog="Example: `hearth-cloud person add sam --role owner`")
def add_person(
    name: Annotated[str, typer.Argument(show_default=False)],
    role: Annotated[str, typer.Option(help="owner, resident or guest.")] = Role.RESIDENT.value,
    house: House = USUAL,
    config: Config = None,
    data: Data = None,
    database: Url = None,
) -> None:
    """Show a code for a person to log in with, once and within ten minutes."""
    if role not in set(Role) - {Role.DEVICE}:
        raise typer.BadParameter("choose owner, resident or guest", param_hint="--role")
    print(grouped(_run(lambda bridge: bridge.access.people.add(house, name, Role(role)), config, data, database)))


@person_app.command("code", epilog="Example: `hearth-cloud person code sam`")
def person_code(
    name: Annotated[str, typer.Argument(show_default=False)],
    house: House = USUAL,
    config: Config = None,
    data: Data = None,
    database: Url = None,
) -> None:
    """Show another code for a person who is known."""
    print(grouped(_run(lambda bridge: bridge.access.people.new_code(house, name), config, data, database)))


@person_app.command("list", epilog="Example: `hearth-cloud person list`")
def list_people(house: House = USUAL, config: Config = None, data: Data = None, database: Url = None) -> None:
    """Name them, with their roles."""
    for name, role, revoked in _run(lambda bridge: bridge.access.people.all(house), config, data, database):
        print(f"{name}  {role}" + (f"  revoked {_moment(revoked)}" if revoked else ""))


@person_app.command("revoke", epilog="Example: `hearth-cloud person revoke sam`")
def revoke_person(
    name: Annotated[str, typer.Argument(show_default=False)],
    house: House = USUAL,
    config: Config = None,
    data: Data = None,
    database: Url = None,
) -> None:
    """Turn a person out; their tokens are good for nothing from now on."""
    _run(lambda bridge: bridge.access.revocations.revoke_person(house, name), config, data, database)
    print(f"{name} may not come in any more")


# -- what is let out --------------------------------------------------------------------------------------------------


@rollout_app.command("set", epilog="Example: `hearth-cloud rollout set updates 25`")
def set_rollout(
    name: Annotated[str, typer.Argument(help="What is let out: updates.", show_default=False)],
    percent: Annotated[float, typer.Argument(help="Of the devices of the house.", show_default=False)],
    house: House = USUAL,
    config: Config = None,
    data: Data = None,
    database: Url = None,
) -> None:
    """Let so many percent of the devices have it; each hears of it when it connects the next time."""
    _run(lambda bridge: let_out(bridge.database, bridge.access.audit, house, name, percent), config, data, database)
    print(f"{name}: {percent:g} % of the devices of {house}")


@rollout_app.command("clear", epilog="Example: `hearth-cloud rollout clear updates`")
def clear_rollout(
    name: Annotated[str, typer.Argument(show_default=False)],
    house: House = USUAL,
    config: Config = None,
    data: Data = None,
    database: Url = None,
) -> None:
    """Say nothing of it any more: it is left to the devices."""
    _run(lambda bridge: let_out(bridge.database, bridge.access.audit, house, name, None), config, data, database)
    print(f"{name} is left to the devices of {house}")


@rollout_app.command("list", epilog="Example: `hearth-cloud rollout list`")
def list_rollouts(house: House = USUAL, config: Config = None, data: Data = None, database: Url = None) -> None:
    """Say what is let out, to how many."""
    said = _run(lambda bridge: told(bridge.database, house), config, data, database)
    for name, percent in sorted(said.items()):
        print(f"{name}  {percent:g} %")


# -- what was done ---------------------------------------------------------------------------------------------------


@audit_app.command("show", epilog="Example: `hearth-cloud audit show --after 100`")
def show_log(
    house: House = USUAL,
    after: Annotated[int, typer.Option(help="Only lines after that number.")] = 0,
    config: Config = None,
    data: Data = None,
    database: Url = None,
) -> None:
    """Print the log of a house, a line for each thing that was done."""

    async def work(bridge: Opened) -> None:
        last = after
        while page := await audit.lines(bridge.database, house, last):
            for line in page:
                print(f"{line.n}  {_moment(line.at_ms)}  {line.actor}  {line.action}  {line.detail}")
            last = page[-1].n

    _run(work, config, data, database)


@audit_app.command("verify", epilog="Example: `hearth-cloud audit verify`")
def verify_log(
    house: House = USUAL,
    receipt: Annotated[
        Path | None, typer.Option(help="Receipts of a board: `hearth privacy receipts --json`.", show_default=False)
    ] = None,
    config: Config = None,
    data: Data = None,
    database: Url = None,
) -> None:
    """Say whether the log is whole. Exit 1 where a line is missing or was changed."""
    known = _of_receipts(receipt) if receipt is not None else {}
    try:
        count = _run(lambda bridge: audit.verify(bridge.database, house, known), config, data, database)
    except audit.Broken as error:
        typer.echo(f"hearth-cloud: {error}", err=True)
        raise typer.Exit(1) from None
    print(f"{count} lines, all whole" + (f"; {len(known)} of them as receipts tell" if known else ""))


@erasures_app.command("replay", epilog="Example: `hearth-cloud erasures replay`")
def replay_erasures(
    file: Annotated[
        Path | None, typer.Argument(help="Else the one in the bridge's folder.", show_default=False)
    ] = None,
    config: Config = None,
    data: Data = None,
    database: Url = None,
) -> None:
    """After a backup was restored: forget again what had to be forgotten since. Doing it twice changes nothing."""

    async def work(bridge: Opened) -> int:
        who = bridge.access
        applier = EraseApplier(bridge.database, bridge.signer, who.server, who.audit)
        count = await replay(bridge.database, applier, file or bridge.folder / FILE)
        await emptied(bridge.database)
        return count

    try:
        print(f"{_run(work, config, data, database)} erasures were missing, and are done")
    except (OSError, ValueError) as error:
        typer.echo(f"hearth-cloud: {error}", err=True)
        raise typer.Exit(1) from None


def _of_receipts(file: Path) -> dict[int, str]:
    try:
        statements = [json.loads(line)["statement"] for line in file.read_text(encoding="utf-8").splitlines()]
        return {said["audit"]["n"]: said["audit"]["hash"] for said in statements if said}
    except (OSError, ValueError, KeyError, TypeError) as error:
        typer.echo(f"hearth-cloud: {file} has no receipts: {error}", err=True)
        raise typer.Exit(2) from None


def _run(work: Callable[[Opened], Awaitable[R]], config: Path | None, data: Path | None, database: str | None) -> R:
    """What ``work`` gives, on the store of the settings. A refusal is one line, and exit code 1."""
    settings = settings_of(config, data, database)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Opened]:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        async with Database(settings.url) as store:
            await migrate(store)
            authority = settings.data_dir / "tls" / AUTHORITY
            fingerprint = fingerprint_of(authority) if authority.exists() else ""
            key = signer(settings.data_dir)
            yield Opened(settings.data_dir, store, key, await access(store, key), fingerprint)

    async def run() -> R:
        async with opened() as bridge:
            return await work(bridge)

    try:
        return asyncio.run(run())
    except ProtocolError as error:
        typer.echo(f"hearth-cloud: {error.message}", err=True)
        raise typer.Exit(1) from None


def _moment(ms: int) -> str:
    return datetime.datetime.fromtimestamp(ms / 1000).astimezone().isoformat(timespec="seconds")
