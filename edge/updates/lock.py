"""Only one looks or fetches at a time, whether somebody has called it or a unit was started."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final

from edge.updates.errors import UpdateError
from edge.updates.places import Spool

_MOMENT_S: Final = 0.1


@contextmanager
def alone(spool: Spool) -> Iterator[None]:
    """Nobody else looks or fetches meanwhile. Raises UpdateError where somebody does."""
    try:
        spool.make()
        lock = spool.lock.open("w")
    except OSError as error:
        raise UpdateError(f"{spool.folder} can't be written: {error.strerror}", "see to its permissions") from None
    with lock:
        if not (_taken(lock) or _taken_after_a_moment(lock)):
            raise UpdateError("an update is being fetched already", "hearth update status")
        yield


def is_held(spool: Spool) -> bool:
    """Whether somebody looks or fetches now."""
    try:
        with spool.lock.open() as lock:
            return not _taken(lock)
    except OSError:
        return False  # nobody ever did


def _taken(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _taken_after_a_moment(lock: IO[str]) -> bool:
    """Whoever only sees whether it is held has it for an instant."""
    time.sleep(_MOMENT_S)
    return _taken(lock)
