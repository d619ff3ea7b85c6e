"""``scripts/fuzz``: every parser that meets the network or a file from outside, fed what nobody sane would send.

First guided by what an entry reaches, where the package atheris is installed; then, without its instruments, by changes
of all that is known to reach something, with an eye on time and memory. Ends with 1 when anything was found.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.fuzz import campaign, files
from tests.fuzz.campaign import Told
from tests.fuzz.parser import Parser, hold

_PLAIN: Final = 0.4
"""Of the seconds, where both ways are gone."""


def _machines(seconds: float, number: int) -> int:
    """Both ends of the bridge's protocol, by hypothesis: conversations that nobody would hold."""
    from tests.sync import fuzz

    until, examples = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        for name in fuzz.TARGETS:
            fuzz.run(name, 300, number)
            examples += 300
        number += 1
    return examples


def _api(seconds: float, number: int) -> int:
    """The HTTP API of a running assistant, by schemathesis: requests made from its own OpenAPI document."""
    from tests.fuzz.api import campaign as of_api

    return of_api(seconds, number)


WHOLE: Final[dict[str, Callable[[float, int], int]]] = {"whole.machines": _machines, "whole.api": _api}
"""By name, what feeds more than one parser; from seconds and a seed to the number of entries. Raises what it finds."""


def main() -> int:
    """Returns the exit code."""
    asked = _parser().parse_args()
    if asked.list:
        for parser in campaign.PARSERS:
            print(f"{parser.name:24} {parser.about}")
        for name, run in WHOLE.items():
            print(f"{name:24} {(run.__doc__ or '').strip()}")
        return 0
    wholes = {name: run for name, run in WHOLE.items() if name.startswith(tuple(asked.only or [""]))}
    try:
        chosen = campaign.found([name for name in asked.only if not any(whole.startswith(name) for whole in wholes)]) if len(wholes) < len(asked.only) or not asked.only else []  # fmt: skip
    except ValueError as error:
        print(f"fuzz: {error}", file=sys.stderr)
        return 2
    if asked.replay:
        return _replayed(chosen, asked.replay)
    guided = not asked.plain and importlib.util.find_spec("atheris") is not None
    failed = 0
    try:
        share = _PLAIN if guided else 1.0
        first = _guided(chosen, asked.seconds * (1 - _PLAIN), asked.seed) if guided and chosen else {}
        for parser in chosen:
            failed += _one(parser, asked.seconds * share, asked.seed, first.get(parser.name))
    finally:
        files.remove()
    for name, run in wholes.items():
        begun = time.monotonic()
        entries = run(asked.seconds, asked.seed)
        took = time.monotonic() - begun
        print(f"{name:24} {entries:8} entries {took:5.0f} s {entries / took:8.0f}/s  nothing found", flush=True)
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("scripts/fuzz", description=__doc__)
    parser.add_argument("--list", action="store_true", help="what there is")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="parsers whose names begin so")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="without atheris, also where it is installed")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="feed this alone to what --only names")
    return parser


def _one(parser: Parser, seconds: float, number: int, first: "_Guided | None") -> int:
    """How many findings there were. ``first``: what came of being guided."""
    told = campaign.fed(parser, number, seconds=seconds, corpus=campaign.corpus(parser))
    told.keep(campaign.cache())
    keys = sorted({*(first.findings if first else ()), *told.findings})
    ways = f"{first.entries:8} guided, " if first else ""
    rate, slowest = told.entries / max(told.seconds, 1e-3), told.slowest * 1000
    what = f"{told.entries:8} entries {rate:7.0f}/s  slowest {slowest:5.0f} ms  {len(keys)} found"
    print(f"{parser.name:24} {ways}{what}", flush=True)
    for key in keys:
        print(f"    {key}", flush=True)
    return len(keys)


@dataclass(frozen=True, slots=True)
class _Guided:
    entries: int
    findings: list[str]


def _guided(chosen: Sequence[Parser], seconds: float, number: int) -> dict[str, _Guided]:
    """What came of each."""
    with tempfile.TemporaryDirectory() as folder:
        line = [sys.executable, "-m", "tests.fuzz.guided", *(parser.name for parser in chosen), "--told", folder]
        line += ["--seconds", str(max(1, int(seconds))), "--seed", str(number)]
        environment = {**os.environ, "PYTHONPATH": str(campaign.ROOT)}
        done = subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"fuzz: atheris ended with {done.returncode}: {done.stderr[-500:]}", file=sys.stderr)
        said = {path.stem: json.loads(path.read_text("utf-8")) for path in Path(folder).glob("*.json")}
        return {name: _Guided(each["entries"], each["findings"]) for name, each in said.items()}


def _replayed(chosen: list[Parser], file: Path) -> int:
    entry, failed = file.read_bytes(), 0
    for parser in chosen:
        try:
            print(f"{parser.name}: {hold(parser, entry) * 1000:.1f} ms")
        except Exception as error:  # noqa: BLE001  # whatever it is, it is a finding
            told = Told(parser)
            least = campaign.smaller(parser, entry, error)
            told.take(least, error)
            print(f"{parser.name}: {next(iter(told.findings.values()))[1]}\n{least[:2000]!r}")
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
