"""``hearth sync``: what waits for the bridge, what it has, since when; and having it sent at once."""

from typing import Any

import typer

from edge.cli.enrol import enrol
from edge.cli.options import Config, Json, data_dir_of, print_json, settings_of
from edge.errors import AssistantError

app = typer.Typer(no_args_is_help=True, help="The link to the bridge, and what waits for it.")
app.command(epilog="Example: `hearth sync enrol https://192.168.1.10:8443 K7QM-93F4`")(enrol)


@app.command(epilog="Example: `hearth sync status`")
def status(as_json: Json = False, config: Config = None) -> None:
    """Say how the link is, what waits by kind, what the bridge has, what was given up; also without hearth-sync."""
    from cloud_sync.client.status import summary

    row = summary(data_dir_of(config), settings_of(config).cloud.url)
    if as_json:
        print_json(row)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("bridge", row["bridge"] or "none is configured", show_header=True)
    table.add_row("link", _link(row))
    waits = ", ".join(f"{count} {kind}" for kind, count in row["waiting"].items())
    table.add_row("waits", f"{waits}, since {row['oldest']}" if waits else "nothing")
    table.add_row("with the bridge", f"{row['acked']} entries")
    table.add_row("questions kept", str(row["questions"]))
    table.add_row("answers untold", str(row["answers"]))
    table.add_row("lost", ", ".join(f"{count} {what}" for what, count in row["lost"].items()) or "nothing")
    Console().print(table)


@app.command(epilog="Example: `hearth sync now`")
def now(config: Config = None) -> None:
    """Try the link and send what waits at once, without waiting for the next attempt."""
    from cloud_sync.client.status import send_now

    if settings_of(config).cloud.url is None:
        raise AssistantError("no bridge is configured", "set cloud.url", permanent=True)
    said = send_now(data_dir_of(config))
    print("linked" if said.linked else "trying")


def _link(row: dict[str, Any]) -> str:
    if not row["running"]:
        return "hearth-sync is not running"
    if row["linked"]:
        return f"up since {row['since']}"
    why = f": {row['error']}" if row["error"] else ""
    return f"down since {row['since']}{why}; next try in {row['next_try_s']} s"
