"""What was found out about sentences, kept on disk: nothing else at the start takes as long.

A file is taken for what it is only if nothing has changed that it was made from: the sentences themselves, byte for
byte, the packages, Python, and the code that reads them (:meth:`Sources.fingerprint`). One that is damaged, or holds
anything but sentences, is as good as none.
"""

import hashlib
import io
import logging
import pickle
import re
import time
from pathlib import Path
from typing import Any, Final

from hassil.expression import INLINE_RANGE_PATTERN

from edge import atomic_file
from edge.understand.needs import Needed
from edge.understand.sources import Read, Sources

_log = logging.getLogger(__name__)

_HEAD: Final = "hearthside sentences 1"
_HASSIL: Final = {
    "hassil.expression": "Alternative ListReference Permutation RuleReference Sentence Sequence TextChunk".split(),
    "hassil.intents": "Intent IntentData IntentDataSettings Intents IntentsSettings RangeFractionType RangeSlotList "
    "RangeType TextSlotList TextSlotValue WildcardSlotList".split(),
}
_OURS: Final = {Read.__module__: ["Read"], Needed.__module__: ["Needed", "Beginning"], __name__: ["_inline_range"]}
_ALLOWED: Final = frozenset(
    (module, name) for known in (_HASSIL, _OURS) for module, names in known.items() for name in names
)
"""Nothing else is made of what a file says: it can't run anything."""


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
        found = _Reader(io.BytesIO(content)).load()
    except (OSError, ValueError, pickle.UnpicklingError):
        return None
    return found if isinstance(found, Read) else None


def _keep(path: Path, mark: str, read: Read) -> None:
    written = io.BytesIO()
    _Writer(written, protocol=5).dump(read)
    content = written.getvalue()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = b"\n".join((mark.encode(), _digest(content), content))
        atomic_file.replace(path, kept, mode=0o600, durable=False)
    except OSError as error:
        _log.warning("what was read of the sentences is not kept, the next start takes longer: %s", error)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def _inline_range(text: str) -> re.Match[str] | None:
    """The bounds of a range that is written into a template."""
    return INLINE_RANGE_PATTERN.match(text)


class _Writer(pickle.Pickler):
    def reducer_override(self, obj: object) -> Any:
        if isinstance(obj, re.Match):
            return _inline_range, (obj.string,)
        return NotImplemented


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of sentences")
        return super().find_class(module, name)
