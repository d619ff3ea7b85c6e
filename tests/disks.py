"""A disk that takes nothing more."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn
from unittest.mock import patch


@contextmanager
def full_disk() -> Iterator[None]:
    """What is flushed to the disk meanwhile does not fit on it; SQLite's files are not affected."""
    with patch.object(os, "fsync", _no_space):
        yield


def _no_space(_: int) -> NoReturn:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
