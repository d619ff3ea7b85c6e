"""A plugin of pytest, for the emulated board: writes down each test as it begins and as it ends, so that a campaign
that is cut off goes on where it was; ends a test that takes too long.

A record is a file of lines of JSON: ``{"began": test}``, then ``{"test": test, "outcome": …, "s": seconds, "why": …}``.
"""

import json
import signal
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

import pytest

_LONGEST_WHY: Final = 400
_WORST: Final = ("passed", "skipped", "failed")
"""Of a test's parts the worst counts."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """What ``scripts/arm/campaign.py`` gives along."""
    group = parser.getgroup("an emulated board")
    group.addoption("--record", type=Path, required=True, help="where to append what came of each test")
    group.addoption("--but", type=Path, required=True, help="a file with the tests that are not to be run, one a line")
    group.addoption("--limit", type=float, required=True, help="seconds that a test may take, with its fixtures")
    group.addoption("--times", type=int, default=1, help="how many of them are a second of this clock")


def pytest_configure(config: pytest.Config) -> None:
    """From here on it is written."""
    but = frozenset(config.getoption("but").read_text("utf-8").splitlines())
    config.pluginmanager.register(
        Recorder(config.getoption("record"), but, config.getoption("limit"), config.getoption("times"))
    )


class Recorder:
    """Of one process of pytest."""

    def __init__(self, record: Path, but: frozenset[str], limit_s: float, times: int = 1) -> None:
        self._record = record
        self._but = but
        self._limit_s = limit_s
        self._times = times
        self._outcome, self._why, self._began = "passed", "", 0.0

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out what has been run."""
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid in self._but])
        items[:] = [item for item in items if item.nodeid not in self._but]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that can't be read stands for its tests."""
        if report.failed:
            self._write({"test": report.nodeid, "outcome": "failed", "s": 0.0, "why": _why(report)})

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, bool, bool]:
        """From the first fixture's beginning to the last one's end."""
        self._write({"began": item.nodeid})
        self._outcome, self._why, self._began = "passed", "", time.monotonic()
        before = signal.signal(signal.SIGALRM, self._ring)
        signal.setitimer(signal.ITIMER_REAL, self._limit_s)
        try:
            return (yield)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, before)
            took = round((time.monotonic() - self._began) * self._times, 2)
            self._write({"test": item.nodeid, "outcome": self._outcome, "s": took, "why": self._why})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One of setup, call, teardown."""
        if _WORST.index(report.outcome) > _WORST.index(self._outcome):
            self._outcome, self._why = report.outcome, _why(report)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        pytest.fail(f"took longer than {self._limit_s:g} s")

    def _write(self, line: dict[str, object]) -> None:
        with self._record.open("a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")


def _why(report: pytest.TestReport | pytest.CollectReport) -> str:
    told: Sequence[str] = report.longreprtext.splitlines()
    errors = [line.removeprefix("E").strip() for line in told if line.startswith("E ")]
    return " · ".join(errors or told[-1:])[:_LONGEST_WHY]
