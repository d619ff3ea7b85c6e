"""Files that are whole or as they were, whoever reads them meanwhile and whenever the power goes.

What is new is written beside the file, and then put under its name at once, by rename(2) or link(2):
https://pubs.opengroup.org/onlinepubs/9799919799/functions/rename.html. What a crash leaves behind is called
``.NAME.….part``; :mod:`edge.maintenance` clears it away.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


def replace(path: Path, content: bytes, *, mode: int | None = None, durable: bool = True) -> None:
    """Give the file ``path`` this ``content``; see :func:`replacing`. Raises OSError."""
    with replacing(path, mode=mode, durable=durable) as out:
        out.write(content)


@contextmanager
def replacing(path: Path, *, mode: int | None = None, durable: bool = True) -> Iterator[BinaryIO]:
    """What is written within takes the place of the file ``path``, whose folder is there, when the block is left; where
    it is left by an exception, ``path`` stays as it was.

    ``mode``: permissions; None: those of the file that is replaced, or what the umask leaves a new one. ``durable``:
    it is on the disk when this returns; without, a power cut may bring the old file back, or leave an empty one, which
    is for what can be made again. Raises OSError.
    """
    if mode is None and path.exists():
        mode = path.stat().st_mode & 0o777
    part = _beside(path)
    try:
        with _opened(part, mode) as out:
            yield out
            if durable:
                _flush(out)
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink()
    if durable:
        sync(path.parent)


def create(path: Path, content: bytes, *, mode: int) -> bool:
    """Make the file ``path``, on the disk, unless there is one: of several programs that try at once, one succeeds.

    ``mode``: its permissions. Returns whether it was this one. Raises OSError.
    """
    part = _beside(path)
    try:
        with _opened(part, mode) as out:
            out.write(content)
            _flush(out)
        os.link(part, path)
    except FileExistsError:
        return False
    finally:
        with suppress(OSError):
            part.unlink()
    sync(path.parent)
    return True


def sync(path: Path) -> None:
    """Returns when the file, or the names that are in the folder, ``path`` is on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _beside(path: Path) -> Path:
    """A name that no other thread, and no other program, has for it."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")


def _opened(part: Path, mode: int | None) -> BinaryIO:
    """Nobody whom ``mode`` keeps out can open it before there is anything in it."""
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else mode)
    out = os.fdopen(descriptor, "wb")
    if mode is not None:
        part.chmod(mode)
    return out


def _flush(out: BinaryIO) -> None:
    out.flush()
    os.fsync(out.fileno())
