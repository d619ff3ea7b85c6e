"""The database of a board on a disk that fails: the port :class:`edge.ports.Storage` in one thread."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import apsw

from edge.database import _migrate, _open, _transaction
from edge.errors import StorageError
from tests.faults.disk import Disk, Platter, close
from tests.faults.process import Killed, Process

R = TypeVar("R")
Seal = Callable[[apsw.Connection], None]


class SimStorage:
    """One connection of one process, in the same transactions as :class:`edge.database.Database`."""

    def __init__(
        self, process: Process, platter: Platter, file: Path, seal: Seal | None = None, *, checkpoints: bool = True
    ) -> None:
        """Raises StorageError, Killed."""
        self.process, self.seal = process, seal
        self.disk = Disk(platter, process.point)
        self.connection = self._guarded(lambda: _open(file, checkpoints, self.disk.name))

    async def migrate(self, part: str, steps: Sequence[str]) -> None:
        await self.write(lambda connection: _migrate(connection, part, steps))

    async def read(self, work: Callable[[apsw.Connection], R]) -> R:
        return self._guarded(lambda: work(self.connection))

    async def write(self, work: Callable[[apsw.Connection], R]) -> R:
        self.process.point("before a transaction")
        result = self._guarded(lambda: _transaction(self.connection, work, self.seal))
        self.process.point("after a transaction")
        return result

    def _guarded(self, work: Callable[[], R]) -> R:
        if self.process.is_dead:
            raise Killed
        try:
            return work()
        except apsw.Error as error:
            raise StorageError(f"the disk: {error}", "see to it") from error
        finally:
            if self.disk.is_frozen:
                raise Killed

    def drop(self) -> None:
        """The process is dead."""
        self.disk.is_frozen = True
        if hasattr(self, "connection"):
            close(self.connection)
