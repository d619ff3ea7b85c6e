"""Engines and skills by name, found through entry points; only the configured one is imported."""

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from edge.errors import SettingsError

GROUPS = ("denoise", "wake", "vad", "stt", "llm", "tts", "skills")
"""Kinds of plug-in; the entry-point groups are called ``hearthside.<kind>``."""


def names(kind: str) -> list[str]:
    """Names of all installed plug-ins of a kind."""
    return sorted(_entries(kind))


def load(kind: str, name: str) -> Callable[..., Any]:
    """The builder registered as ``name``; a SettingsError names the installed ones when there is none."""
    entries = _entries(kind)
    if name not in entries:
        raise SettingsError(f"there is no {kind} engine {name!r}", f"choose one of: {', '.join(sorted(entries))}")
    builder: Callable[..., Any] = entries[name].load()
    return builder


def _entries(kind: str) -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=f"hearthside.{kind}")}
