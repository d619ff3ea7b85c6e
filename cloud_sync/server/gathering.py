"""What many ask for at the same moment is done once for all of them."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from sqlalchemy.exc import SQLAlchemyError

T = TypeVar("T")
R = TypeVar("R")

LIMIT: Final = 512
"""Items in one go, at most."""
_logger: Final = logging.getLogger(__name__)


class Gathering(Generic[T, R]):
    """While one go is on its way, the items that come in wait for the next: alone an item waits for nothing."""

    def __init__(
        self, work: Callable[[Sequence[T]], Awaitable[Sequence[R]]], at_once: int = 1, limit: int = LIMIT
    ) -> None:
        """``work``: the results of some items, in their order; ``at_once``: how many goes may be on their way;
        ``limit``: items in one go.
        """
        self._work, self._at_once, self._limit = work, at_once, limit
        self._waiting: deque[tuple[T, Callable[[R | None], None]]] = deque()
        self._some = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, item: T, done: Callable[[R | None], None]) -> None:
        """``done`` is called with the result, or with None when the store did not answer."""
        self._waiting.append((item, done))
        self._some.set()

    async def run(self) -> None:
        """Until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._at_once):
                group.create_task(self._go())

    async def _go(self) -> None:
        while True:
            await self._some.wait()
            taken = [self._waiting.popleft() for _ in range(min(self._limit, len(self._waiting)))]
            if not self._waiting:
                self._some.clear()
            if not taken:
                continue
            results: Sequence[R | None]
            try:
                results = await self._work([item for item, _ in taken])
            except (SQLAlchemyError, OSError) as error:
                _logger.warning("the store does not answer: %s", type(error).__name__)
                results = [None] * len(taken)
            for (_, done), result in zip(taken, results, strict=True):
                done(result)
