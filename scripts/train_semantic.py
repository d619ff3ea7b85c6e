#!/usr/bin/env python3
"""Fit the semantic tier's head to our own sentences and the training part of crowd-sourced ones, and measure it.

Example: python scripts/train_semantic.py --data eval/text
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from edge.settings import load
from edge.understand.semantic import encoder
from edge.understand.semantic.frames import PRECISION, PRECISION_OF_OTHERS
from edge.understand.semantic.head import bare
from edge.understand.semantic.tier import HEAD
from edge.understand.semantic.training.data import crowd, ours
from edge.understand.semantic.training.fit import embedded, fit, report
from models.store import Store


def progress(done: int, total: int) -> None:
    """One line that changes."""
    if done % 100 == 0 or done == total:
        print(f"\rreading {done}/{total}   ", end="", file=sys.stderr, flush=True)


def main() -> None:
    """Writes the head and prints one JSON object with its figures."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, required=True, help="folder with nlu_eval, slurp and home_llm")
    arguments.add_argument("--out", type=Path, default=HEAD, help="where the head is written")
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    minilm = encoder.build(Store(load().models_dir).require(encoder.MODEL))
    learnt = [*ours(given.seed), *crowd(given.data, training=True)]
    head = fit(learnt, embedded([bare(e.text) for e in learnt], minilm.embed, progress), PRECISION, PRECISION_OF_OTHERS)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    head.write(given.out)
    measured = crowd(given.data, training=False)
    figures = report(head, measured, embedded([bare(e.text) for e in measured], minilm.embed, progress))
    print(file=sys.stderr)
    print(json.dumps({"learnt": len(learnt), "labels": len(head.labels), "grams": len(head.grams), **asdict(figures)}))


if __name__ == "__main__":
    main()
