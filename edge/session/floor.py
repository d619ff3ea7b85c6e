"""Who may be heard: a turn always; what nobody asked for only while there is no turn."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import anyio


class Floor:
    """One loudspeaker that everybody wants."""

    def __init__(self) -> None:
        self._turns = 0
        self._free = anyio.Event()
        self._free.set()
        self._unasked = anyio.Lock()
        self._speaking: anyio.CancelScope | None = None
        self._dismissed = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Somebody is listened to and answered: whatever else sounds is hushed at once, and waits."""
        if self._turns == 0:
            self._free = anyio.Event()
        self._turns += 1
        if self._speaking is not None:
            self._speaking.cancel()
        try:
            yield
        finally:
            self._turns -= 1
            if self._turns == 0:
                self._free.set()

    async def free(self) -> None:
        """Returns when there is no turn."""
        while self._turns:
            await self._free.wait()

    async def still(self) -> None:
        """Returns when there is no turn and nothing is said unasked."""
        async with self._unasked:
            await self.free()

    @property
    def is_still(self) -> bool:
        """Whether :meth:`still` would return at once."""
        return not self._turns and not self._unasked.statistics().locked

    def dismiss(self) -> bool:
        """Stop what is said unasked now, for good. Whether there was anything."""
        if self._speaking is None:
            return False
        self._dismissed = True
        self._speaking.cancel()
        return True

    async def unasked(self, speak: Callable[[], Awaitable[None]]) -> None:
        """Run ``speak`` while there is no turn, one caller at a time; after a turn hushed it, from its beginning.

        Returns when it is through, or was dismissed.
        """
        async with self._unasked:
            finished = self._dismissed = False
            while not finished:
                await self.free()
                with anyio.CancelScope() as self._speaking:
                    await speak()
                    finished = True
                self._speaking = None
                finished = finished or self._dismissed
