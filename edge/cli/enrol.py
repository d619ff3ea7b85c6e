"""``hearth sync enrol``: this assistant becomes one of a house that a bridge knows."""

from pathlib import Path
from typing import Annotated

import typer

from edge.cli.options import Config, data_dir_of


def enrol(
    url: Annotated[str, typer.Argument(help="https://HOST:PORT of the bridge.", show_default=False)],
    code: Annotated[str, typer.Argument(help="What `hearth-cloud device add` shows there.", show_default=False)],
    name: Annotated[str, typer.Option(help="What the bridge calls this assistant.", show_default=False)] = "",
    ca: Annotated[
        Path | None, typer.Option(help="Certificate authority of the bridge (PEM).", show_default=False)
    ] = None,
    config: Config = None,
) -> None:
    """Make this assistant known to a bridge. Its key is made here and never leaves; nothing else is sent."""
    from cloud_sync.client.enrolment import enrol as tell
    from edge.settings import own_file, usual_file
    from edge.settings_file import change_settings

    bridge = tell(data_dir_of(config), url, code, name, ca)
    print(f"enrolled in house {bridge.house} as {bridge.device}")
    file = config or usual_file() or own_file()
    change_settings(file, {"cloud.url": bridge.url.replace("http", "ws", 1)})
    print(f"[cloud] url is set in {file}: start `hearth run` anew, and `hearth-sync` beside it.")
    print("Nothing leaves the house before you say what may: `hearth privacy allow answers`, `… history`, `… memory`.")
