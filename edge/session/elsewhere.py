"""What another process writes into the database, such as what the house's other assistants were told: seen within
seconds, and without a write of our own.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import anyio
from apsw import Connection

from edge.errors import AssistantError
from edge.ports import Storage

_log = logging.getLogger(__name__)
_LOOK_S: Final = 2.0
"""The look is a read of shared memory."""


class Elsewhere:
    """Has those look again that hold something of it in memory."""

    def __init__(
        self,
        storage: Storage,
        refresh: Sequence[Callable[[], Awaitable[None]]],
        stamp: Callable[[], object] = lambda: None,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        """``stamp``: another value whenever something outside the database has changed that they look at, too.
        ``sleep``: returns after so many seconds.
        """
        self._storage, self._refresh, self._stamp, self._sleep = storage, refresh, stamp, sleep
        self._trouble: dict[int, str] = {}

    async def serve(self) -> None:
        """Runs until cancelled. What fails is tried again with the next look; nothing else waits for it."""
        seen: object = None
        while True:
            found = (self._stamp(), await self._storage.read(_version))
            if found != seen and await self.look():
                seen = found
            await self._sleep(_LOOK_S)

    async def look(self) -> bool:
        """Have all look. Returns whether all could."""
        before, self._trouble = self._trouble, {}
        for number, refresh in enumerate(self._refresh):
            try:
                await refresh()
            except AssistantError as error:
                self._trouble[number] = str(error)
                if before.get(number) != str(error):
                    _log.warning("what was changed elsewhere is not seen here yet: %s", error)
        return not self._trouble


def _version(connection: Connection) -> int:
    """Another one whenever another connection has written. See https://sqlite.org/pragma.html#pragma_data_version."""
    version: int = connection.execute("PRAGMA data_version").get
    return version
