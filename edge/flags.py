"""What is being let out by and by: for each known name, to how many percent of devices, as the house's bridge says.

Names that this version does not know are ignored; one that the bridge does not mention is as if there were no bridge.
Nothing here switches on what the settings have off.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final

from edge import atomic_file

_FILE: Final = "flags.json"
_MOST_BYTES: Final = 16 * 1024
_ALL: Final = 100.0


class Flag(StrEnum):
    """What can be let out."""

    UPDATES = "updates"
    """Taking a newer version by itself, where the settings want that. Never more devices than who publishes the version
    has signed."""


UNTOLD: Final[Mapping[Flag, float]] = MappingProxyType({Flag.UPDATES: _ALL})
"""Percent where nobody says anything."""


def keep(data_dir: Path, told: Mapping[str, float]) -> None:
    """What the bridge says now. Raises OSError."""
    file = data_dir / _FILE
    now = json.dumps(dict(sorted(told.items())))
    if file.exists() and file.read_text("utf-8") == now:
        return  # it says so at each greeting
    atomic_file.replace(file, now.encode())


def percent_of(data_dir: Path, flag: Flag) -> float:
    """For how many percent of the devices it is."""
    try:
        with (data_dir / _FILE).open("rb") as file:
            said = json.loads(file.read(_MOST_BYTES))
    except (OSError, ValueError):
        return UNTOLD[flag]
    percent = said.get(flag.value, UNTOLD[flag]) if isinstance(said, dict) else UNTOLD[flag]
    if isinstance(percent, bool) or not isinstance(percent, (int, float)) or not 0 <= percent <= _ALL:
        return 0.0  # it means something by it, and not that all may
    return float(percent)
