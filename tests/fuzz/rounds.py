"""A campaign that goes on where the last one ended: rounds over all parsers, a slice for each, until each had its time.

What was spent is written down after each slice, so that an end at any moment costs a slice, and leaves all alike. Each
slice is fed in a process of its own: native code that goes down takes no more than that with it.
"""

import fcntl
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

from tests.fuzz import campaign
from tests.fuzz.parser import Parser

LEDGER: Final = "ledger.json"
_ANYBODY: Final = (
    "discovery", "template", "mqtt", "wyoming", "websocket", "http", "mdns", "sync", "certificate", "update", "sound", "whole",
)  # fmt: skip
"""Parsers whose names begin so may meet somebody who has not been let in, if only by mistake."""
_OTHERS: Final = 0.5
"""Of the seconds of those, what the others get."""


@dataclass(frozen=True, slots=True)
class Spent:
    """On one parser, in all campaigns."""

    slices: int = 0
    guided: int = 0
    """Entries by what they reach, and the processor seconds that went there."""
    guided_s: float = 0.0
    plain: int = 0
    plain_s: float = 0.0
    slowest: float = 0.0
    """Processor seconds of the slowest message, without instruments."""
    findings: Sequence[str] = field(default=())
    """Of the last slice."""

    @property
    def seconds(self) -> float:
        """Processor time."""
        return self.guided_s + self.plain_s

    def and_guided(self, entries: int, seconds: float, findings: Sequence[str]) -> "Spent":
        """With a slice by what entries reach."""
        return replace(self, guided=self.guided + entries, guided_s=self.guided_s + seconds, findings=tuple(findings))

    def and_plain(self, told: campaign.Told) -> "Spent":
        """With a slice without instruments."""
        return replace(
            self,
            slices=self.slices + 1,
            plain=self.plain + told.entries,
            plain_s=self.plain_s + told.seconds,
            slowest=max(self.slowest, told.slowest),
            findings=tuple(sorted({*self.findings, *told.findings})),
        )


class Ledger:
    """What was spent, by parser, in a file that several campaigns may write."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    def spent(self) -> dict[str, Spent]:
        """By name of the parser."""
        kept = json.loads(self._path.read_text("utf-8")) if self._path.exists() else {}
        return {name: Spent(**each) for name, each in kept.items()}

    def of(self, parser: Parser) -> Spent:
        """So far."""
        return self.spent().get(parser.name, Spent())

    def keep(self, parser: Parser, spent: Spent) -> None:
        """Write it down: whole, or as it was."""
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            whole = {**self.spent(), parser.name: spent}
            new = self._path.with_suffix(".new")
            new.write_text(json.dumps({name: asdict(each) for name, each in sorted(whole.items())}, indent=1), "utf-8")
            new.replace(self._path)


def wanted(parser: Parser, seconds: float) -> float:
    """Of processor time, for ``parser``."""
    return seconds if parser.name.startswith(_ANYBODY) else seconds * _OTHERS


def run(chosen: Sequence[Parser], seconds: float, slice_s: float, share: float, ledger: Ledger) -> Iterator[str]:
    """Until each had ``seconds``; ``share``: of a slice, how much is not guided (1: nothing is). Yields what is told."""
    while pending := [parser for parser in chosen if ledger.of(parser).seconds < wanted(parser, seconds)]:
        number = 1 + max(ledger.of(parser).slices for parser in chosen)
        if share < 1:
            for parser, spent in _guided(pending, slice_s * (1 - share), number, ledger):
                ledger.keep(parser, spent)
        for parser in pending:
            told = _apart(parser, slice_s * share, number)
            spent = ledger.of(parser).and_plain(told)
            ledger.keep(parser, spent)
            yield _line(parser, spent)


def _line(parser: Parser, spent: Spent) -> str:
    what = (
        f"{spent.seconds:6.0f} s  {spent.guided:8} guided {spent.plain:8} plain  slowest {spent.slowest * 1000:5.0f} ms"
    )
    return "\n    ".join([f"{parser.name:24} {what}  {len(spent.findings)} found", *spent.findings])


def _guided(chosen: Sequence[Parser], seconds: float, number: int, ledger: Ledger) -> Iterator[tuple[Parser, Spent]]:
    for parser, (entries, took, findings) in guided(chosen, seconds, number):
        yield parser, ledger.of(parser).and_guided(entries, took, findings)


def guided(
    chosen: Sequence[Parser], seconds: float, number: int
) -> Iterator[tuple[Parser, tuple[int, float, list[str]]]]:
    """Through atheris, in a process of its own: of each, once it is through, entries, processor seconds, findings."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "errors").open("w+") as errors:
        line = [sys.executable, "-m", "tests.fuzz.guided", *(parser.name for parser in chosen), "--told", folder]
        line += ["--seconds", str(seconds), "--seed", str(number)]
        environment = {**os.environ, "PYTHONPATH": str(campaign.ROOT)}
        with subprocess.Popen(line, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=errors) as running:
            for parser in chosen:
                file = Path(folder) / f"{parser.name}.json"
                while not file.exists() and running.poll() is None:
                    time.sleep(0.5)
                if file.exists():
                    told = json.loads(file.read_text("utf-8"))
                    yield parser, (told["entries"], told["seconds"], told["findings"])
        if running.returncode:
            errors.seek(0)
            print(f"fuzz: atheris ended with {running.returncode}: {errors.read()[-500:]}", file=sys.stderr)


def _apart(parser: Parser, seconds: float, number: int) -> campaign.Told:
    """Fed in a child: what it told, or that it went down, and with which entry."""
    with tempfile.TemporaryDirectory() as folder:
        said, last = Path(folder) / "told", Path(folder) / "last"
        child = os.fork()
        if not child:
            _feed(parser, seconds, number, said, last)
        _, status = os.waitpid(child, 0)
        told = campaign.Told(parser)
        if said.exists():
            read = json.loads(said.read_text("utf-8"))
            told.entries, told.seconds, told.slowest = read["entries"], read["seconds"], read["slowest"]
            told.findings = dict.fromkeys(read["findings"], (b"", ""))
        if status:
            entry = last.read_bytes() if last.exists() else b""
            told.findings[f"it ended with {os.waitstatus_to_exitcode(status)}"] = (entry, "the process was gone")
            told.keep(campaign.cache())
        return told


def _feed(parser: Parser, seconds: float, number: int, said: Path, last: Path) -> None:
    """Ends the process."""
    with last.open("wb", buffering=0) as box:
        told = campaign.fed(parser, number, seconds=seconds, corpus=campaign.corpus(parser, number), box=box)
    told.keep(campaign.cache())
    kept = {"entries": told.entries, "seconds": told.seconds, "slowest": told.slowest, "findings": list(told.findings)}
    said.write_text(json.dumps(kept), "utf-8")
    os._exit(0)
