"""Files of a folder that somebody with fewer rights writes to."""

import io
import os
import stat
from pathlib import Path


def open_plain(path: Path) -> io.BufferedReader:
    """``path``, to be read: no link, no pipe that never ends, no device. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path} is no plain file")
    return os.fdopen(descriptor, "rb")
