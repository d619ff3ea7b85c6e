"""Text as it comes in, cut into sentences that can be spoken: where one ends is known once the next begins.

The rules of each language (abbreviations, dates, decimals, quotations) are those of ``sentencex``.
"""

import re
from collections.abc import Iterator
from typing import Final

import sentencex

from edge.speakable import speakable

_GOES_ON: Final = re.compile(r"^\W{0,3}(?:\d{1,3}|[A-Za-z])[.)]\W{0,3}$|(?:^|\s)MM?\.\s*$")
"""The "1." of a list is no sentence, and no name comes before "M." (which is what the rules lack)."""
_LONGEST: Final = 600
"""Characters without an end: a voice can't wait for more, and a person can't either."""
_WHOLE_WORD: Final = re.compile(r"\w\W")
_LINE: Final = re.compile(r"(?<=\n)")
_CLAUSE: Final = re.compile(r"(?<=[,;:])\s")


class Sentences:
    """One text."""

    def __init__(self, language: str) -> None:
        """``language``: ISO 639-1; of one that is not known, the general rules hold."""
        self._language = language.split("-", maxsplit=1)[0]
        self._rest = ""

    def push(self, text: str) -> list[str]:
        """``text`` came in. Returns the sentences that are whole now, as a voice speaks them."""
        self._rest += text
        *whole, self._rest = self._pieces() or [""]
        if whole and not _is_sure(whole[-1], self._rest):
            self._rest = whole.pop() + self._rest
        if len(self._rest) > _LONGEST:
            at = max((found.end() for found in _CLAUSE.finditer(self._rest, 0, _LONGEST)), default=_LONGEST)
            whole, self._rest = [*whole, self._rest[:at]], self._rest[at:]
        return list(_spoken(whole))

    def end(self) -> list[str]:
        """Nothing more comes in. Returns what is left."""
        whole, self._rest = self._pieces(), ""
        return list(_spoken(whole))

    def _pieces(self) -> list[str]:
        """What came in, cut; the last may go on. Together they are all of it."""
        pieces: list[str] = []
        for line in _LINE.split(self._rest):
            for piece in sentencex.segment(self._language, line):
                if pieces and not pieces[-1].endswith("\n") and _GOES_ON.search(pieces[-1]):
                    pieces[-1] += piece
                else:
                    pieces.append(piece)
        # A line that has ended is whole, though nothing follows yet.
        return [*pieces, ""] if self._rest.endswith("\n") else pieces


def split(text: str, language: str) -> list[str]:
    """``text``, which is all there, in sentences as a voice speaks them."""
    cut = Sentences(language)
    return [*cut.push(text), *cut.end()]


def _is_sure(piece: str, rest: str) -> bool:
    """Whether ``piece`` ends before ``rest``: "on the 3. O" may be the third of October, so a word must be whole."""
    return piece.endswith("\n") or not piece.rstrip().endswith(".") or _WHOLE_WORD.search(rest) is not None


def _spoken(pieces: list[str]) -> Iterator[str]:
    return filter(None, map(speakable, pieces))
