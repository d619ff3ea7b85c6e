"""Where each setting comes from, for whoever wonders why it is as it is."""

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic_settings import EnvSettingsSource

from edge import board_profile, profile, secret_files
from edge.settings import SECRETS, Settings, leaves, read_file
from edge.settings_values import changed_values


class Source(StrEnum):
    """Where a value comes from; each outranks those before it."""

    DEFAULT = "default"
    BOARD = "board"
    """What suits this kind of board."""
    PROFILE = "profile"
    """Measured on this board."""
    FILE = "file"
    KEPT = "kept"
    """In the data directory, a secret in a file of its own."""
    CREDENTIAL = "credential"
    """Given by systemd."""
    ENVIRONMENT = "environment"


def sources(settings: Settings) -> dict[str, Source]:
    """For each key that does not have its default, where its value comes from. Raises SettingsError."""
    values = read_file(settings.file) if settings.file is not None and settings.file.exists() else {}
    layers: list[tuple[Source, Mapping[str, Any]]] = [
        (Source.FILE, values),
        (Source.KEPT, changed_values({}, secret_files.read(settings.data_dir, SECRETS))),
    ]
    if (given := os.environ.get("CREDENTIALS_DIRECTORY")) is not None:
        layers.append((Source.CREDENTIAL, changed_values({}, secret_files.read_folder(Path(given), leaves()))))
    layers.append((Source.ENVIRONMENT, EnvSettingsSource(Settings)()))
    written = {key: value for _, layer in layers for key, value in _leaves_in(layer).items()}
    found = dict.fromkeys(board_profile.suits(changed_values({}, written)), Source.BOARD)
    if not any(key in values.get("stt", {}) for key in ("engine", "model")):
        board = profile.read(settings.data_dir)
        measured = board is not None and board.language == settings.understand.language
        found |= dict.fromkeys(["stt.engine", "stt.model", "stt.threads"] if measured else [], Source.PROFILE)
    for source, layer in layers:
        found |= dict.fromkeys(_leaves_in(layer), source)
    return found


def _leaves_in(values: Mapping[str, Any]) -> dict[str, Any]:
    """By dotted key, of the sections' own keys and, for a skill, of its section's."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name == "skills" and isinstance(value, Mapping):
            found |= {f"skills.{skill}.{key}": each for skill, part in value.items() for key, each in part.items()}
        elif isinstance(value, Mapping):
            found |= {f"{name}.{key}": each for key, each in value.items()}
        else:
            found[name] = value
    return found
