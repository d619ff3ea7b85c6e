"""What thresholds give: the measured curves of the words that come with the program.

``curves.json`` is made by ``scripts/wake_curves.py``.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).with_name("curves.json")


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One threshold."""

    threshold: float
    recall: float | None
    """Share of the words that wake; None: it was not measured, for want of recordings."""
    false_accepts_per_hour: float
    """In an hour of other speech, near misses among it."""


@dataclass(frozen=True, slots=True)
class Curve:
    """What the thresholds of one word give."""

    word: str
    verified: bool
    """With the second opinion."""
    usual: float
    """The threshold that holds where the settings say none."""
    clips: int
    """Recordings of the word that it was measured on."""
    hours: float
    """Of other sound."""
    points: tuple[CurvePoint, ...]
    """Thresholds rising."""


def shipped() -> Sequence[Curve]:
    """Those that come with the program."""
    return [
        Curve(**{**row, "points": tuple(CurvePoint(*point) for point in row["points"])})
        for row in json.loads(FILE.read_text("utf-8"))
    ]
