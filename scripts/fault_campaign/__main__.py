"""``scripts/faults``."""

import argparse
import logging
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from scripts.fault_campaign import of_disks, of_processes, of_surroundings, power_cuts
from scripts.fault_campaign.report import line, written
from scripts.fault_campaign.rig import Rig
from scripts.fault_campaign.trial import Fault, Trial, attempt, seeded

FAULTS: Final = {fault.name: fault for fault in (*of_processes.FAULTS, *of_surroundings.FAULTS, *of_disks.FAULTS)}
_POWER: Final = "power-cut"


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status: 1 where a promise was broken."""
    asked = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what was mounted and started is taken down
    logging.basicConfig(level=logging.CRITICAL)
    if asked.list:
        _show_list()
        return 0
    known = [*FAULTS, _POWER]
    if unknown := [name for name in asked.only if name not in known]:
        print(f"faults: there is no {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    broken = False
    chosen = {name: fault for name, fault in FAULTS.items() if not asked.only or name in asked.only}
    left = {name: why for name, fault in chosen.items() if (why := fault.why_not()) is not None}
    for name, why in left.items():
        print(f"{name}: not here: {why}", flush=True)
    order = asked.only or list(FAULTS)
    tried = {name: chosen[name] for name in order if name in chosen and name not in left}
    if tried:
        trials = _campaign(tried, asked.seed, asked.rounds, asked.report)
        print(f"table: {written(asked.report, FAULTS, trials, left)}")
        broken = any(trial.wrong for trial in trials)
    if not asked.only or _POWER in asked.only:
        broken |= not power_cuts.campaign(asked.seed, asked.rounds, asked.report)
    return int(broken)


def _campaign(tried: dict[str, Fault], seed: int, rounds: int, report: Path) -> list[Trial]:
    trials: list[Trial] = []
    begun = time.monotonic()
    for name, fault in tried.items():
        # A socket's path is limited to 108 bytes.
        with tempfile.TemporaryDirectory(prefix="faults-") as folder, Rig(Path(folder), seeded(seed)) as rig:
            if not rig.is_well():
                trials.append(Trial(name, seed, wrong=["it did not start at all"]))
            else:
                trials += _rounds(rig, fault, seed, rounds)
            if any(trial.wrong for trial in trials):
                report.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(rig.folder / "log", report / f"{name}.log")
        print(f"-- {name}, {time.monotonic() - begun:.0f} s", flush=True)
    return trials


def _rounds(rig: Rig, fault: Fault, seed: int, rounds: int) -> list[Trial]:
    trials = []
    for number in range(rounds):
        trials.append(attempt(rig, fault, seed + number))
        print(line(trials[-1]), flush=True)
        if not rig.is_well():
            trials[-1].wrong.append("it is not well afterwards")
            break
    return trials


def _show_list() -> None:
    for name, fault in FAULTS.items():
        why = fault.why_not()
        print(f"{name:18} {fault.what}" + (f"  (not here: {why})" if why else ""))
    print(f"{_POWER:18} {power_cuts.WHAT}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("scripts/faults", description="Things go wrong; what must hold is counted.")
    parser.add_argument("--list", action="store_true", help="what can go wrong here, and stop")
    parser.add_argument("--only", nargs="+", default=[], metavar="FAULT", help="only these")
    parser.add_argument("--seed", type=int, default=1, help="of the first round; each further one has the next")
    parser.add_argument("--rounds", type=int, default=3, help="of each fault")
    parser.add_argument("--report", type=Path, default=Path("faults-report"), help="folder for the table and the JSON")
    return parser


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("faults: interrupted; what it had started is ended", file=sys.stderr)
        sys.exit(130)
