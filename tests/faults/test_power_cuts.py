"""The power goes before every write that a program asks for, from its first start on: nothing confirmed is lost or
doubled, and no file is in pieces; also while a database of before is encrypted. The whole assistant is recorded by ``scripts/faults --only power-cut``.
"""

import subprocess
import sys
import time
from pathlib import Path

from edge.identity import identity
from scripts.fault_campaign.power_cuts import Recording, replayed
from scripts.fault_campaign.traced import operations, tracing

_PROGRAM = """
import sys, time, anyio
from pathlib import Path
from edge import at_rest
from edge.act.skills.lists.store import ListStore
from edge.database import Database
from edge.identity import identity

async def main(folder):
    at_rest.prepare(folder, encrypt=sys.argv[2] != "first")
    identity(folder)
    async with Database(folder / "hearthside.db") as storage:
        lists = ListStore(storage)
        for n in range(4):
            await lists.add("shopping", [f"{sys.argv[2]} {n}"])
            print(time.time(), f"{sys.argv[2]} {n}", flush=True)

anyio.run(main, Path(sys.argv[1]))
"""


def test_the_power_goes_before_any_write(tmp_path: Path) -> None:
    data_dir, trace = tmp_path / "data", tmp_path / "trace"
    told = []
    for life in ("first", "second"):
        command = [*tracing(trace), sys.executable, "-c", _PROGRAM, str(data_dir), life]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
        told += [(float(line.split()[0]), ("list", line.split(" ", 1)[1])) for line in done.stdout.splitlines()]
        deadline = time.monotonic() + 60
        while not trace.read_text().rstrip().endswith("+++"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    done_on_disk = list(operations(trace.read_text().splitlines(), data_dir))
    found = replayed(Recording(done_on_disk, told, identity(data_dir)), seed=1, rounds=1)
    assert found.wrong == []
    assert (found.confirmed, found.cuts) == (8, 2 * (len(done_on_disk) + 1))
    assert found.syncs >= 8
