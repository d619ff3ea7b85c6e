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

_PATIENT = Limits(start_s=60.0, watchdog_s=60.0, abort_s=60.0, stop_s=60.0, pause_s=0.05)
_WATCHED = dataclasses.replace(_PATIENT, watchdog_s=0.4)
_SHORT = dataclasses.replace(_WATCHED, abort_s=0.3)
_TELL = """
import os, signal, socket, sys, time
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
tell = lambda text: notify.sendto(text.encode(), os.environ["NOTIFY_SOCKET"])
ready = lambda: tell("READY=1\\nSTATUS=well")
"""


@contextmanager
def service(folder: Path, program: str, given: Limits) -> Iterator[Service]:
    with Service(Command([sys.executable, "-c", _TELL + program], {}, folder), given) as looked_after:
        yield looked_after


@pytest.mark.parametrize(
    ("program", "given", "why", "how"),
    [
        ("ready(); sys.exit(3)", _PATIENT, "", 3),
        ("ready(); time.sleep(300)", _WATCHED, "no beat for 0 s", -signal.SIGABRT),
        ("ready(); tell('WATCHDOG=trigger'); time.sleep(300)", _PATIENT, "asked for it", -signal.SIGABRT),
        # What SIGABRT does not end is ended.
        (
            "signal.signal(signal.SIGABRT, signal.SIG_IGN); ready(); time.sleep(300)",
            _SHORT,
            "no beat for 0 s",
            -signal.SIGKILL,
        ),
        ("ready(); os.kill(os.getpid(), signal.SIGSTOP)", _WATCHED, "no beat for 0 s", -signal.SIGABRT),
    ],
)
def test_what_ends_is_started_again(tmp_path: Path, program: str, given: Limits, why: str, how: int) -> None:
    with service(tmp_path, program, given) as looked_after:
        assert looked_after.until(lambda: len(looked_after.lives) > 1, 120)
        first = looked_after.lives[0]
        assert (first.why, first.how) == (why, how)
        assert looked_after.status == "well"


def test_what_beats_is_left_alone_until_it_is_told_to_end(tmp_path: Path) -> None:
    beats, given = (
        "ready()\nwhile True: tell('WATCHDOG=1'); time.sleep(0.1)",
        dataclasses.replace(_PATIENT, watchdog_s=6.0),
    )
    with service(tmp_path, beats, given) as looked_after:
        assert looked_after.until(lambda: looked_after.is_ready, 60)
        assert not looked_after.until(lambda: not looked_after.runs, 8.0)
        looked_after.hold()
        assert not looked_after.until(lambda: looked_after.runs, 0.3)
        looked_after.go_on()
        assert looked_after.until(lambda: looked_after.is_ready and len(looked_after.lives) == 2, 60)


def test_it_may_say_while_it_runs_how_long_a_beat_is_to_be_waited_for(tmp_path: Path) -> None:
    """As systemd does, the next process begins with what the unit says."""
    given, go = _PATIENT, tmp_path / "go"
    program = f"""
ready()
tell('WATCHDOG_USEC=90000000')
while not os.path.exists({str(go)!r}): time.sleep(0.02)
tell('WATCHDOG_USEC=300000'); time.sleep(60)
"""
    with service(tmp_path, program, given) as looked_after:
        assert looked_after.until(lambda: looked_after.waits_s == 90.0, 60)
        go.touch()
        assert looked_after.until(lambda: looked_after.lives[0].ended is not None, 60)
        assert looked_after.lives[0].why == "no beat for 0 s"
        go.unlink()
        assert looked_after.until(lambda: len(looked_after.lives) > 1, 60)
        assert looked_after.until(lambda: looked_after.is_ready and looked_after.waits_s == 90.0, 60)


def test_the_unit_says_all_that_is_tried() -> None:
    found = limits()
    assert found.start_s > found.watchdog_s > found.abort_s > found.pause_s > 0
