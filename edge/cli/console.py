"""``hearth console``: who may use the page and the API, from the machine itself."""

import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import anyio
import typer

from edge.cli.options import Config, Json, data_dir_of, print_json
from edge.errors import AssistantError, AssistantUnreachable

if TYPE_CHECKING:
    from edge.api.web.accounts import Account, Accounts
    from edge.api.web.logins import Login, Logins

R = TypeVar("R")
app = typer.Typer(no_args_is_help=True, help="The page and the API: where they are, and who may use them.")
token_app = typer.Typer(no_args_is_help=True, help="What programs show instead of a password.")
app.add_typer(token_app, name="token")

RoleName = Literal["guest", "member", "owner"]
Name = Annotated[str, typer.Argument(help="Of the person, as it is written on the page.", show_default=False)]


@app.command(epilog="Example: `hearth console link`")
def link(as_json: Json = False, config: Config = None) -> None:
    """Say where the console is. As long as nobody has set a password, other machines can reach it for the next half
    hour, to set the first one with the code that is shown.
    """
    from edge.api.local_client import request

    (found,) = request(data_dir_of(config), do="console_link")
    if as_json:
        print_json({key: value for key, value in found.items() if key != "type"})
        return
    if found["owned"]:
        print("Log in at")
    else:
        print(f"Set the first password within {found['minutes']} minutes, at one of")
    for address in (*found["network"], found["here"]):
        print(f"  {address}")
    print("The last one is for a browser on this machine.")
    if found["fingerprint"]:
        print("The browser will warn of a certificate that it does not know. Its SHA-256 fingerprint is")
        print(f"  {found['fingerprint']}")
    if found["network"]:
        _show_code(found["network"][-1])


@app.command(epilog="Example: `hearth console password Ada`, or from a file: `hearth console password Ada < file`")
def password(
    name: Name,
    role: Annotated[RoleName, typer.Option(help="Of somebody who is new.")] = "owner",
    config: Config = None,
) -> None:
    """Set somebody's password; it is asked for, or read from standard input. Whoever is not there yet is added. All
    that person's sessions end.
    """
    new = _ask_password()

    async def change(accounts: "Accounts", _: "Logins") -> bool:
        from edge.api.web.people import role_of

        if (account := await accounts.named(name)) is not None:
            await accounts.set_password(account.id, new)
            return False
        await accounts.add(name, role_of(role), new)
        return True

    added = _run(config, change)
    _tell(config)
    print(f"{name} can log in now" if added else f"{name} has a new password, and is logged out everywhere")


@app.command(epilog="Example: `hearth console people`")
def people(as_json: Json = False, config: Config = None) -> None:
    """List who may use the console."""

    async def listed(accounts: "Accounts", _: "Logins") -> "list[Account]":
        return await accounts.all()

    found = _run(config, listed)
    if as_json:
        from edge.api.web.people import shown

        for account in found:
            print_json(shown(account).model_dump())
        return
    _print_table(
        ("name", "role", "can log in"),
        [
            (each.name, each.role.name.lower(), "yes" if each.has_password and not each.disabled else "no")
            for each in found
        ],
        "nobody yet: `hearth console link`",
    )


@app.command(epilog="Example: `hearth console remove Ada`")
def remove(name: Name, config: Config = None) -> None:
    """Remove somebody, with all sessions and tokens."""

    async def delete(accounts: "Accounts", _: "Logins") -> None:
        if (account := await accounts.named(name)) is None:
            raise AssistantError(f"there is nobody called {name}", "see `hearth console people`")
        await accounts.remove(account.id)

    _run(config, delete)
    _tell(config)
    print(f"{name} is removed")


@token_app.command("add", epilog="Example: `hearth console token add Grafana --role guest`")
def add_token(
    label: Annotated[str, typer.Argument(help="What it is for.", show_default=False)],
    role: Annotated[RoleName, typer.Option(help="What it may.")] = "member",
    days: Annotated[float | None, typer.Option(min=0, help="How long it is good.", show_default=False)] = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Make a token that belongs to nobody, and show it: once."""

    async def make(_: "Accounts", logins: "Logins") -> "tuple[Login, str]":
        from edge.api.web.people import role_of

        return await logins.make_token(label, role_of(role), None, days)

    made, secret = _run(config, make)
    _tell(config)
    if as_json:
        print_json({"id": made.id, "label": label, "role": role, "token": secret})
    else:
        print(secret)


@token_app.command("list", epilog="Example: `hearth console token list`")
def list_tokens(as_json: Json = False, config: Config = None) -> None:
    """List the tokens; what they are can't be shown again."""

    async def listed(_: "Accounts", logins: "Logins") -> "list[Login]":
        return await logins.all("token")

    found = _run(config, listed)
    if as_json:
        from edge.api.web.tokens import shown

        for token in found:
            print_json(shown(token).model_dump())
        return
    _print_table(
        ("id", "for", "whose", "role", "last used", "until"),
        [
            (
                each.id,
                each.label,
                each.name or "",
                each.role.name.lower() if each.role is not None else "",
                _day(each.seen),
                _day(each.expires),
            )
            for each in found
        ],
        "there is none",
    )


@token_app.command(epilog="Example: `hearth console token revoke Grafana`")
def revoke(
    which: Annotated[str, typer.Argument(help="Its id, or what it is for.", show_default=False)],
    config: Config = None,
) -> None:
    """Have a token be good for nothing, also where it is in use."""

    async def end(_: "Accounts", logins: "Logins") -> int:
        found = [each for each in await logins.all("token") if which in (each.id, each.label)]
        if not found:
            raise AssistantError(f"there is no token {which}", "see `hearth console token list`")
        for each in found:
            await logins.end(each.id, "token")
        return len(found)

    count = _run(config, end)
    _tell(config)
    print("revoked" if count == 1 else f"{count} tokens revoked")


def _run(config: Path | None, work: "Callable[[Accounts, Logins], Awaitable[R]]") -> R:
    """The result of ``work`` on what is kept, whether or not the assistant runs. Raises AssistantError."""
    from edge.api.web.accounts import Accounts
    from edge.api.web.logins import Logins
    from edge.api.web.passwords import Passwords
    from edge.api.web.problems import Refusal
    from edge.at_rest import DATABASE
    from edge.database import Database

    async def run() -> R:
        database: Database
        async with Database(data_dir_of(config) / DATABASE) as database:
            accounts = Accounts(database, Passwords())
            await accounts.prepare()
            return await work(accounts, Logins(database))

    try:
        return anyio.run(run)
    except Refusal as refused:
        raise AssistantError(refused.detail, refused.remedy) from None


def _tell(config: Path | None) -> None:
    """A running assistant ends what has to end, and lets in whom it has to let in, at once."""
    from edge.api.local_client import request

    with suppress(AssistantUnreachable):
        list(request(data_dir_of(config), do="console_changed"))


def _ask_password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _show_code(address: str) -> None:
    """For a phone's camera."""
    if sys.stdout.isatty():
        import segno

        segno.make(address, error="l").terminal(compact=True)


def _print_table(head: tuple[str, ...], rows: list[tuple[Any, ...]], none: str) -> None:
    from rich.console import Console
    from rich.table import Table

    if not rows:
        print(none)
        return
    table = Table(*head)
    for row in rows:
        table.add_row(*map(str, row))
    Console().print(table)


def _day(at: float | None) -> str:
    import datetime

    return datetime.datetime.fromtimestamp(at).astimezone().date().isoformat() if at is not None else ""
