"""``scripts/fuzz``: every parser that meets the network or a file from outside, fed what nobody sane would send.

First guided by what an entry reaches, where the package atheris is installed; then, without its instruments, by changes
of all that is known to reach something, with an eye on time and memory. Ends with 1 when anything was found.
"""

import argparse
import importlib.util
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tests.fuzz import campaign, files, rounds
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
    share = _PLAIN if not asked.plain and importlib.util.find_spec("atheris") is not None else 1.0
    failed = 0
    campaign.bounded()
    try:
        if asked.to:
            return _rounds(chosen, asked.to, asked.slice, share)
        guided = rounds.guided(chosen, asked.seconds * (1 - share), asked.seed) if chosen and share < 1 else ()
        told = {parser.name: came for parser, came in guided}
        for parser in chosen:
            failed += _one(parser, asked.seconds * share, asked.seed, told.get(parser.name))
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
    parser.add_argument("--to", type=float, default=0.0, metavar="SECONDS", help="all campaigns together, resumed")
    parser.add_argument("--slice", type=float, default=15.0, metavar="SECONDS", help="for each, in a round of --to")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="without atheris, also where it is installed")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="feed this alone to what --only names")
    return parser


def _rounds(chosen: Sequence[Parser], seconds: float, slice_s: float, share: float) -> int:
    """The exit code: 1 where the last slice of a parser found something."""
    ledger = rounds.Ledger(campaign.cache() / rounds.LEDGER)
    for line in rounds.run(chosen, seconds, slice_s, share, ledger):
        print(line, flush=True)
    return 1 if any(ledger.of(parser).findings for parser in chosen) else 0


def _one(parser: Parser, seconds: float, number: int, first: tuple[int, float, list[str]] | None) -> int:
    """How many findings there were. ``first``: what came of being guided."""
    told = campaign.fed(parser, number, seconds=seconds, corpus=campaign.corpus(parser, number))
    told.keep(campaign.cache())
    keys = sorted({*(first[2] if first else ()), *told.findings})
    ways = f"{first[0]:8} guided, " if first else ""
    rate, slowest = told.entries / max(told.seconds, 1e-3), told.slowest * 1000
    what = f"{told.entries:8} entries {rate:7.0f}/s  slowest {slowest:5.0f} ms  {len(keys)} found"
    print(f"{parser.name:24} {ways}{what}", flush=True)
    for key in keys:
        print(f"    {key}", flush=True)
    return len(keys)


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
