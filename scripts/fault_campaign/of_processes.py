"""What may happen to the process: it is killed, it hangs, one of its threads does not come back."""

import os
import signal
import time

from scripts.fault_campaign.rig import Rig
from scripts.fault_campaign.threads import stopped, thread_of
from scripts.fault_campaign.trial import Fault, Found

_NOTICED_S = 75.0
_SLOW_S = 15.0
_IN_A_TURN = ("vad", "stt", "tts")
"""Engines that are asked for something only there: the first two from its beginning, the third for the answer."""
_SOON_S = 60.0
"""For this long it is waited for that systemd is told to wait less for a beat."""


def _killed(rig: Rig) -> Found:
    time.sleep(rig.chance.uniform(0.0, 2.0))
    rig.service.signal(signal.SIGKILL)
    return Found(time.monotonic())


def _killed_while_it_starts(rig: Rig) -> Found:
    for _ in range(2):
        rig.service.signal(signal.SIGKILL)
        lives = len(rig.service.lives)
        rig.service.until(lambda lives=lives: len(rig.service.lives) > lives, 10)  # type: ignore[misc]
        time.sleep(rig.chance.uniform(0.1, 4.0))
    rig.service.signal(signal.SIGKILL)
    return Found(time.monotonic())


def _stopped(rig: Rig) -> Found:
    service = rig.service
    # While it may still be loading, it is given as long as the unit says.
    service.until(lambda: service.waits_s < service.limits.watchdog_s, _SOON_S)
    time.sleep(rig.chance.uniform(0.0, 3.0))
    service.signal(signal.SIGSTOP)
    return Found(time.monotonic(), during=f"a beat is waited for {service.waits_s:.0f} s")


def _hung(name: str) -> "Fault":
    def inflict(rig: Rig) -> Found:
        life = rig.service.lives[-1]
        thread = thread_of(life.process, f"engine-{name}" if name != "loop" else name)
        begun = time.monotonic()
        with stopped(thread):
            if name in _IN_A_TURN:
                rig.room.call(rig.service, begun, 30)
                woken = time.monotonic()
                rig.room.tell()
                begun = time.monotonic() if name == "tts" else woken
            rig.service.until(lambda: life.ended is not None, _NOTICED_S)
        wrong = [] if life.ended is not None else [f"nobody has noticed within {_NOTICED_S:.0f} s"]
        noticed = f"{life.why or 'ended'} after {life.ended - begun:.1f} s" if life.ended is not None else ""
        said = rig.service.said(r"engine '\w+' is stuck|Fatal Python error: Aborted", begun - 1) or ""
        return Found(begun, said, noticed, wrong)

    of = "the event loop" if name == "loop" else f"the thread of the engine {name!r}"
    return Fault(
        f"hung-{name}", f"{of} stands still, by ptrace", "a missed beat: started anew, the log says which", inflict,
        why_not=_why_no_tracing, needs_message="stuck" if name != "loop" else "Aborted",
    )  # fmt: skip


def _slow_disk(rig: Rig) -> Found:
    """As a card does that is about to die: nothing comes back for a quarter of a minute."""
    begun = time.monotonic()
    found = Found(0.0)
    with stopped(thread_of(rig.service.process, "engine-database")):
        for _ in range(2):
            asked = time.monotonic()
            heard = rig.room.command(rig.service, asked, 30)
            if heard is None or heard.outcome != "done":
                found.wrong.append(f"a lamp while the disk does not answer: {heard.outcome if heard else 'deaf'}")
            else:
                found.during += f"woken after {heard.woken - asked:.1f} s, done; "
        time.sleep(max(0.0, begun + _SLOW_S - time.monotonic()))
    found.over = time.monotonic()
    found.said = rig.service.said("the disk does not answer", begun) or ""
    return found


def _why_no_tracing() -> str | None:
    return None if os.geteuid() == 0 else "only root may trace a process that is not its child"


FAULTS = (
    Fault("killed", "kill -9 at any moment", "started again", _killed),
    Fault(
        "killed-starting",
        "kill -9 thrice, twice of it at any moment of a start",
        "started again",
        _killed_while_it_starts,
    ),
    Fault("stopped", "SIGSTOP of the process, which has run for a while", "a missed beat: started anew", _stopped),
    *(_hung(name) for name in ("wake", "loop", *_IN_A_TURN)),
    Fault(
        "slow-disk",
        "the thread of the database stands still for 15 s, by ptrace",
        "lamps are switched meanwhile",
        _slow_disk,
        why_not=_why_no_tracing,
        needs_message="disk does not answer",
    ),
)
