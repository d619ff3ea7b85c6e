"""Many schedules: see ``scripts/sync_faults``."""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

from tests.faults.schedule import Outcome, memory, run, template

_BAR = 40


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: 1 where a promise was broken."""
    asked = _asked(arguments)
    if os.environ.get("PYTHONHASHSEED") != "0":
        # Sets of strings have the same order in every run.
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "tests.faults.campaign", *(arguments or sys.argv[1:])])
    with tempfile.TemporaryDirectory(prefix="faults-", dir=memory()) as folder:
        store = template(Path(folder))
        if asked.replay is not None:
            return _replay(run(asked.replay, store, memory()), asked.json)
        began = time.monotonic()
        outcomes = list(_all(asked, store, began))
    return _report(asked, outcomes, time.monotonic() - began)


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Random faults for assistants and their bridge; all from one number.")
    parser.add_argument("--schedules", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="of the first; the others follow")
    parser.add_argument("--replay", type=int, metavar="SEED", help="one schedule, with all that happened in it")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(arguments)


def _all(asked: argparse.Namespace, store: Path, began: float) -> Iterator[Outcome]:
    seeds = range(asked.seed, asked.seed + asked.schedules)
    with ProcessPoolExecutor(asked.jobs) as pool:
        broken = 0
        for number, outcome in enumerate(pool.map(partial(_one, store=store), seeds, chunksize=4), 1):
            broken += bool(outcome.violation)
            if outcome.violation:
                print(f"\r{' ' * 79}\rseed {outcome.seed}: {outcome.violation}", file=sys.stderr)
            _bar(number, len(seeds), broken, time.monotonic() - began)
            yield outcome
    print(file=sys.stderr)


def _one(seed: int, store: Path) -> Outcome:
    outcome = run(seed, store, memory())
    outcome.trace = []
    return outcome


def _bar(done: int, of: int, broken: int, seconds: float) -> None:
    if sys.stderr.isatty() or done == of or done % 100 == 0:
        filled = _BAR * done // of
        bar = "#" * filled + "." * (_BAR - filled)
        print(f"\r[{bar}] {done}/{of}  broken {broken}  {seconds:.0f} s", end="", file=sys.stderr, flush=True)


def _replay(outcome: Outcome, as_json: bool) -> int:
    if as_json:
        print(json.dumps(asdict(outcome)))
    else:
        print("\n".join(outcome.trace))
        print(f"seed {outcome.seed}: {outcome.violation or 'all promises held'}")
    return 1 if outcome.violation else 0


def _report(asked: argparse.Namespace, outcomes: Sequence[Outcome], seconds: float) -> int:
    faults: Counter[str] = sum((each.faults for each in outcomes), Counter())
    counted: Counter[str] = sum((Counter(each.counted) for each in outcomes), Counter())
    broken = {each.seed: each.violation for each in outcomes if each.violation}
    report = {
        "schedules": len(outcomes),
        "seeds": [asked.seed, asked.seed + len(outcomes) - 1],
        "broken": broken,
        "lost": sum("lost" in each or "not in the file" in each for each in broken.values()),
        "doubled": sum("doubled" in each for each in broken.values()),
        **counted,
        "faults": dict(sorted(faults.items())),
        "seconds": round(seconds, 1),
    }
    print(json.dumps(report) if asked.json else "\n".join(f"{what}: {value}" for what, value in report.items()))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
