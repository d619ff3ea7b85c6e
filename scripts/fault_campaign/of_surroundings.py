"""What may happen around it: no sound, no broker, another time, little memory, little processor."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from scripts.fault_campaign import cgroups
from scripts.fault_campaign.rig import Rig
from scripts.fault_campaign.trial import Fault, Found

_DAY_S: Final = 86_400
_HOUSE_BACK_S: Final = 20.0


# -- sound ------------------------------------------------------------------------------------------------------------


def _no_sound(rig: Rig) -> Found:
    begun = time.monotonic()
    rig.room.kill()
    wrong = (
        [] if rig.service.until(lambda: "microphone is gone" in rig.service.status, 10) else ["its status is silent"]
    )
    time.sleep(rig.chance.uniform(1.0, 5.0))
    rig.room.start()
    return Found(time.monotonic(), rig.service.status or rig.service.said("microphone", begun) or "", wrong=wrong)


def _frozen_sound(rig: Rig) -> Found:
    begun = time.monotonic()
    rig.room.pulse.freeze()
    rig.service.until(lambda: "microphone is gone" in rig.service.status, 10)
    status = rig.service.status
    time.sleep(rig.chance.uniform(0.0, 4.0))
    rig.room.pulse.thaw()
    return Found(time.monotonic(), status if "gone" in status else rig.service.said("microphone", begun) or "")


# -- the broker -------------------------------------------------------------------------------------------------------


def _no_broker(rig: Rig) -> Found:
    rig.house.broker.stop()
    time.sleep(0.5)
    told = rig.residents.ask("turn on the kitchen light").text
    heard = rig.room.command(rig.service, time.monotonic(), 20)
    time.sleep(rig.chance.uniform(1.0, 6.0))
    rig.house.broker.start()
    over = time.monotonic()
    back = _controllable(rig, over)
    found = Found(over, told)
    if heard is None or heard.outcome != "failed":
        found.wrong.append(f"a spoken command without a broker: {heard.outcome if heard else 'not woken'}")
    if back is None:
        found.wrong.append(f"no device can be commanded {_HOUSE_BACK_S:.0f} s after the broker is back")
    else:
        found.during = f"a device commanded again after {back:.1f} s"
    return found


def _frozen_broker(rig: Rig) -> Found:
    rig.house.broker.freeze()
    told = rig.residents.ask("turn on the kitchen light").text
    time.sleep(rig.chance.uniform(1.0, 6.0))
    rig.house.broker.thaw()
    over = time.monotonic()
    back = _controllable(rig, over)
    wrong = [] if back is not None else [f"no device can be commanded {_HOUSE_BACK_S:.0f} s after the broker is back"]
    return Found(over, told, f"a device commanded again after {back:.1f} s" if back is not None else "", wrong)


def _controllable(rig: Rig, over: float) -> float | None:
    """Seconds until a device is switched and says so."""
    rig.house.is_back(_HOUSE_BACK_S)
    while time.monotonic() - over < _HOUSE_BACK_S:
        if rig.residents.ask("turn on the bedroom fan", 5.0).outcome == "done":
            return time.monotonic() - over
        time.sleep(0.2)
    return None


# -- the clock --------------------------------------------------------------------------------------------------------


def _faketime() -> Path | None:
    return next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


def _clock_by(steps: tuple[int, ...]) -> Callable[[Rig], Found]:
    """The wall clock jumps by so many seconds against the right one, one after the other, and is put right."""

    def inflict(rig: Rig) -> Found:
        library, offset = _faketime(), rig.folder / "clock"
        _show(offset, 0)
        rig.service.hold()
        rig.service.extra = {
            "LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_RESET": "1",
        }  # fmt: skip
        try:
            rig.service.go_on()
            wrong = [] if rig.is_well() else ["it does not start under libfaketime"]
            for step in steps:
                _show(offset, step)
                jumped = time.monotonic()
                if (woken := rig.room.call(rig.service, jumped, 20)) is None:
                    wrong.append(f"deaf after a jump by {step} s")
                rig.residents.keep_something("list")
                time.sleep(rig.chance.uniform(0.5, 2.0))
                wrong += [f"after a jump by {step} s: {each}" for each in rig.ledger.broken(rig.data_dir)]
                assert woken is None or woken > jumped
            _show(offset, 0)
            over = time.monotonic()
            wrong += [] if rig.room.call(rig.service, over, 20) is not None else ["deaf when the clock is right again"]
        finally:
            rig.service.extra = {}
        return Found(over, wrong=wrong)

    return inflict


def _show(file: Path, offset_s: int) -> None:
    part = file.with_suffix(".part")
    part.write_text(f"{offset_s:+d}\n")
    part.replace(file)


_GREEDY: Final = """
import sys, time
taken = []
for _ in range(int(sys.argv[1])):
    taken.append(bytearray(b"x") * (1 << 20))
    time.sleep(0.01)
time.sleep(600)
"""


# -- memory and processor --------------------------------------------------------------------------------------------


@contextmanager
def _in(rig: Rig, controller: str) -> Iterator[cgroups.Group]:
    with cgroups.group(controller) as group:
        rig.service.prefix = group.prefix
        group.take(rig.service.process)
        try:
            yield group
        finally:
            rig.service.prefix = ()


def _little_memory(rig: Rig) -> Found:
    """Somebody beside it takes more and more, until the kernel has to end one of them."""
    rig.service.hold()
    with cgroups.group("memory") as group:
        # Started in the group: only what is allocated there is counted.
        rig.service.prefix = group.prefix
        rig.service.go_on()
        rig.is_well()
        most = group.memory
        group.most_memory(most + (8 << 20))
        share = rig.chance.uniform(0.1, 0.4)
        greedy = [*group.prefix, sys.executable, "-c", _GREEDY, str(round(most * share) >> 20)]
        with subprocess.Popen(greedy, stderr=subprocess.DEVNULL) as beside:
            rig.service.until(lambda: False, rig.chance.uniform(10.0, 20.0))
            beside.kill()
        group.most_memory(None)
        over = time.monotonic()
        killed = group.killed
        woken = rig.room.call(rig.service, over, 60)
        rig.service.prefix = ()
        rig.service.hold()
    rig.service.go_on()
    wrong = [] if woken is not None else ["deaf when there is memory again"]
    heard = f", heard again after {woken - over:.1f} s" if woken is not None else ""
    during = f"{share:.0%} of its {most >> 20} MB taken away, processes ended by the kernel: {killed}{heard}"
    return Found(over, during=during, wrong=wrong)


def _little_processor(share: float, seconds: float) -> Callable[[Rig], Found]:
    def inflict(rig: Rig) -> Found:
        lives, begun = len(rig.service.lives), time.monotonic()
        rig.service.longest_s = 0.0
        with _in(rig, "cpu") as group:
            group.share_of_a_core(share)
            heard = rig.room.command(rig.service, begun, seconds)
            rig.service.until(lambda: False, max(0.0, begun + seconds - time.monotonic()))
            group.share_of_a_core(None)
            over = time.monotonic()
            restarts = len(rig.service.lives) - lives
        wrong = [f"started anew {restarts} times: slow is not stuck"] if restarts else []
        during = f"deaf for {seconds:.0f} s"
        if heard is not None:
            took_s = heard.ended - heard.woken
            during = f"woken after {heard.woken - begun:.1f} s, {heard.outcome or 'no end'} {took_s:.1f} s later"
        during += f", beats at most {rig.service.longest_s:.1f} s apart, waited for {rig.service.waits_s:.0f} s"
        return Found(over, during=during, wrong=wrong)

    return inflict


FAULTS = (
    Fault("no-sound", "the sound server is gone, and comes back", "its status says so", _no_sound,
          needs_message="microphone is gone"),
    Fault("frozen-sound", "the sound server hangs", "its status says so", _frozen_sound, needs_message="microphone"),
    Fault("no-broker", "the broker is gone, and comes back", "refused aloud, never done later; in control again",
          _no_broker, needs_message="can't reach the house"),
    Fault("frozen-broker", "the broker takes connections and does nothing", "nothing is claimed", _frozen_broker,
          needs_message="can't reach|did not answer"),
    Fault("clock", "the wall clock jumps by a day, an hour back, a year back, by ten years, and is put right",
          "hears all the time; timers keep their length", _clock_by((_DAY_S, -3600, -365 * _DAY_S, 3650 * _DAY_S)),
          why_not=lambda: None if _faketime() else "libfaketime is not installed (apt-get install faketime)"),
    Fault("memory", "another program takes 10 to 40 % of the memory that it uses, in a control group without more",
          "started again where the kernel ends it",
          _little_memory, why_not=lambda: cgroups.why_not("memory")),
    Fault("processor", "a tenth of one core for 25 s", "slow is not stuck: it is not started anew",
          _little_processor(0.1, 25.0), why_not=lambda: cgroups.why_not("cpu")),
)  # fmt: skip
