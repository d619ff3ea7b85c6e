"""The command ``hearth-cloud``: the bridge."""

import sys

import typer

app = typer.Typer(name="hearth-cloud", help="The bridge: for what is too heavy for a board.", add_completion=False)


def main() -> None:
    """Entry point."""
    sys.exit(app())
