"""A disk that is cut off the power, fills up, becomes read-only or goes bad, below SQLite.

What was written since the last sync of a file may be there after a cut, or not, or half.
"""

import itertools
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import apsw

from tests.faults.process import Killed

_NUMBERS: Final = itertools.count()
_SECTOR: Final = 512


@dataclass(frozen=True, slots=True)
class _Written:
    """What a file was before a write that is not synced yet."""

    offset: int
    old: bytes
    size: int
    """Of the file."""
    length: int
    """Of what was written; 0: it was cut off there."""


@dataclass
class Platter:
    """The files of one board; several processes write them."""

    folder: Path
    unsynced: dict[str, list[_Written]] = field(default_factory=dict)
    is_full: bool = False
    is_read_only: bool = False

    def cut(self, chance: random.Random) -> None:
        """The power goes: some of the last writes that were not synced never happened, and one was torn."""
        for name, writes in self.unsynced.items():
            if not Path(name).exists():
                continue
            with Path(name).open("r+b") as file:
                kept = chance.randint(0, len(writes))
                for number in range(len(writes) - 1, kept - 1, -1):
                    _undo(file, writes[number], chance if number == kept else None)
        self.unsynced.clear()
        self.forget_shared_memory()

    def forget_shared_memory(self) -> None:
        """No process is there any more that has the files open."""
        for name in self.folder.glob("*-shm"):
            name.unlink()


def _undo(file: Any, write: _Written, torn: random.Random | None) -> None:
    begin = 0
    if torn is not None and write.length > _SECTOR:
        # The first sectors got there.
        begin = _SECTOR * torn.randrange(write.length // _SECTOR)
    file.seek(write.offset + begin)
    file.write(write.old[begin:])
    file.truncate(max(write.size, write.offset + begin if begin else 0))


class Disk(apsw.VFS):
    """The files as one process has them."""

    def __init__(self, platter: Platter, point: Callable[[str], None]) -> None:
        """``point`` is called before and after everything that is written, and may raise what ends the process."""
        self.platter, self.point = platter, point
        self.is_frozen = False
        """The process is dead: nothing that SQLite may still want to write is written."""
        self.name = f"faults{next(_NUMBERS)}"
        super().__init__(self.name, base="")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        """A file."""
        return _File(self, name, flags)

    def xDelete(self, name: str, sync: bool) -> None:
        """Of a write-ahead log that was taken over."""
        if self.is_frozen:
            raise apsw.IOError("dead")
        self.platter.unsynced.pop(name, None)
        super().xDelete(name, sync)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        self.disk = disk
        self.path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._before("write")
        size = self.xFileSize()
        old = super().xRead(min(len(data), size - offset), offset) if offset < size else b""
        self._log(_Written(offset, old, size, len(data)))
        super().xWrite(data, offset)
        self._after("write")

    def xTruncate(self, newsize: int) -> None:
        self._before("truncate")
        size = self.xFileSize()
        old = super().xRead(size - newsize, newsize) if newsize < size else b""
        self._log(_Written(newsize, old, size, 0))
        super().xTruncate(newsize)
        self._after("truncate")

    def xSync(self, flags: int) -> None:
        self._before("sync")
        # Memory holds these files: what matters is what SQLite believes.
        self.disk.platter.unsynced.pop(self.path, None)
        self._after("sync")

    def _log(self, write: _Written) -> None:
        self.disk.platter.unsynced.setdefault(self.path, []).append(write)

    def _before(self, what: str) -> None:
        disk = self.disk
        if disk.is_frozen:
            raise apsw.IOError("dead")
        if disk.platter.is_read_only:
            raise apsw.IOError("read-only")
        if disk.platter.is_full and what == "write":
            raise apsw.FullError("full")
        self._point(f"before {what}")

    def _after(self, what: str) -> None:
        self._point(f"after {what}")

    def _point(self, what: str) -> None:
        try:
            self.disk.point(what)
        except Killed:
            self.disk.is_frozen = True
            raise apsw.IOError("dead") from None


def close(connection: apsw.Connection) -> None:
    """Also of a process that is dead, whose disk takes nothing any more."""
    with suppress(apsw.Error):
        connection.close(True)
