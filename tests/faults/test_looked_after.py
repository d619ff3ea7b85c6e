"""A process is looked after as systemd does it: the campaign's own service, on programs that misbehave as they are told."""

import dataclasses
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.fault_campaign.service import Command, Service
from scripts.fault_campaign.unit import Limits, limits

_SHORT = Limits(start_s=20.0, watchdog_s=0.4, abort_s=0.3, stop_s=5.0, pause_s=0.05)
_TELL = """
import os, signal, socket, sys, time
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
tell = lambda text: notify.sendto(text.encode(), os.environ["NOTIFY_SOCKET"])
tell("READY=1\\nSTATUS=well")
"""


@contextmanager
def service(folder: Path, program: str, given: Limits = _SHORT) -> Iterator[Service]:
    with Service(Command([sys.executable, "-c", _TELL + program], {}, folder), given) as looked_after:
        yield looked_after


@pytest.mark.parametrize(
    ("program", "why", "how"),
    [
        ("sys.exit(3)", "", 3),
        ("time.sleep(60)", "no beat for 0 s", -signal.SIGABRT),
        ("tell('WATCHDOG=trigger'); time.sleep(60)", "asked for it", -signal.SIGABRT),
        # What SIGABRT does not end is ended.
        ("signal.signal(signal.SIGABRT, signal.SIG_IGN); time.sleep(60)", "no beat for 0 s", -signal.SIGKILL),
        ("os.kill(os.getpid(), signal.SIGSTOP)", "no beat for 0 s", -signal.SIGABRT),
    ],
)
def test_what_ends_is_started_again(tmp_path: Path, program: str, why: str, how: int) -> None:
    with service(tmp_path, program) as looked_after:
        assert looked_after.until(lambda: len(looked_after.lives) > 1, 30)
        first = looked_after.lives[0]
        assert (first.why, first.how) == (why, how)
        assert looked_after.status == "well"


def test_what_beats_is_left_alone_until_it_is_told_to_end(tmp_path: Path) -> None:
    with service(tmp_path, "\nwhile True: tell('WATCHDOG=1'); time.sleep(0.1)") as looked_after:
        assert looked_after.until(lambda: looked_after.is_ready, 20)
        assert not looked_after.until(lambda: not looked_after.runs, 1.0)
        looked_after.hold()
        assert not looked_after.until(lambda: looked_after.runs, 0.3)
        looked_after.go_on()
        assert looked_after.until(lambda: looked_after.is_ready and len(looked_after.lives) == 2, 20)


def test_it_may_say_while_it_runs_how_long_a_beat_is_to_be_waited_for(tmp_path: Path) -> None:
    """As systemd does, the next process begins with what the unit says."""
    given, go = dataclasses.replace(_SHORT, watchdog_s=20.0), tmp_path / "go"
    program = f"""
tell('WATCHDOG_USEC=60000000')
while not os.path.exists({str(go)!r}): time.sleep(0.02)
tell('WATCHDOG_USEC=300000'); time.sleep(60)
"""
    with service(tmp_path, program, given) as looked_after:
        assert looked_after.until(lambda: looked_after.waits_s == 60.0, 30)
        go.touch()
        assert looked_after.until(lambda: looked_after.lives[0].ended is not None, 30)
        assert looked_after.lives[0].why == "no beat for 0 s"
        go.unlink()
        assert looked_after.until(lambda: len(looked_after.lives) > 1, 30)
        assert looked_after.until(lambda: looked_after.is_ready and looked_after.waits_s == 60.0, 30)


def test_the_unit_says_all_that_is_tried() -> None:
    found = limits()
    assert found.start_s > found.watchdog_s > found.abort_s > found.pause_s > 0
