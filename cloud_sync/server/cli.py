"""The command ``hearth-cloud``: the bridge."""

import asyncio
import functools
import gc
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from cloud_sync.server.settings import Settings

_T = TypeVar("_T")
_GC = (10_000, 20, 100)
app = typer.Typer(
    name="hearth-cloud",
    help="The bridge: for what is too heavy for a board.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Config = Annotated[Path | None, typer.Option("--config", "-c", help="Settings file (TOML).", show_default=False)]
Data = Annotated[Path | None, typer.Option("--data", help="Folder of this bridge.", show_default=False)]
Url = Annotated[str | None, typer.Option("--database", help="postgresql://… instead of a file.", show_default=False)]


def main() -> None:
    """Entry point."""
    try:
        program = commands()
    except ModuleNotFoundError as error:
        sys.exit(f"hearth-cloud: {error.name} is missing — install what the bridge needs: pip install -e '.[server]'")
    sys.exit(program())


@functools.cache
def commands() -> typer.Typer:
    """All of them, those of houses and people included. Raises ModuleNotFoundError without the extra ``server``."""
    from cloud_sync.server.identity import cli

    app.add_typer(cli.house_app, name="house")
    app.add_typer(cli.device_app, name="device")
    app.add_typer(cli.person_app, name="person")
    app.add_typer(cli.rollout_app, name="rollout")
    app.add_typer(cli.audit_app, name="audit")
    app.add_typer(cli.erasures_app, name="erasures")
    return app


def settings_of(config: Path | None, data: Path | None, database: str | None, **others: object) -> "Settings":
    """The settings, or the end with one line that says what is wrong."""
    from cloud_sync.server.settings import CloudSettingsError, load

    try:
        return load(config, {"data_dir": data, "database_url": database, **others})
    except CloudSettingsError as error:
        typer.echo(f"hearth-cloud: {error}", err=True)
        raise typer.Exit(2) from None


@app.callback()
def _bridge() -> None:
    """Without it a single command would have no name."""


@app.command(epilog="Example: `hearth-cloud serve --tls bridge.local`")
def serve(
    config: Config = None,
    data: Data = None,
    database: Url = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default=False)] = None,
    port: Annotated[int | None, typer.Option(help="0: any that is free.", show_default=False)] = None,
    tls: Annotated[
        list[str] | None,
        typer.Option(help="Make a certificate for that name or address; for several, again.", show_default=False),
    ] = None,
) -> None:
    """Take in what devices send, until it is stopped."""
    from cloud_sync.logs import log_to_stderr
    from cloud_sync.private import keep_private
    from cloud_sync.server.app import server

    keep_private()
    settings = settings_of(config, data, database, host=host, port=port, tls_hosts=tuple(tls) if tls else None)
    log_to_stderr(settings.log_level, ("cloud_sync", "uvicorn"), settings.log_format)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    # What is loaded now stays: a full collection would look at it, and at ten thousand connections, for a tenth of a
    # second each time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC)
    server(settings).run()


@app.command(epilog="Example: `hearth-cloud backup /var/backups/bridge-monday`")
def backup(
    file: Annotated[Path, typer.Argument(help="What to write; it may not be there.", show_default=False)],
    config: Config = None,
    data: Data = None,
    database: Url = None,
) -> None:
    """Copy the store, also while it is in use. What is in the copy, devices need not keep any longer."""
    from cloud_sync.server import backup as backups

    settings = settings_of(config, data, database)
    covered = _result(backups.backup(settings.url, file))
    typer.echo(f"{file}: what {covered} device(s) told up to now is safe.")


@app.command(epilog="Example: `hearth-cloud restore /var/backups/bridge-monday`")
def restore(
    file: Annotated[Path, typer.Argument(help="What `hearth-cloud backup` wrote.", show_default=False)],
    config: Config = None,
    data: Data = None,
    database: Url = None,
) -> None:
    """Make a new store from a copy. Devices will send again what came after it."""
    from cloud_sync.server import backup as backups

    settings = settings_of(config, data, database)
    epoch = _result(backups.restore(settings.url, file))
    typer.echo(f"Restored, as epoch {epoch}. If something was erased since: hearth-cloud erasures replay")


def _result(work: Coroutine[Any, Any, _T]) -> _T:
    """What ``work`` on a backup comes to, or the end with one line that says what is wrong."""
    from cloud_sync.server.backup import BackupError

    try:
        return asyncio.run(work)
    except (BackupError, OSError) as error:
        typer.echo(f"hearth-cloud: {error}", err=True)
        raise typer.Exit(1) from None
