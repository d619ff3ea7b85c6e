"""hassil's sentences as bytes: parsed ones are some sixty thousand objects, which are wanted only now and then."""

import io
import pickle
import re
import zlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from hassil import Intents
from hassil.expression import INLINE_RANGE_PATTERN

_HASSIL: Final = {
    "hassil.expression": "Alternative ListReference Permutation RuleReference Sentence Sequence TextChunk".split(),
    "hassil.intents": "Intent IntentData IntentDataSettings Intents IntentsSettings RangeFractionType RangeSlotList "
    "RangeType TextSlotList TextSlotValue WildcardSlotList".split(),
}
_SENTENCES: Final = frozenset(
    {(module, name) for module, names in _HASSIL.items() for name in names} | {(__name__, "_inline_range")}
)


_LARGE: Final = ("expansion_rules", "slot_lists", "intents")
"""What nearly all of :class:`Intents` is, each by name."""


@dataclass(frozen=True, slots=True)
class Packed:
    """Sentences of a language, parsed: 0.2 MB in place of 6 until somebody wants them."""

    frame: bytes
    """All but the large ones."""
    parts: tuple[tuple[str, bytes], ...]
    """Of which each is a name and what it stands for. Many: while one is unpacked, no other thread gets on."""

    @classmethod
    def of(cls, intents: Intents) -> "Packed":
        """``intents``, which may go then."""
        parts = [(of, {name: each}) for of in _LARGE for name, each in getattr(intents, of).items()]
        frame = replace(intents, expansion_rules={}, slot_lists={}, intents={})
        return cls(_small(frame), tuple((of, _small(part)) for of, part in parts))

    def intents(self) -> Intents:
        """Made anew for each who asks, in a twentieth of a second. Raises pickle.UnpicklingError for what is none."""
        found = read(zlib.decompress(self.frame))
        if not isinstance(found, Intents):
            raise pickle.UnpicklingError("these are no sentences")
        for of, part in self.parts:
            getattr(found, of).update(read(zlib.decompress(part)))
        return found


def _small(sentences: object) -> bytes:
    return zlib.compress(written(sentences))


def written(sentences: object) -> bytes:
    """``sentences``, for :func:`read`."""
    content = io.BytesIO()
    _Writer(content, protocol=5).dump(sentences)
    return content.getvalue()


def read(content: bytes, ours: Collection[tuple[str, str]] = ()) -> object:
    """What was written. ``ours``: modules and names of what may be there beside hassil's sentences; nothing else is
    made of what ``content`` says, so it can't run anything. Raises pickle.UnpicklingError, ValueError, EOFError.
    """
    return _Reader(content, _SENTENCES.union(ours)).load()


def _inline_range(text: str) -> re.Match[str] | None:
    """The bounds of a range that is written into a template."""
    return INLINE_RANGE_PATTERN.match(text)


class _Writer(pickle.Pickler):
    def reducer_override(self, obj: object) -> Any:
        if isinstance(obj, re.Match):
            return _inline_range, (obj.string,)
        if isinstance(obj, Enum):
            # By itself it would be an attribute of its class in Python 3.11.0 to 3.11.3, which is Debian 12's.
            return type(obj), (obj.value,)
        return NotImplemented


class _Reader(pickle.Unpickler):
    def __init__(self, content: bytes, allowed: Collection[tuple[str, str]]) -> None:
        super().__init__(io.BytesIO(content))
        self._allowed = allowed

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._allowed:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of sentences")
        return super().find_class(module, name)
