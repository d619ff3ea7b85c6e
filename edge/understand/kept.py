"""What was found out about sentences, kept on disk: nothing else at the start takes as long.

A file is taken for what it is only if nothing has changed that it was made from: the sentences themselves, byte for
byte, the packages, Python, and the code that reads them (:meth:`Sources.fingerprint`). One that is damaged, or holds
anything but sentences, is as good as none.
"""

import hashlib
import logging
import pickle
import time
from pathlib import Path
from typing import Final

from edge import atomic_file
from edge.understand import packed
from edge.understand.needs import Beginning, Needed
from edge.understand.packed import Packed
from edge.understand.sources import Read, Sources

_log = logging.getLogger(__name__)

_HEAD: Final = "hearthside sentences 2"
_OURS: Final = frozenset(
    {
        (Read.__module__, Read.__name__),
        (Needed.__module__, Needed.__name__),
        (Beginning.__module__, Beginning.__name__),
        (Packed.__module__, Packed.__name__),
    }
)


def kept_or_read(sources: Sources, folder: Path) -> Read:
    """What ``folder`` keeps of ``sources``; where it has nothing of them as they are now, they are read, and kept.

    Raises SettingsError when there are no sentences for the language.
    """
    path = folder / f"sentences-{sources.language}.pickle"
    mark = f"{_HEAD} {sources.fingerprint()}"
    if (found := _kept(path, mark)) is not None:
        return found
    begun = time.perf_counter()
    read = sources.read()
    _log.info("sentences read anew in %.1f s", time.perf_counter() - begun)
    # With a mistake in a file they are read anew each time, so that it is said each time.
    if read.whole:
        _keep(path, mark, read)
    return read


def _kept(path: Path, mark: str) -> Read | None:
    try:
        head, digest, content = path.read_bytes().split(b"\n", maxsplit=2)
        if head != mark.encode() or digest != _digest(content):
            return None
        found = packed.read(content, _OURS)
    except (OSError, ValueError, pickle.UnpicklingError):
        return None
    return found if isinstance(found, Read) else None


def _keep(path: Path, mark: str, read: Read) -> None:
    content = packed.written(read)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = b"\n".join((mark.encode(), _digest(content), content))
        atomic_file.replace(path, kept, mode=0o600, durable=False)
    except OSError as error:
        _log.warning("what was read of the sentences is not kept, the next start takes longer: %s", error)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
