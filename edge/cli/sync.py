"""``hearth sync``: what waits for the bridge, what it has, since when; and having it sent at once."""

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from edge.cli import Config, Json, data_dir_of, print_json, settings_of
from edge.cli.enrol import enrol
from edge.errors import AssistantError, AssistantUnreachable

if TYPE_CHECKING:
    from cloud_sync.client.local import Standing

app = typer.Typer(no_args_is_help=True, help="The link to the bridge, and what waits for it.")
app.command(epilog="Example: `hearth sync enrol https://192.168.1.10:8443 K7QM-93F4`")(enrol)


@app.command(epilog="Example: `hearth sync status`")
def status(as_json: Json = False, config: Config = None) -> None:
    """Say how the link is, what waits by kind, what the bridge has, what was given up; also without hearth-sync."""
    row = rows(data_dir_of(config), settings_of(config).cloud.url)
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


def rows(data_dir: Path, bridge: str | None) -> dict[str, Any]:
    """All that is known, as one JSON object. Raises StorageError."""
    from cloud_sync.client.status import standing, waiting

    said: Standing | None
    try:
        said = standing(data_dir)
    except AssistantUnreachable:
        said = None
    found = waiting(data_dir, said.acked if said is not None else 0)
    return {
        "bridge": bridge,
        "running": said is not None,
        "linked": said is not None and said.linked,
        "since": _moment(said.since_ms) if said is not None else None,
        "error": said.error if said is not None else "",
        "next_try_s": round(said.next_try_s) if said is not None and not said.linked else None,
        "waiting": dict(found.kinds),
        "bytes": found.size,
        "oldest": _moment(found.oldest_ms),
        "acked": found.acked,
        "lost": dict(found.lost),
        "questions": found.questions,
        "answers": found.answers,
    }


def _link(row: dict[str, Any]) -> str:
    if not row["running"]:
        return "hearth-sync is not running"
    if row["linked"]:
        return f"up since {row['since']}"
    why = f": {row['error']}" if row["error"] else ""
    return f"down since {row['since']}{why}; next try in {row['next_try_s']} s"


def _moment(ms: int | None) -> str | None:
    if not ms:
        return None
    return datetime.datetime.fromtimestamp(ms / 1000).astimezone().isoformat(timespec="seconds")
