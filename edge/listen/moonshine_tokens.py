"""Moonshine's tokens: a byte-pair vocabulary in SentencePiece's notation, read from its ``tokenizer.bin``."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Final

from edge.errors import ModelError

BEGIN: Final = 1
END: Final = 2
_SPECIAL: Final = 3
_BYTES: Final = 256
_SPACE: Final = "▁"


class MoonshineTokens:
    """Text to tokens and back.

    The 32768 pieces lie in a row, and are found by their hashes, in order: 0.7 MB. As strings in a dictionary they were
    6.3 MB, a fortieth of all that the assistant takes on the smallest boards. A word is spelt in 50 µs, once, not 25.
    """

    def __init__(self, pieces: Sequence[bytes]) -> None:
        """``pieces`` by token: three special ones, the 256 bytes, and then texts in the order of their merging."""
        self._count = len(pieces)
        self._row = b"".join(pieces)
        self._ends = array("I", accumulate(map(len, pieces), initial=0))
        texts = sorted((hash(pieces[token]), token) for token in range(_SPECIAL + _BYTES, len(pieces)))
        self._hashes = array("q", (found for found, _ in texts))
        self._tokens = array("I", (token for _, token in texts))

    def encode(self, text: str, *, within_word: bool = False) -> list[int]:
        """The tokens of ``text``, as of the beginning of a word, or with nothing before them if ``within_word``."""
        parts = list(text.replace(" ", _SPACE) if within_word else _SPACE + text.replace(" ", _SPACE))
        pairs = [self._merged(*pair) for pair in pairwise(parts)]
        # Byte-pair encoding merges what was merged first in training: that piece has the lowest token.
        while pairs and (merged := min(pairs)) < self._count:
            at = pairs.index(merged)
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
            pairs[max(at - 1, 0) : at + 2] = [self._merged(*pair) for pair in pairwise(parts[max(at - 1, 0) : at + 2])]
        return [token for part in parts for token in self._of(part)]

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of ``tokens``, without the space before it."""
        text = b"".join(self._piece(token) for token in tokens if token >= _SPECIAL).decode("utf-8", "replace")
        return text.replace(_SPACE, " ").strip()

    def _merged(self, left: str, right: str) -> int:
        """The token of both together; one that there is not, where they are none."""
        return self._find((left + right).encode())

    def _of(self, part: str) -> list[int]:
        known = self._find(part.encode())
        return [known] if known < self._count else [_SPECIAL + byte for byte in part.encode()]

    def _find(self, text: bytes) -> int:
        """The first token that is ``text``; one that there is not, where none is."""
        wanted = hash(text)
        at = bisect_left(self._hashes, wanted)
        while at < len(self._hashes) and self._hashes[at] == wanted:
            if self._piece(token := self._tokens[at]) == text:
                return token
            at += 1
        return self._count

    def _piece(self, token: int) -> bytes:
        return self._row[self._ends[token] : self._ends[token + 1]]


def read_tokens(path: Path) -> MoonshineTokens:
    """From Moonshine's own format: each piece after its length, in one byte or, from 128 on, in two.

    Raises ModelError.
    """
    data = path.read_bytes()
    pieces: list[bytes] = []
    at = 0
    try:
        while at < len(data):
            length = data[at]
            at += 1
            if length >= 128:  # noqa: PLR2004  # seven bits here, the higher ones in the next byte
                length += data[at] * 128 - 128
                at += 1
            pieces.append(data[at : at + length])
            at += length
    except IndexError:
        raise ModelError(f"{path.name} breaks off", "run `hearth models verify`") from None
    if len(pieces) <= _SPECIAL + _BYTES:
        raise ModelError(f"{path.name} is not a vocabulary", "run `hearth models verify`")
    return MoonshineTokens(pieces)
