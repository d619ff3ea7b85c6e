"""Units of systemd, which belong to the release that runs: they go forth and back with it."""

import os
from pathlib import Path
from typing import Final

from edge.updates.word import sync_folder

UNITS: Final = Path("/etc/systemd/system")
_KINDS: Final = (".service", ".timer", ".path")
_ANYBODY: Final = 0o644


def lay(release: Path, units: Path = UNITS) -> bool:
    """Lay those that ``release`` brings and that differ from what is there. Returns whether any did. Raises OSError.

    One that only another release has stays: it does nothing that anybody asked for.
    """
    changed = False
    for source in sorted((release / "share/systemd").glob("hearthside*")):
        text = source.read_bytes()
        target = units / source.name
        if source.suffix not in _KINDS or (target.is_file() and target.read_bytes() == text):
            continue
        part = units / f".{source.name}.part"
        with part.open("wb") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), _ANYBODY)
            os.fsync(file.fileno())
        part.replace(target)
        changed = True
    if changed:
        sync_folder(units)
    return changed
