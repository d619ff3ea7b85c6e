"""The command ``hearth-sync``: the link to the bridge, as systemd runs it beside the assistant."""

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import anyio
import typer

from cloud_sync.notify import tell_systemd
from cloud_sync.private import keep_private
from edge import at_rest
from edge.errors import AssistantError
from edge.service import log_to_stderr, run_async, stop_signals
from edge.watchdog import LIMITS_S, keep_watch

if TYPE_CHECKING:
    from cloud_sync.client.daemon import Daemon

app = typer.Typer(
    name="hearth-sync",
    help="The link between this assistant and its bridge.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_log = logging.getLogger("cloud_sync.client")
_LOOK_S = 30.0
"""Between two looks whether all goes on: nobody waits for this program."""


def main() -> None:
    """Entry point: an expected failure is one line on standard error and exit code 1."""
    try:
        app()
    except AssistantError as error:
        print(f"hearth-sync: {error}", file=sys.stderr)
        sys.exit(1)


@app.command(epilog="Example: hearth-sync --config /etc/hearthside/hearthside.toml")
def run(
    config: Annotated[Path | None, typer.Option("--config", "-c", help="Settings file (TOML).", show_default=False)] = (
        None
    ),
) -> None:
    """Hold the link to the bridge, and send what waits, until Ctrl-C or SIGTERM."""
    from edge.settings import load

    keep_private()
    settings = load(config)
    log_to_stderr(settings.log_level, settings.log_format)
    at_rest.prepare(settings.data_dir, encrypt=settings.privacy.encrypt)
    from cloud_sync.client.compose import daemon

    run_async(_until_told_to_stop, daemon(settings))


async def _until_told_to_stop(daemon: "Daemon") -> None:
    with stop_signals() as told_to_stop:
        async with anyio.create_task_group() as tasks:

            def ready() -> None:
                _log.info("ready")
                tell_systemd("READY=1")
                tasks.start_soon(keep_watch, daemon.status, LIMITS_S, _LOOK_S)

            tasks.start_soon(daemon.serve, ready)
            await told_to_stop()
            tell_systemd("STOPPING=1")
            tasks.cancel_scope.cancel()
