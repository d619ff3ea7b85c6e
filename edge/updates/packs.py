"""Reading packs: which are needed, and their files out of them."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import zstandard

from edge.updates.errors import UpdateRefused
from edge.updates.plain import open_plain
from edge.updates.release import File, Pack, Release

_BLOCK: Final = 1 << 20
_MOST_WINDOW: Final = 1 << 27
"""Bytes that unpacking may remember: what level 19 needs, and no more."""


def has(folder: Path, file: File) -> bool:
    """Whether ``folder`` has exactly that file."""
    path = folder / file.path
    try:
        if path.is_symlink() or path.stat().st_size != file.size:
            return False
        with open_plain(path) as here:
            return hashlib.file_digest(here, "sha256").hexdigest() == file.sha256
    except OSError:
        return False


def needed(release: Release, current: Path) -> list[Pack]:
    """Packs of which ``current`` does not have every file."""
    return [pack for pack in release.packs if not all(has(current, file) for file in pack.files)]


def check(file: BinaryIO, pack: Pack) -> None:
    """Read all of ``file``, and leave it at its beginning. Raises UpdateRefused where it is not that pack."""
    digest, size = hashlib.sha256(), 0
    while block := file.read(_BLOCK):
        size += len(block)
        if size > pack.size:
            break
        digest.update(block)
    if size != pack.size or digest.hexdigest() != pack.sha256:
        raise UpdateRefused(f"the pack {pack.name} is not what was signed", "try again; else ask who publishes it")
    file.seek(0)


def unpacked(file: BinaryIO, pack: Pack) -> Iterator[tuple[File, Iterator[bytes]]]:
    """Each file of ``pack`` with its bytes, which are to be read to their end before the next.

    Raises UpdateRefused where they are not what was signed.
    """
    reader = zstandard.ZstdDecompressor(max_window_size=_MOST_WINDOW).stream_reader(file)
    for each in pack.files:
        yield each, _bytes_of(reader, each)


def _bytes_of(reader: zstandard.ZstdDecompressionReader, file: File) -> Iterator[bytes]:
    digest, left = hashlib.sha256(), file.size
    while left:
        try:
            block = reader.read(min(left, _BLOCK))
        except zstandard.ZstdError as error:
            raise UpdateRefused(f"{file.path} can't be unpacked: {error}", "try again") from error
        if not block:
            break
        left -= len(block)
        digest.update(block)
        yield block
    if left or digest.hexdigest() != file.sha256:
        raise UpdateRefused(f"{file.path} is not what was signed", "try again; else ask who publishes it")
