"""``hearth backup`` and ``hearth restore``: all that is kept, from one board to another."""

import os
from pathlib import Path
from typing import Annotated

import typer

from edge.cli.options import Config, settings_of
from edge.errors import AssistantError, SettingsError

_SHORTEST = 8

Passphrase = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="File with the passphrase; else it is asked for.", show_default=False),
]


def backup(
    file: Annotated[Path, typer.Argument(help="What to write.", show_default=False)],
    passphrase_file: Passphrase = None,
    config: Config = None,
) -> None:
    """Write all that is kept, and the settings, into one file that only its passphrase opens. The assistant may run.

    Models are not in it: they can be fetched again.
    """
    from edge.backup import write
    from edge.settings import usual_file

    data_dir = settings_of(config).data_dir
    contents = write(data_dir, config or usual_file(), file, _passphrase(passphrase_file, twice=True))
    print(f"{file}: {contents.files} files, {contents.size / 1e6:.1f} MB, encrypted")


def restore(
    file: Annotated[Path, typer.Argument(help="What `hearth backup` wrote.", show_default=False)],
    passphrase_file: Passphrase = None,
    config: Config = None,
) -> None:
    """Bring back all that a backup holds, on this board or a new one, where nothing is kept yet."""
    from edge.api.local_client import is_running
    from edge.backup import restore as bring_back
    from edge.settings import own_file, usual_file

    data_dir = _data_dir(config)
    if is_running(data_dir):
        raise AssistantError("the assistant runs", "stop it first: systemctl stop hearthside", permanent=True)
    settings = config or usual_file() or own_file()
    contents = bring_back(file, data_dir, settings, _passphrase(passphrase_file, twice=False))
    print(f"{contents.files} files restored into {data_dir}; next: hearth models fetch, hearth check")


def _data_dir(config: Path | None) -> Path:
    """Where the settings want it; on a new board they may be in the backup that is to be restored."""
    try:
        return settings_of(config).data_dir
    except SettingsError:
        if config is None or config.exists():
            raise
        return settings_of(None).data_dir


def _passphrase(file: Path | None, *, twice: bool) -> str:
    if file is not None:
        try:
            said = file.read_text("utf-8").strip("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise AssistantError(f"{file} can't be read: {error}", "check --passphrase-file") from None
    elif os.isatty(0):
        said = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=twice)
    else:
        raise AssistantError("nobody can be asked for the passphrase", "give --passphrase-file", permanent=True)
    if twice and len(said) < _SHORTEST:
        raise AssistantError(f"the passphrase is shorter than {_SHORTEST} characters", "choose a longer one")
    return str(said)
