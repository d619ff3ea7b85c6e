"""A long recording in pieces that a recogniser can take: cut where nobody speaks. Pure; times are in seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WINDOWS_AT_ONCE: Final = 64
"""Of a recording that nobody waits for: two seconds of it, some ten milliseconds of work."""
_SPEECH: Final = 0.5
_GAP_S: Final = 0.6
"""Quiet between two sentences; less belongs to one."""
_MARGIN_S: Final = 0.3
"""Kept around each piece."""
_LONGEST_S: Final = 24.0
"""Of a piece; Whisper takes no more than 30 s."""
_LOOK_S: Final = 6.0
"""How far back the best place for a cut is looked for in speech that does not pause."""


@dataclass(frozen=True, slots=True)
class Piece:
    """From and to."""

    start: float
    end: float


def pieces(speech: Sequence[float], window_s: float) -> list[Piece]:
    """``speech``: the probability of speech in each window of ``window_s``. What holds none is left out."""
    length = len(speech) * window_s
    found = [part for run in _runs(speech, window_s) for part in _cut(run, speech, window_s)]
    return [Piece(max(0.0, part.start - _MARGIN_S), min(length, part.end + _MARGIN_S)) for part in found]


def _runs(speech: Sequence[float], window_s: float) -> list[Piece]:
    """Where somebody speaks, short pauses included."""
    runs: list[Piece] = []
    for number, probability in enumerate(speech):
        if probability <= _SPEECH:
            continue
        at, until = number * window_s, (number + 1) * window_s
        if runs and at - runs[-1].end < _GAP_S:
            runs[-1] = Piece(runs[-1].start, until)
        else:
            runs.append(Piece(at, until))
    return runs


def _cut(run: Piece, speech: Sequence[float], window_s: float) -> list[Piece]:
    """``run`` in pieces that are short enough, cut where speech is least likely."""
    parts: list[Piece] = []
    while run.end - run.start > _LONGEST_S:
        last = round((run.start + _LONGEST_S) / window_s)
        first = last - round(_LOOK_S / window_s)
        cut = min(range(first, last), key=lambda number: speech[number]) * window_s
        parts.append(Piece(run.start, cut))
        run = Piece(cut, run.end)
    return [*parts, run]
