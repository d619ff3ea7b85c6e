"""``hearth-cloud house|device|person|audit``: who may come in, what they may do, and what was done."""

import datetime
import json
from pathlib import Path
from typing import Annotated

import typer

from cloud_sync.protocol.enrolment import grouped
from cloud_sync.server.certificate import host_of
from cloud_sync.server.erasures import FILE, EraseApplier, emptied, replay
from cloud_sync.server.identity import audit
from cloud_sync.server.identity.devices import devices_of
from cloud_sync.server.identity.houses import USUAL, add_house, houses
from cloud_sync.server.identity.opened import Bridge, Opened, of_a_bridge, of_a_house
from cloud_sync.server.identity.roles import Role
from cloud_sync.server.rollouts import let_out, told
from cloud_sync.server.settings import PORT, Settings

house_app = typer.Typer(no_args_is_help=True, help="The houses of this bridge.")
device_app = typer.Typer(no_args_is_help=True, help="The assistants that may come in.")
person_app = typer.Typer(no_args_is_help=True, help="People who may see what is kept of their house.")
erasures_app = typer.Typer(no_args_is_help=True, help="What had to be forgotten.")
rollout_app = typer.Typer(no_args_is_help=True, help="What is let out to more and more devices of a house.")
audit_app = typer.Typer(no_args_is_help=True, help="What was done, by whom, when.")


# -- houses ----------------------------------------------------------------------------------------------------------


@house_app.command("add", epilog="Example: `hearth-cloud house add cabin`")
@of_a_bridge
def add_a_house(
    bridge: Bridge,
    name: Annotated[str, typer.Argument(help="Small letters, digits, - and _.", show_default=False)],
) -> None:
    """Make room for a house."""

    async def work(opened: Opened) -> None:
        await add_house(opened.database, opened.access.audit, name)

    bridge.run(work)
    print(f"house {name} is there; next: hearth-cloud device add --house {name}")


@house_app.command("list", epilog="Example: `hearth-cloud house list`")
@of_a_bridge
def list_houses(bridge: Bridge) -> None:
    """Name them, one a line."""
    for name in bridge.run(lambda opened: houses(opened.database)):
        print(name)


# -- devices ---------------------------------------------------------------------------------------------------------


@device_app.command("add", epilog="Example: `hearth-cloud device add --house home`")
@of_a_house
def add_a_device(
    bridge: Bridge,
    name: Annotated[str, typer.Option(help="What it will be called; else by its own name.", show_default=False)] = "",
) -> None:
    """Show a code for one assistant, good for ten minutes. The usual house is made where there is none."""

    async def work(opened: Opened) -> str:
        if bridge.house == USUAL and bridge.house not in await houses(opened.database):
            await add_house(opened.database, opened.access.audit, bridge.house)
        return grouped(await opened.access.enrolments.new_code(bridge.house, name) + opened.fingerprint)

    code = bridge.run(work)
    host = host_of(bridge.settings.data_dir / "tls") or "HOST"
    print(f"On the board, within ten minutes:  hearth sync enrol https://{host}:{_port(bridge.settings)} {code}")


def _port(settings: Settings) -> int:
    """Where the bridge is served, or will be."""
    try:
        return int((settings.data_dir / PORT).read_text("utf-8"))
    except (OSError, ValueError):
        return settings.port


@device_app.command("list", epilog="Example: `hearth-cloud device list`")
@of_a_house
def list_devices(bridge: Bridge) -> None:
    """Say of each when it came, when it was last here, and whether it was turned out."""
    for ident, name, came, seen, revoked in bridge.run(lambda opened: devices_of(opened.database, bridge.house)):
        state = f"revoked {_moment(revoked)}" if revoked else f"last here {_moment(seen)}" if seen else "never here"
        print(f"{ident}  {name}  enrolled {_moment(came)}  {state}")


@device_app.command("revoke", epilog="Example: `hearth-cloud device revoke kitchen`")
@of_a_house
def revoke_device(
    bridge: Bridge,
    device: Annotated[str, typer.Argument(help="Its id or its name.", show_default=False)],
) -> None:
    """Turn an assistant out: within 5 seconds, wherever it is connected."""
    bridge.run(lambda opened: opened.access.revocations.revoke_device(bridge.house, device))
    print(f"{device} may not come in any more")


# -- people ----------------------------------------------------------------------------------------------------------


@person_app.command("add", epilog="Example: `hearth-cloud person add sam --role owner`")
@of_a_house
def add_person(
    bridge: Bridge,
    name: Annotated[str, typer.Argument(show_default=False)],
    role: Annotated[str, typer.Option(help="owner, resident or guest.")] = Role.RESIDENT.value,
) -> None:
    """Show a code for a person to log in with, once and within ten minutes."""
    if role not in set(Role) - {Role.DEVICE}:
        raise typer.BadParameter("choose owner, resident or guest", param_hint="--role")
    print(grouped(bridge.run(lambda opened: opened.access.people.add(bridge.house, name, Role(role)))))


@person_app.command("code", epilog="Example: `hearth-cloud person code sam`")
@of_a_house
def person_code(
    bridge: Bridge,
    name: Annotated[str, typer.Argument(show_default=False)],
) -> None:
    """Show another code for a person who is known."""
    print(grouped(bridge.run(lambda opened: opened.access.people.new_code(bridge.house, name))))


@person_app.command("list", epilog="Example: `hearth-cloud person list`")
@of_a_house
def list_people(bridge: Bridge) -> None:
    """Name them, with their roles."""
    for name, role, revoked in bridge.run(lambda opened: opened.access.people.all(bridge.house)):
        print(f"{name}  {role}" + (f"  revoked {_moment(revoked)}" if revoked else ""))


@person_app.command("revoke", epilog="Example: `hearth-cloud person revoke sam`")
@of_a_house
def revoke_person(
    bridge: Bridge,
    name: Annotated[str, typer.Argument(show_default=False)],
) -> None:
    """Turn a person out; their tokens are good for nothing from now on."""
    bridge.run(lambda opened: opened.access.revocations.revoke_person(bridge.house, name))
    print(f"{name} may not come in any more")


# -- what is let out --------------------------------------------------------------------------------------------------


@rollout_app.command("set", epilog="Example: `hearth-cloud rollout set updates 25`")
@of_a_house
def set_rollout(
    bridge: Bridge,
    name: Annotated[str, typer.Argument(help="What is let out: updates.", show_default=False)],
    percent: Annotated[float, typer.Argument(help="Of the devices of the house.", show_default=False)],
) -> None:
    """Let so many percent of the devices have it; each hears of it when it connects the next time."""
    bridge.run(lambda opened: let_out(opened.database, opened.access.audit, bridge.house, name, percent))
    print(f"{name}: {percent:g} % of the devices of {bridge.house}")


@rollout_app.command("clear", epilog="Example: `hearth-cloud rollout clear updates`")
@of_a_house
def clear_rollout(
    bridge: Bridge,
    name: Annotated[str, typer.Argument(show_default=False)],
) -> None:
    """Say nothing of it any more: it is left to the devices."""
    bridge.run(lambda opened: let_out(opened.database, opened.access.audit, bridge.house, name, None))
    print(f"{name} is left to the devices of {bridge.house}")


@rollout_app.command("list", epilog="Example: `hearth-cloud rollout list`")
@of_a_house
def list_rollouts(bridge: Bridge) -> None:
    """Say what is let out, to how many."""
    said = bridge.run(lambda opened: told(opened.database, bridge.house))
    for name, percent in sorted(said.items()):
        print(f"{name}  {percent:g} %")


# -- what was done ---------------------------------------------------------------------------------------------------


@audit_app.command("show", epilog="Example: `hearth-cloud audit show --after 100`")
@of_a_house
def show_log(
    bridge: Bridge,
    after: Annotated[int, typer.Option(help="Only lines after that number.")] = 0,
) -> None:
    """Print the log of a house, a line for each thing that was done."""

    async def work(opened: Opened) -> None:
        last = after
        while page := await audit.lines(opened.database, bridge.house, last):
            for line in page:
                print(f"{line.n}  {_moment(line.at_ms)}  {line.actor}  {line.action}  {line.detail}")
            last = page[-1].n

    bridge.run(work)


@audit_app.command("verify", epilog="Example: `hearth-cloud audit verify`")
@of_a_house
def verify_log(
    bridge: Bridge,
    receipt: Annotated[
        Path | None, typer.Option(help="Receipts of a board: `hearth privacy receipts --json`.", show_default=False)
    ] = None,
) -> None:
    """Say whether the log is whole. Exit 1 where a line is missing or was changed."""
    known = _of_receipts(receipt) if receipt is not None else {}
    try:
        count = bridge.run(lambda opened: audit.verify(opened.database, bridge.house, known))
    except audit.Broken as error:
        typer.echo(f"hearth-cloud: {error}", err=True)
        raise typer.Exit(1) from None
    print(f"{count} lines, all whole" + (f"; {len(known)} of them as receipts tell" if known else ""))


@erasures_app.command("replay", epilog="Example: `hearth-cloud erasures replay`")
@of_a_bridge
def replay_erasures(
    bridge: Bridge,
    file: Annotated[
        Path | None, typer.Argument(help="Else the one in the bridge's folder.", show_default=False)
    ] = None,
) -> None:
    """After a backup was restored: forget again what had to be forgotten since. Doing it twice changes nothing."""

    async def work(opened: Opened) -> int:
        who = opened.access
        applier = EraseApplier(opened.database, opened.signer, who.server, who.audit)
        count = await replay(opened.database, applier, file or opened.folder / FILE)
        await emptied(opened.database)
        return count

    try:
        print(f"{bridge.run(work)} erasures were missing, and are done")
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


def _moment(ms: int) -> str:
    return datetime.datetime.fromtimestamp(ms / 1000).astimezone().isoformat(timespec="seconds")
