"""What may happen to what is on the card: no room, no writing, damage."""

import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

import platformdirs

from edge.at_rest import DATABASE
from scripts.fault_campaign.rig import HEARTH, Rig
from scripts.fault_campaign.trial import Fault, Found

_MODEL: Final = "moonshine-tiny-en"
_REFUSED: Final = "can't reach my memory"
_PAGE: Final = 4096


def _without_a_disk(rig: Rig, found: Found) -> None:
    """What must go on where nothing can be written: it hears, switches lamps, refuses what it can't keep; also after it
    was killed.
    """
    refusals = [rig.residents.keep_something(kind) for kind in ("list", "timer", "reminder")]
    found.said = refusals[0].text
    if any(refusal.outcome == "done" for refusal in refusals):
        found.wrong.append("it said that it keeps what it can't")
    for word in ("as it was", "after kill -9"):
        begun = time.monotonic()
        heard = rig.room.command(rig.service, begun, 60)
        if heard is None:
            found.wrong.append(f"deaf, {word}")
        else:
            found.during += f"{word}: woken after {heard.woken - begun:.1f} s, {heard.outcome}; "
        if heard is not None and heard.outcome != "done":
            found.wrong.append(f"a lamp, {word}: {heard.outcome or 'no end'}")
        if word == "as it was":
            rig.service.signal(signal.SIGKILL)


def _full(rig: Rig) -> Found:
    rig.place.fill()
    found = Found(0.0)
    _without_a_disk(rig, found)
    rig.place.clear()
    found.over = time.monotonic()
    return found


def _read_only(rig: Rig) -> Found:
    rig.place.break_down()
    found = Found(0.0)
    _without_a_disk(rig, found)
    rig.residents.end()
    rig.service.hold()
    rig.place.mend()
    found.over = rig.service.go_on()
    return found


def _damaged_database(rig: Rig) -> Found:
    begun = time.monotonic()
    rig.residents.end()
    rig.service.hold()
    file = rig.data_dir / DATABASE
    size = file.stat().st_size
    with file.open("r+b") as db:
        for _ in range(rig.chance.randint(1, 4)):
            db.seek(rig.chance.randrange(max(1, size // _PAGE)) * _PAGE)
            db.write(rig.chance.randbytes(_PAGE))
    over = rig.service.go_on()
    rig.service.until(lambda: rig.service.is_ready, 120)
    said = rig.service.said("is damaged", begun) or ""
    aside = list(rig.data_dir.glob(f"{DATABASE}.damaged-*"))
    if said:
        rig.ledger.begin_anew()
    for each in aside:
        each.unlink()
    return Found(over, said, f"{len(aside)} files set aside", [] if said else ["it did not see the damage"])


def _damaged_model(rig: Rig) -> Found:
    """Begun and ended while it is down; a model is read when it starts."""
    models, begun = rig.folder / "models", time.monotonic()
    _copied(models)
    victim = max((models / _MODEL).iterdir(), key=lambda path: path.stat().st_size)
    with victim.open("r+b") as file:
        # Its head, by which it can't be loaded, or anywhere else, where it only hears worse.
        file.seek(rig.chance.choice((0, rig.chance.randrange(victim.stat().st_size // 2))))
        file.write(rig.chance.randbytes(1 << 16))
    rig.service.hold()
    rig.service.extra = {"HEARTH_MODELS_DIR": str(models)}
    lives = len(rig.service.lives)
    started = rig.service.go_on()
    rig.service.until(lambda: rig.service.is_ready or len(rig.service.lives) > lives + 2, 60)
    wrong = []
    ready = rig.service.is_ready
    if not ready:
        wrong.append(
            f"it does not start: {len(rig.service.lives) - lives} starts in {time.monotonic() - started:.0f} s"
        )
    elif (told := rig.residents.ask("turn on the kitchen light")).outcome != "done":
        wrong.append(f"a written command with a damaged model: {told.outcome} {told.text}")
    looked = subprocess.run(
        [HEARTH, "maintain"], env={**rig.environ(), **rig.service.extra}, capture_output=True, text=True, check=False
    )
    said = looked.stderr.strip().splitlines()[-1] if looked.returncode else ""
    loaded = rig.service.said("not a readable|can't be loaded|cannot be loaded", begun)
    rig.service.hold()
    rig.service.extra = {}
    shutil.rmtree(models)
    return Found(rig.service.go_on(), said, "" if wrong else f"answers in writing; {loaded or 'it loads'}", wrong)


def _copied(models: Path) -> None:
    shutil.rmtree(models, ignore_errors=True)
    models.mkdir()
    for each in (Path(platformdirs.user_data_dir("hearthside")) / "models").iterdir():
        if each.name == _MODEL:
            shutil.copytree(each, models / each.name)
        elif not each.name.startswith("."):
            (models / each.name).symlink_to(each)


FAULTS = (
    Fault("disk-full", "not a byte is free, then there is room again",
          "hears, switches, refuses what it can't keep; starts like that", _full, needs_message=_REFUSED),
    Fault("read-only", "the file system takes no writes any more (ext4, errors=remount-ro); then it is mended",
          "hears, switches, refuses what it can't keep; starts like that", _read_only, needs_message=_REFUSED),
    Fault("damaged-database", "one to four pages of the database are overwritten while it is down",
          "set aside, told in the log, begun anew", _damaged_database, needs_message="is damaged"),
    Fault("damaged-model", f"64 KiB of {_MODEL} are overwritten", "told which, by the nightly look; answers in writing",
          _damaged_model, needs_message="damaged"),
)  # fmt: skip
