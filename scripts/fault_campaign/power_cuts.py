"""Power cuts, at every write of a real assistant: what it asked of the disk is recorded, and played back up to each of
them. Each time the data are opened as the next start would open them.
"""

import json
import random
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge import at_rest
from edge.database import _open as open_file
from edge.errors import AssistantError
from edge.identity import identity
from scripts.fault_campaign.card import Card, Operation
from scripts.fault_campaign.ledger import Ledger, Thing
from scripts.fault_campaign.rig import Rig
from scripts.fault_campaign.traced import operations, tracing
from scripts.fault_campaign.trial import seeded

WHAT: Final = "the power goes before any write of the assistant, from its first start on"
_LIVES: Final = 2
_ASKED: Final = 30
"""Things that are kept in each of its lives."""


@dataclass
class Recording:
    """What was asked of the disk, and what people were told meanwhile."""

    operations: Sequence[Operation]
    told: Sequence[tuple[float, Thing]]
    """When an answer came that said that it is kept: seconds since the epoch."""
    identity: str


@dataclass
class Cuts:
    """What came of them."""

    cuts: int = 0
    syncs: int = 0
    confirmed: int = 0
    wrong: list[str] = field(default_factory=list)
    slowest_open_s: float = 0.0


def campaign(seed: int, rounds: int, report: Path) -> bool:
    """Whether all went well. ``rounds``: how often the power goes at each write, each time with other luck."""
    if shutil.which("strace") is None:
        print("power-cut: not here: strace is not installed", flush=True)
        return True
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        recording = recorded(Path(folder), seed)
    begun = time.monotonic()
    found = replayed(recording, seed, rounds)
    report.mkdir(parents=True, exist_ok=True)
    (report / "power-cuts.json").write_text(json.dumps(vars(found), indent=1) + "\n", "utf-8")
    verdict = "ok" if not found.wrong else f"BROKEN {len(found.wrong)} times: {'; '.join(found.wrong[:5])}"
    print(
        f"power-cut: {found.cuts} cuts at {len(recording.operations)} operations with {found.syncs} syncs and "
        f"{found.confirmed} confirmations, in {time.monotonic() - begun:.0f} s; "
        f"slowest opening {found.slowest_open_s * 1000:.0f} ms: {verdict}",
        flush=True,
    )
    return not found.wrong


def recorded(folder: Path, seed: int) -> Recording:
    """An assistant's first start, things that it is told to keep, a kill -9, another start, and more of them."""
    told: list[tuple[float, Thing]] = []
    rig = Rig(folder, seeded(seed))
    trace = folder / "trace"
    rig.prefix = tracing(trace)
    with rig:
        for _ in range(_LIVES):
            if not rig.is_well():
                raise TimeoutError("it does not start under strace")
            for _ in range(_ASKED):
                before = set(rig.ledger.confirmed)
                rig.residents.keep_something(rig.chance.choice(("list", "timer", "reminder")))
                now = time.time()
                told += [(now, thing) for thing in rig.ledger.confirmed - before]
            rig.service.signal(9)
            rig.service.until(lambda: not rig.service.runs, 10)
        rig.service.hold()
        known = identity(rig.data_dir)
        with trace.open(encoding="ascii") as lines:
            done = list(operations(lines, rig.data_dir))
    return Recording(done, told, known)


def replayed(recording: Recording, seed: int, rounds: int) -> Cuts:
    """The power goes before each operation, ``rounds`` times, and once more only the program dies."""
    found = Cuts(syncs=sum(each.kind == "sync" for each in recording.operations), confirmed=len(recording.told))
    card, chance = Card(), seeded(seed)
    end = [*recording.operations, Operation(float("inf"), "sync", "")]
    with tempfile.TemporaryDirectory(prefix="cuts-", dir=_memory()) as name:
        for number, operation in enumerate(end):
            promised = {thing for at, thing in recording.told if at <= operation.at}
            for luck in (None, *(chance for _ in range(rounds))):
                folder = Path(name) / "data"
                _written(folder, card, luck)
                found.cuts += 1
                begun = time.monotonic()
                wrong = _opened(folder, promised, recording.identity)
                found.slowest_open_s = max(found.slowest_open_s, time.monotonic() - begun)
                found.wrong += [
                    f"before operation {number} ({operation.kind} {operation.path}): {each}" for each in wrong
                ]
            card.take(operation)
    return found


def _written(folder: Path, card: Card, luck: random.Random | None) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in card.cut(luck).items():
        if name.endswith("-shm"):
            continue  # memory that is shared by processes; none is there any more
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _opened(folder: Path, promised: set[Thing], known: str) -> list[str]:
    """As the next start does it. What does not hold, in words."""
    file = folder / at_rest.DATABASE
    try:
        at_rest.prepare(folder)
        open_file(file, checkpoints=True).close()
        now = identity(folder)
        wrong = Ledger(confirmed=promised).broken(folder) if promised else []
    except AssistantError as error:
        return [str(error)]
    if promised and now != known:
        wrong.append("it is another assistant")
    return wrong + [f"set aside: {path.name}" for path in folder.glob("*.damaged-*")]


def _memory() -> str | None:
    shared = Path("/dev/shm")  # noqa: S108  # only this machine's own memory, in a folder of our own
    return str(shared) if shared.is_dir() else None
