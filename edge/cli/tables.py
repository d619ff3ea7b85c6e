"""Tables for people."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text


def print_devices(rows: Iterable[Mapping[str, Any]]) -> None:
    """A line for each device."""
    table = Table("Device", "Room", "Kind", "State", "Can", "Source", box=None, header_style="bold")
    found = 0
    for row in rows:
        found += 1
        state = row["state"] if row["available"] else "not reachable"
        unit = f" {row['unit']}" if row["unit"] and row["available"] else ""
        abilities = ", ".join(ability for ability in row["abilities"] if ability != "read")
        told = (row["name"], row["area"] or "", row["domain"], f"{state or '?'}{unit}", abilities, row["source"])
        # Devices name themselves: brackets are no markup of ours.
        name, area, kind, value, can, source = map(escape, told)
        table.add_row(name, area, kind, value, can or "report", source)
    console = Console()
    if found:
        console.print(table)
    else:
        console.print("No devices: nothing on the broker announces itself by Home Assistant discovery.")


def print_checks(rows: Iterable[Mapping[str, Any]]) -> None:
    """A line for each check, with what to do about those that fail."""
    console = Console()
    for row in rows:
        mark = "[green]ok[/]  " if row["ok"] else "[red]no[/]  " if row["needed"] else "[yellow]–[/]   "
        remedy = f" — {row['remedy']}" if row["remedy"] else ""
        line = Text.from_markup(f"{mark}[bold]{row['check']}[/]: ")
        console.print(line.append(f"{row['found']}{remedy}"), highlight=False)


def print_settings(rows: Iterable[Mapping[str, Any]]) -> None:
    """A line for each setting."""
    table = Table("Setting", "Value", "From", box=None, header_style="bold")
    for row in rows:
        value = "(not shown)" if row["hidden"] else json.dumps(row["value"], ensure_ascii=False)
        table.add_row(row["key"], escape(value), row["source"])
    Console().print(table)


def print_weeks(rows: Iterable[Mapping[str, Any]]) -> None:
    """A line for each week of service."""
    table = Table(
        "Week of", "Tasks", "Done as meant", "Turns each", "Half within", "Corrected", "Wakes", "For nothing",
        "Satisfied", box=None, header_style="bold",
    )  # fmt: skip
    for row in rows:
        corrected, wakes = sum(row["corrections"].values()), row["wakes"]
        table.add_row(
            row["week"],
            str(row["tasks"]),
            _or_dash(row["success_rate"], "{:.0%}"),
            _or_dash(row["turns_per_task"], "{:.2f}"),
            _or_dash(row["median_s"], "{:.1f} s"),
            str(corrected),
            str(wakes),
            str(row["unanswered_wakes"] + row["false_wakes"]),
            _or_dash(row["satisfaction"], "{:.1f} of 5"),
        )
    Console().print(table)


def _or_dash(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)
