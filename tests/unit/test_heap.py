"""Memory that was freed goes back to the system."""

import subprocess
import sys
from pathlib import Path

import anyio
import anyio.from_thread
import pytest

from edge import heap
from edge.bus import Bus
from edge.events import ListeningChanged

_FREED = """
import re
from edge.heap import return_memory

def resident_mb():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmRSS:\\s+(\\d+)", status.read())[1]) >> 10

import ctypes
library = ctypes.CDLL(None)
library.malloc.restype, library.malloc.argtypes, library.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
library.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
pieces = []
for _ in range(1000):
    pieces.append(library.malloc(60_000))
    library.memset(pieces[-1], 1, 60_000)
last = library.malloc(60_000)  # above them, so that the heap can't shrink by itself
for piece in pieces:
    library.free(piece)
before = resident_mb()
return_memory()
print(before - resident_mb())
"""


def test_what_lies_between_things_in_use_goes_back(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _FREED], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert int(done.stdout) > 40, "of 57 MiB"


_USED = """
import ctypes
from edge.heap import in_use

library = ctypes.CDLL(None)
library.malloc.restype, library.malloc.argtypes, library.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
before = in_use()
pieces = [library.malloc(size) for size in [1000] * 10_000 + [50_000_000]]
meanwhile = in_use()
for piece in pieces:
    library.free(piece)
print(meanwhile - before, in_use() - before)
"""


def test_what_is_in_use_is_known_whatever_is_kept_of_the_freed(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _USED], capture_output=True, text=True, check=True, cwd=tmp_path)
    meanwhile, after = map(int, done.stdout.split())
    assert 60_000_000 <= meanwhile < 61_000_000
    assert abs(after) < 500_000


@pytest.mark.anyio
async def test_it_goes_back_once_it_is_still_and_where_that_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    bus, times = Bus(), list[float]()
    resident, given_back = [500.0], anyio.Event()

    def give_back() -> None:
        times.append(resident[0])
        resident[0] = min(resident[0], 500.0)
        anyio.from_thread.run_sync(given_back.set)

    monkeypatch.setattr(heap, "return_memory", give_back)
    monkeypatch.setattr(heap, "_resident_mb", lambda: resident[0])
    monkeypatch.setattr(heap, "_STILL_S", 0.1)

    async def something_happens(grown_to_mb: float) -> None:
        nonlocal given_back
        resident[0], given_back = grown_to_mb, anyio.Event()
        bus.emit(ListeningChanged(turn="", at=0.0, on=True))
        if grown_to_mb > 532:
            with anyio.fail_after(60):
                await given_back.wait()
        else:
            await anyio.sleep(0.3)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(heap.return_memory_when_still, bus, 32.0)
        await anyio.wait_all_tasks_blocked()
        await anyio.sleep(0.3)
        assert times == [], "nothing has happened"
        await something_happens(560.0)
        await something_happens(531.0)
        assert times == [560.0], "a usual sentence takes 31 MiB and may keep them"
        await something_happens(580.0)
        assert times == [560.0, 580.0]
        tasks.cancel_scope.cancel()
