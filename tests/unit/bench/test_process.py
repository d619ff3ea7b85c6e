"""A measured process: its whole tree counts, and nothing of it is left behind."""

import re
import sys
import time
from pathlib import Path

import anyio
import psutil
import pytest

import edge.bench.process as process_module
from edge.bench.errors import UNREADABLE, BenchError, Unreadable
from edge.bench.peers import Peer, install
from edge.bench.process import measured
from edge.bench.wyoming_client import ready
from tests.brokers import free_port

pytestmark = pytest.mark.anyio

_BUSY = "import time\nwhile time.process_time() < 0.4: pass\n"
_STAYING = _BUSY + "held = bytearray(60 << 20)\nprint(1, flush=True)\ntime.sleep(300)"
_PARENT = f"""
import subprocess, sys
held = bytearray(40 << 20)
child = subprocess.Popen([sys.executable, "-c", {_STAYING!r}])
ended = subprocess.run([sys.executable, "-c", {_BUSY!r}])
print(child.pid, flush=True)
sys.stdin.readline()
"""


async def gone(pid: int) -> bool:
    """Ended soon; who inherits an orphan may take its time to bury it."""
    with anyio.move_on_after(20.0):
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            await anyio.sleep(0.01)
        return True
    return False


async def test_children_count_and_end_with_it() -> None:
    async with measured("a tree", [sys.executable, "-c", _PARENT]) as process:
        lines = [await process.line(), await process.line()]
        child = int(max(lines, key=len))
        # 0.4 s each: of the child that runs and of the one that has ended.
        assert 0.75 < process.cpu_s() < 20.0
        assert 100 < process.rss_mb() < 400
        assert process.running
        assert psutil.pid_exists(child)
    assert not process.running
    assert await gone(child)


async def test_cancelling_leaves_nothing_behind() -> None:
    child = 0
    with anyio.move_on_after(60.0) as scope:
        async with measured("a tree", [sys.executable, "-c", _PARENT]) as process:
            child = int(max([await process.line(), await process.line()], key=len))
            scope.cancel()
            await anyio.sleep_forever()
    assert child
    assert await gone(child)


async def test_one_that_will_not_end_is_made_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "_END_S", 0.3)
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    )
    async with measured("a mule", [sys.executable, "-c", stubborn]) as process:
        await process.line()
    assert not process.running


@pytest.mark.parametrize(("code", "kind"), [(1, BenchError), (UNREADABLE, Unreadable)])
async def test_last_words_are_told(code: int, kind: type[BenchError]) -> None:
    dying = f"import sys; print('hearth: no disk left', file=sys.stderr); sys.exit({code})"
    async with measured("the server", [sys.executable, "-c", dying]) as process:
        with pytest.raises(BenchError, match=re.escape("the server ended: no disk left")) as caught:
            await process.line()
        await process.end()
        assert type(process.failure("ended")) is kind
    assert "\n" not in str(caught.value)


async def test_why_a_server_ended_is_known_although_the_event_loop_hears_of_its_end_later() -> None:
    # On a busy machine an engine that cannot read a model ended the whole measuring.
    async with measured("the server", [sys.executable, "-c", f"import sys; sys.exit({UNREADABLE})"]) as process:
        while not dead(process._root):
            time.sleep(0.01)  # noqa: ASYNC251  # the very thing: it hears of nothing
        with pytest.raises(Unreadable):
            await ready(process, free_port())


def dead(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def test_a_program_that_is_not_there() -> None:
    with pytest.raises(BenchError, match=r"a ghost cannot be started"):
        async with measured("a ghost", ["/nowhere/ghost"]):
            pass


async def test_a_peer_that_cannot_be_installed_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    told: list[str] = []
    nobody = Peer("hearthside-has-no-such-peer", "1.0")
    with pytest.raises(BenchError, match=r"installing hearthside-has-no-such-peer failed: .+ — check") as caught:
        await install(tmp_path, told.append, [nobody])
    assert "\n" not in str(caught.value)
    assert told == ["installing hearthside-has-no-such-peer 1.0"]
    assert nobody.python(tmp_path).exists()
    assert not nobody.installed(tmp_path)
