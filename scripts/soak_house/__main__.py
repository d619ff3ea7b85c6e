"""``scripts/soak``."""

import argparse
import json
import math
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from scripts.fault_campaign.rig import Rig
from scripts.fault_campaign.trial import seeded
from scripts.soak_house.day import Day, bridge_running, sensors
from scripts.soak_house.figures import WHAT, taken
from scripts.soak_house.level import Slope, slope
from tests.bridges import MemoryBridge
from tests.brokers import free_port

_WARM_HOURS: Final = 3
"""Caches and allocators find their size; these hours do not count."""
_MINUTE_S: Final = 60.0
_STILL_S: Final = 5.0
"""What a house has in every night, and one whose days are minutes has not: memory goes back once it is still for three
seconds (edge/heap.py).
"""
_RISES: Final = ("processor_s", "kept_mb")
"""What is told, and not judged by its slope: it has to rise."""


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status: 1 where something grows, or nobody answered."""
    asked = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what was mounted and started is taken down
    seconds = max(1.0, asked.minutes * _MINUTE_S / asked.hours - _STILL_S)
    print(f"{asked.hours} simulated hours in about {asked.minutes:.0f} minutes, {seconds:.0f} s each", flush=True)
    port, bridge = free_port(), MemoryBridge()
    rows: list[dict[str, float]] = []
    begun = time.monotonic()
    with bridge_running(bridge) as url, tempfile.TemporaryDirectory(prefix="soak-") as folder:
        settings = {
            "HEARTH_API__SERVE": "true", "HEARTH_API__HOST": "localhost", "HEARTH_API__PORT": str(port),
            "HEARTH_CLOUD__URL": url,
        }  # fmt: skip
        chance = seeded(asked.seed)
        with Rig(Path(folder), chance, settings, sensors()) as rig, Day(rig, port, chance) as day:
            if not rig.is_well():
                print("soak: it does not start", file=sys.stderr)
                return 1
            for hour in range(asked.hours):
                day.hour(hour, seconds)
                bridge.heard.clear()
                time.sleep(_STILL_S)
                rows.append({"hour": hour + 1, **taken(rig.service.process, rig.data_dir, port)})
                print(_line(rows[-1]), flush=True)
                if time.monotonic() - begun > asked.at_most * _MINUTE_S:
                    print(f"after {asked.at_most:.0f} minutes it is over", flush=True)
                    break
            wrong = [*day.done.wrong, *rig.residents.told.untrue]
            wrong += [f"it ended {len(rig.service.lives) - 1} times"] if len(rig.service.lives) > 1 else []
            counts = dict(day.done.counts)
    slopes = {name: slope(*_of(rows, name)) for name in WHAT}
    grown = [name for name, line in slopes.items() if line is not None and _grows(name, line)]
    wall_s = time.monotonic() - begun
    _report(asked.report, rows, slopes, counts, wrong, wall_s)
    print("\n".join(_table(slopes)))
    print(f"{counts} in {wall_s / _MINUTE_S:.1f} minutes, load {os.getloadavg()[0]:.0f}; wrong: {wrong or 'nothing'}")
    return int(bool(wrong or grown))


def _of(rows: Sequence[dict[str, float]], name: str) -> tuple[list[float], list[float]]:
    counted = [row for row in rows if row["hour"] > _WARM_HOURS and not math.isnan(row[name])]
    return [row["hour"] for row in counted], [row[name] for row in counted]


def _grows(name: str, line: Slope) -> bool:
    """By more than chance explains, and by more than a hundredth of itself a day."""
    return name not in _RISES and line.per_hour > line.bound and line.per_hour * 24 > 0.01 * line.first


def _line(row: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.0f}" if name == "hour" else f"{name} {value:.1f}" for name, value in row.items())


def _table(slopes: dict[str, Slope | None]) -> list[str]:
    rows = ["| figure | at first | at last | slope, a simulated hour | |", "|---|---|---|---|---|"]
    for name, line in slopes.items():
        if line is not None:
            verdict = "rises, as it must" if name in _RISES else ("**grows**" if _grows(name, line) else "level")
            rows.append(
                f"| {WHAT[name]} | {line.first:.1f} | {line.last:.1f} | {line.per_hour:+.3f} ± {line.bound:.3f} "
                f"| {verdict} |"
            )
    return rows


def _report(
    folder: Path, rows: list[dict[str, float]], slopes: dict[str, Slope | None], counts: dict[str, int],
    wrong: list[str], wall_s: float,
) -> None:  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    lines: dict[str, Any] = {
        name: {"per_hour": line.per_hour, "bound": line.bound, "first": line.first, "last": line.last}
        for name, line in slopes.items()
        if line is not None
    }
    body = {"wall_s": wall_s, "counts": counts, "wrong": wrong, "slopes": lines, "hours": rows}
    (folder / "soak.json").write_text(json.dumps(body, indent=1) + "\n", "utf-8")
    (folder / "soak.md").write_text("\n".join(_table(slopes)) + "\n", "utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("scripts/soak", description="A house lives on; what grows is told.")
    parser.add_argument("--hours", type=int, default=24, help="of the simulated house")
    parser.add_argument("--minutes", type=float, default=15.0, help="that all of them take, where the machine keeps up")
    parser.add_argument("--at-most", type=float, default=120.0, help="minutes after which no further hour begins")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path, default=Path("soak-report"), help="folder for the table and the JSON")
    return parser


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("soak: interrupted; what it had started is ended", file=sys.stderr)
        sys.exit(130)
