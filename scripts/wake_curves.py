#!/usr/bin/env python3
"""Measures the curves of the wake words that come with the program, and writes them where the settings page reads them.

    python scripts/wake_curves.py --data EVAL

EVAL is a folder with ``audio.jsonl`` and the recordings that it lists. Only numbers are kept of them.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from edge.evaluation.wake_curve import Measured, measure
from edge.sections import WakeSettings
from edge.settings import load
from edge.wake.curves import FILE

_WORDS = WakeSettings().words


def row(measured: Measured) -> dict[str, object]:
    """As it is kept."""
    points = [[point.threshold, point.recall, point.false_accepts_per_hour] for point in measured.points]
    rounded = [[None if value is None else round(value, 4) for value in point] for point in points]
    return {**asdict(measured), "hours": round(measured.hours, 3), "points": rounded}


def main() -> None:
    """Writes the file, and tells each curve's usual point."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--words", nargs="+", default=_WORDS)
    given = arguments.parse_args()
    settings, found = load(), []
    for word in given.words:

        def progress(done: int, total: int, word: str = word) -> None:
            print(f"\r{word} {done}/{total}   ", end="", file=sys.stderr, flush=True)

        for measured in measure(settings, given.data, word, progress):
            found.append(row(measured))
            usual = next(point for point in measured.points if point.threshold == measured.usual)
            print(f"{measured.word}, verified: {measured.verified}: {usual}")
    lines = ",\n".join(json.dumps(each) for each in found)
    FILE.write_text(f"[\n{lines}\n]\n", "utf-8")


if __name__ == "__main__":
    main()
