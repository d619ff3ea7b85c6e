"""One process with time of its own: it passes when nothing else can happen, and everything happens in one order."""

import asyncio
import os
import random
import selectors
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from unittest.mock import patch

START_MS: Final = 1_790_000_000_000
"""Milliseconds since the epoch, in 2026: when every schedule begins."""
_WAIT_S: Final = 20.0


class Stuck(Exception):
    """Nothing will ever happen again."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """Jumps to the next moment at which something is due."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.skipped = 0.0
        """Seconds for which nobody waited: days in which everything was off."""
        self.outside = 0
        """How many answers are awaited of real processes, for which no time passes."""
        super().__init__(_Jumping(self))

    def time(self) -> float:
        """Seconds since the beginning."""
        return self.passed


def true_ms() -> int:
    """What a clock that is right shows, milliseconds since the epoch."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return START_MS + int((loop.passed + loop.skipped) * 1000)


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self._loop.outside:
            return super().select(0 if timeout == 0 else _WAIT_S)
        if timeout is None:
            raise Stuck("nothing will ever happen again")
        if timeout > 0:
            self._loop.passed += timeout
            return []
        # More than the loop's own pipe: sockets of a real database.
        return super().select(0) if len(self.get_map()) > 1 else []


@contextmanager
def reproducible(chance: random.Random, loop: VirtualLoop) -> Iterator[None]:
    """Ids and nonces are drawn from ``chance``, in the thread that asked for this; the clocks are those of ``loop``."""
    thread, urandom = threading.get_ident(), os.urandom

    def drawn(count: int) -> bytes:
        return chance.randbytes(count) if threading.get_ident() == thread else urandom(count)

    def uuid7() -> uuid.UUID:
        return uuid.UUID(bytes=chance.randbytes(16), version=4)

    def ms() -> int:
        return START_MS + int((loop.passed + loop.skipped) * 1000)

    with (
        patch("os.urandom", drawn),
        patch("random._urandom", drawn),
        patch("uuid_utils.uuid7", uuid7),
        patch("time.monotonic", loop.time),
        patch("time.time_ns", lambda: ms() * 1_000_000),
        patch("time.time", lambda: ms() / 1000),
    ):
        yield
