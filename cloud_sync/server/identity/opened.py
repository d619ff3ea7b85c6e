"""What every command of an operator works on: the store of a bridge, and a house in it."""

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Concatenate, Final, ParamSpec, TypeVar

import typer

from cloud_sync.protocol.errors import ProtocolError
from cloud_sync.server.certificate import AUTHORITY, fingerprint_of
from cloud_sync.server.cli import Config, Data, Url, settings_of
from cloud_sync.server.database import Database
from cloud_sync.server.identity.access import Access, access
from cloud_sync.server.identity.houses import USUAL
from cloud_sync.server.identity.signing import Signer, signer
from cloud_sync.server.migrate import migrate
from cloud_sync.server.settings import Settings

House = Annotated[str, typer.Option(help="By its name.")]
_BRIDGE: Final = {"config": (Config, None), "data": (Data, None), "database": (Url, None)}
"""Options that every command has, each with its type and its default."""
_HOUSE: Final = {"house": (House, USUAL), **_BRIDGE}
P = ParamSpec("P")
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


@dataclass(frozen=True, slots=True)
class Bridge:
    """Which bridge a command is about, and which house of it."""

    settings: Settings
    house: str = USUAL

    def run(self, work: Callable[[Opened], Awaitable[R]]) -> R:
        """What ``work`` gives, on its store. A refusal is one line, and exit code 1."""

        async def run() -> R:
            async with _opened(self.settings) as bridge:
                return await work(bridge)

        try:
            return asyncio.run(run())
        except ProtocolError as error:
            typer.echo(f"hearth-cloud: {error.message}", err=True)
            raise typer.Exit(1) from None


def of_a_bridge(command: Callable[Concatenate[Bridge, P], None]) -> Callable[..., None]:
    """``command`` with the options that say which bridge it is about."""
    return _with(_BRIDGE, command)


def of_a_house(command: Callable[Concatenate[Bridge, P], None]) -> Callable[..., None]:
    """Likewise, of one of its houses."""
    return _with(_HOUSE, command)


def _with(options: Mapping[str, tuple[object, str | None]], command: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(command)
    def called(**given: object) -> None:
        chosen = {name: given.pop(name) for name in options}
        house = str(chosen.pop("house", USUAL))
        command(Bridge(settings_of(**chosen), house), **given)  # type: ignore[arg-type]

    # Typer reads a command's options from its signature.
    _, *own = inspect.signature(command).parameters.values()
    further = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in options.items()
    ]
    named = [parameter.replace(kind=Parameter.KEYWORD_ONLY) for parameter in own]
    called.__signature__ = inspect.Signature([*named, *further])  # type: ignore[attr-defined]
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in (*named, *further)}
    return called


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Opened]:
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with Database(settings.url) as store:
        await migrate(store)
        authority = settings.data_dir / "tls" / AUTHORITY
        fingerprint = fingerprint_of(authority) if authority.exists() else ""
        key = signer(settings.data_dir)
        yield Opened(settings.data_dir, store, key, await access(store, key), fingerprint)
