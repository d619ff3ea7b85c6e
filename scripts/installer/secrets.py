"""Secrets: in a folder that root alone reads, from where systemd hands each to the service that it is for."""

import os
from pathlib import Path


def keep(folder: Path, name: str, value: str) -> None:
    """Write ``value`` down as ``name``; nobody but root can read it at any moment."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = folder / f".{name}.part"
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(value)
    part.replace(folder / name)
