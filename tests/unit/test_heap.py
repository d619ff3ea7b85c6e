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


@pytest.mark.anyio
async def test_it_goes_back_once_it_is_still_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    bus, returned = Bus(), anyio.Event()
    monkeypatch.setattr(heap, "return_memory", lambda: anyio.from_thread.run_sync(returned.set))
    monkeypatch.setattr(heap, "_STILL_S", 0.3)
    event = ListeningChanged(turn="", at=0.0, on=True)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(heap.return_memory_when_still, bus)
        await anyio.wait_all_tasks_blocked()
        with anyio.move_on_after(0.5):
            await returned.wait()
        assert not returned.is_set(), "nothing has happened"
        bus.emit(event)
        with anyio.fail_after(10):
            await returned.wait()
        tasks.cancel_scope.cancel()
