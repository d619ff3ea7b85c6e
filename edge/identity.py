"""What tells one assistant from all others, whatever they are called."""

import fcntl
import os
import secrets
from pathlib import Path
from typing import Final

from edge import atomic_file
from edge.errors import StorageError

_FILE: Final = "identity"
_BYTES: Final = 6
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


def identity(data_dir: Path) -> str:
    """12 hexadecimal digits, made up once and kept in ``data_dir``. Raises StorageError."""
    path = data_dir / _FILE
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (known := _read(path)):
            known = _new(path)
    except OSError as error:
        what = f"{path} can't be read or written: {error.strerror or error}"
        raise StorageError(what, "see to the folder's permissions", permanent=True) from None
    return known


def _new(path: Path) -> str:
    """Whole or not at all, also where the power goes; made up by whichever program is first."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        # Another one was first. What is empty, an older version was cut off in.
        if not (known := _read(path)):
            known = secrets.token_hex(_BYTES)
            atomic_file.replace(path, f"{known}\n".encode())
        return known
    finally:
        os.close(folder)


def boot() -> str:
    """What tells this machine, since it was started, from all others: a copied data directory has the same identity."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()[:64]
    except FileNotFoundError:
        return ""
