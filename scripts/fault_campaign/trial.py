"""One fault on one rig, once: what is done, what is waited for, and what must hold when it is over."""

import os
import random
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from scripts.fault_campaign.rig import START_S, Rig

GOAL_S: Final = 10.0
"""Listening again, after the fault is over."""
_BEFORE_S: Final = 2.5
"""How long the people in the house ask for things before it happens."""
_SETTLED_S: Final = 2.0
"""How long something that nobody waits for any more is waited for."""
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass
class Found:
    """What a fault says of itself."""

    over: float
    """When it ended, or when it happened where it has no end: seconds on the monotonic clock."""
    said: str = ""
    """How it told what it could not do, in its own words."""
    during: str = ""
    """What went on meanwhile."""
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong."""

    name: str
    what: str
    """In words, for the table."""
    holds: str
    """What must hold besides that nothing confirmed is lost or doubled, no claim is untrue, and no command is stale."""
    inflict: Callable[[Rig], Found]
    why_not: Callable[[], str | None] = lambda: None
    """Why it can't be tried on this machine; None: it can."""
    needs_message: str = ""
    """What its message must say, as a regular expression; empty: nothing is to be said."""


@dataclass
class Trial:
    """What came of it. All times are in seconds."""

    fault: str
    seed: int
    plain_start_s: float | None = None
    """From the start of the process to a wake word that was answered, in the same minute, with nothing wrong."""
    plain_start_processor_s: float | None = None
    """Processor time of that start until then."""
    listening_s: float | None = None
    """From the end of the fault to a wake word that was answered; a call comes every one and a half seconds. None: it
    was not within the patience.
    """
    command: str = ""
    """What came of the command that was said then."""
    starts: int = 0
    """Of the process, since the fault began."""
    ended_by: list[str] = field(default_factory=list)
    said: str = ""
    during: str = ""
    confirmed: int = 0
    answers: int = 0
    load: float = 0.0
    """Processes that wanted a processor, on average over a minute."""
    wrong: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        return asdict(self)


def plain_start(rig: Rig) -> tuple[float | None, float | None]:
    """Start it anew with nothing wrong. Returns seconds, and seconds of processor time, until it was woken."""
    rig.service.hold()
    begun = rig.service.go_on()
    woken = rig.room.call(rig.service, begun, START_S)
    spent = _processor_s(rig.service.process)
    rig.is_well()
    return (woken - begun if woken is not None else None), spent


def attempt(rig: Rig, fault: Fault, seed: int, patience_s: float = 90.0) -> Trial:
    """All of it. The rig is well before and, if all goes well, after."""
    rig.chance.seed(seed)
    trial = Trial(fault.name, seed)
    trial.plain_start_s, trial.plain_start_processor_s = plain_start(rig)
    people, service = rig.residents, rig.service
    untrue = len(people.told.untrue)
    people.begin()
    time.sleep(_BEFORE_S)
    lives, begun = len(service.lives), time.monotonic()
    try:
        found = fault.inflict(rig)
    except (AssertionError, OSError, LookupError, subprocess.SubprocessError) as error:
        found = Found(time.monotonic(), wrong=[f"the campaign itself: {error!r}"])
    answer = rig.room.command(service, found.over, patience_s)
    if answer is not None:
        trial.listening_s, trial.command = answer.woken - found.over, answer.outcome
    people.end()
    rig.is_well()
    time.sleep(_SETTLED_S)
    trial.starts = len(service.lives) - lives
    trial.ended_by = [
        life.why or f"ended by {life.how}" for life in service.lives[lives - 1 :] if life.ended is not None
    ]
    trial.said, trial.during, trial.load = found.said, found.during, os.getloadavg()[0]
    trial.confirmed, trial.answers = len(rig.ledger.confirmed), people.told.answered
    trial.wrong = [*found.wrong, *people.told.untrue[untrue:], *people.stale(), *rig.ledger.broken(rig.data_dir)]
    trial.wrong += _bugs(rig, begun)
    if trial.listening_s is None:
        trial.wrong.append(f"not listening after {patience_s:.0f} s")
    if fault.needs_message and re.search(fault.needs_message, found.said) is None:
        trial.wrong.append(f"it never said {fault.needs_message!r}")
    return trial


def _bugs(rig: Rig, since: float) -> list[str]:
    """What nobody expected: stacks in the log that no watchdog asked for."""
    traces = [line for line in tuple(rig.service.lines) if line.at > since and "Traceback (most recent" in line.message]
    traces += [line for line in tuple(rig.service.lines) if line.at > since and line.fields.get("exception")]
    return [f"a stack in the log: {str(line.fields.get('exception') or line.message)[-200:]}" for line in traces[:1]]


def _processor_s(process: int) -> float | None:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / _TICKS


def seeded(seed: int) -> random.Random:
    """The chance that one number stands for."""
    return random.Random(seed)  # noqa: S311  # not a secret
