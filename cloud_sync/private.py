"""What a program that runs for years in somebody's house keeps to itself, whoever started it.

It is here because the bridge, which runs where there is no assistant, does so as well.
"""

import os
import resource
from typing import Final

_ONLY_OURS: Final = 0o077


def keep_private() -> None:
    """From now on files are made for this user alone, and a crash leaves no copy of the memory behind: there is sound
    in it from before any wake word, and every secret. See umask(2), core(5); systemd-coredump goes by the limit, too.
    """
    os.umask(_ONLY_OURS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
