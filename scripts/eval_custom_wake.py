#!/usr/bin/env python3
"""How good a wake word of one's own is: trained from the phrase and some clips of it, measured on all the others.

Example: python scripts/eval_custom_wake.py --data eval --word jarvis --clips 10 --seed 1
"""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np

from edge.cli.wake import train_word
from edge.evaluation.clips import clips
from edge.evaluation.wake import others, score
from edge.sections import WakeSettings
from edge.settings import load
from edge.wake.training.collect import Budget
from edge.wake.training.export import write


def progress(stage: str, done: int, total: int) -> None:
    """One line that changes."""
    print(f"\r{stage} {done}/{total}   ", end="", file=sys.stderr, flush=True)


def main() -> None:
    """Prints one JSON object."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--word", required=True)
    arguments.add_argument("--clips", type=int, default=10, help="given to the training; 0: the phrase alone")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--model", type=Path, help="measure this one, trained with the same clips and seed")
    given = arguments.parse_args()
    settings = load()
    said = clips(given.data, "wake", word=given.word)
    chosen = np.random.default_rng(given.seed).choice(len(said), given.clips, replace=False)
    own = [said[number] for number in sorted(int(number) for number in chosen)]
    with tempfile.TemporaryDirectory() as folder:
        path = given.model or Path(folder) / f"{given.word}.onnx"
        trained = None
        if given.model is None:
            recordings = [clip.sound().astype(np.float32) / np.float32(32768) for clip in own]
            trained = train_word(settings, given.word, recordings, Budget(), given.seed, progress)
            write(trained.classifier, path, phrase=given.word, threshold=trained.threshold, lag_s=trained.lag_s)
        wake = WakeSettings(engine="openwakeword", words=(str(path),))
        rest = [clip for clip in said if clip not in own]
        result = score(
            settings.model_copy(update={"wake": wake}),
            rest,
            others(given.data, given.word),
            None,
            lambda done, total: progress("measuring", done, total),
        )
    print(file=sys.stderr)
    held_back = asdict(trained.held_back) if trained else None
    print(json.dumps({"word": given.word, "trained_on": len(own), "held_back": held_back} | result.as_json()))


if __name__ == "__main__":
    main()
