"""What a campaign has shown, as a table for people and as JSON for whoever compares."""

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.fault_campaign.trial import GOAL_S, Fault, Trial


def written(folder: Path, faults: Mapping[str, Fault], trials: Sequence[Trial], left: Mapping[str, str]) -> Path:
    """Both, in ``folder``. ``left``: why a fault could not be tried here. Returns the table's file."""
    folder.mkdir(parents=True, exist_ok=True)
    body: dict[str, Any] = {"goal_s": GOAL_S, "not_here": dict(left), "trials": [trial.as_json() for trial in trials]}
    (folder / "faults.json").write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", "utf-8")
    table = folder / "faults.md"
    table.write_text("\n".join([*_rows(faults, trials), *_left(left)]) + "\n", "utf-8")
    return table


def line(trial: Trial) -> str:
    """One trial, as it goes by."""
    heard = f"listening {trial.listening_s:.1f} s" if trial.listening_s is not None else "NOT LISTENING"
    plain = f", plain start {trial.plain_start_s:.1f} s" if trial.plain_start_s is not None else ""
    spent = f" ({trial.plain_start_processor_s:.1f} s processor)" if trial.plain_start_processor_s is not None else ""
    verdict = "ok" if not trial.wrong else "BROKEN: " + "; ".join(trial.wrong)
    also = f" [{trial.during}]" if trial.during else ""
    return (
        f"{trial.fault} #{trial.seed}: {heard}{plain}{spent}, {trial.command or 'no command'}, {trial.starts} starts, "
        f"{trial.confirmed} confirmed, load {trial.load:.0f}{also}: {verdict}"
    )


def _rows(faults: Mapping[str, Fault], trials: Sequence[Trial]) -> list[str]:
    rows = [
        "| fault | what must hold | rounds | kept | listening again: median · worst | plain start: median · worst "
        "| load |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, fault in faults.items():
        of = [trial for trial in trials if trial.fault == name]
        if not of:
            continue
        wrong = sum(bool(trial.wrong) for trial in of)
        kept = "all" if not wrong else f"**{len(of) - wrong}**"
        loads = [trial.load for trial in of]
        rows.append(
            f"| {fault.what} | {fault.holds} | {len(of)} | {kept} | {_spread([t.listening_s for t in of])} | "
            f"{_spread([t.plain_start_s for t in of])} | {min(loads):.0f}–{max(loads):.0f} |"
        )
    return rows


def _spread(seconds: Sequence[float | None]) -> str:
    known = [each for each in seconds if each is not None]
    if not known:
        return "–"
    worst = f"{max(known):.1f} s" if len(known) == len(seconds) else "never"
    return f"{statistics.median(known):.1f} s · {worst}"


def _left(left: Mapping[str, str]) -> list[str]:
    return ["", *(f"Not tried here: {name}: {why}." for name, why in left.items())] if left else []
