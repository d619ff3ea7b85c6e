"""Options that commands share, and what comes of them."""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

if TYPE_CHECKING:
    from edge.settings import Settings

Config = Annotated[Path | None, typer.Option("--config", "-c", help="Settings file (TOML).", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line, and nothing else.")]

Rows: TypeAlias = Iterable[Mapping[str, Any]]
"""What a command has found."""


def data_dir_of(config: Path | None) -> Path:
    """The data directory. Where the environment names it, the settings need not be read, which takes longer."""
    if config is None and (directory := os.environ.get("HEARTH_DATA_DIR")):
        return Path(directory)
    return settings_of(config).data_dir


def settings_of(config: Path | None) -> "Settings":
    """The settings, from ``config`` or the usual places. Raises SettingsError."""
    from edge.settings import load

    return load(config)


def print_json(row: object) -> None:
    """One line."""
    print(json.dumps(row, ensure_ascii=False), flush=True)


def print_rows(rows: Rows, table: Callable[[Rows], None], *, as_json: bool) -> None:
    """Each of ``rows`` for a program, in a line of its own, or all of them for people, by ``table``."""
    if not as_json:
        table(rows)
        return
    for row in rows:
        print_json(row)
