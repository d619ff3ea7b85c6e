"""The command ``hearth-sync``: the link to the bridge, as systemd runs it beside the assistant."""

import sys

import typer

app = typer.Typer(name="hearth-sync", help="The link between this assistant and its bridge.", add_completion=False)


def main() -> None:
    """Entry point."""
    sys.exit(app())
