"""When systemd is given its beat, and when it is not."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import numpy as np
import pytest

from cloud_sync.notify import beat_s, tell_systemd
from edge.audio.ring import Ring
from edge.chunk import CHUNK_SAMPLES, CHUNK_SECONDS, AudioChunk
from edge.engine_thread import EngineThread, Work, judge_by, work_in_hand
from edge.watchdog import BUILD_LIMIT_S, LIMITS_S, USUAL_LIMIT_S, keep_watch, stuck, watched_loop


class Blocked:
    """An engine that comes back only when it is let."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def work(self) -> None:
        self.go_on.wait()

    def close(self) -> None: ...


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Its socket; it watches, with three beats in 300 ms."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(tmp_path / "notify"))
        notify.settimeout(30)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "300000")
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        yield notify


async def told(systemd: socket.socket) -> str:
    return (await anyio.to_thread.run_sync(systemd.recv, 200)).decode()


# -- what counts as stuck --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("work", "is_stuck"),
    [
        (Work("wake", False, 2.9), False),
        (Work("wake", False, 3.1), True),
        (Work("stt", False, 59.0), False),
        (Work("stt", False, 61.0), True),
        (Work("llm", False, LIMITS_S["stt"] + 1), False),
        (Work("panel-hid", False, USUAL_LIMIT_S - 1), False),
        (Work("panel-hid", False, USUAL_LIMIT_S + 1), True),
        (Work("wake", True, USUAL_LIMIT_S + 1), False),
        (Work("wake", True, BUILD_LIMIT_S + 1), True),
    ],
)
def test_each_engine_has_its_time(work: Work, is_stuck: bool) -> None:
    assert (stuck([Work("vad", False, 0.1), work]) is work) is is_stuck


def test_nothing_in_hand_is_not_stuck() -> None:
    assert stuck([]) is None


# -- what the threads tell -------------------------------------------------------------------------------------------


def of(engine: str) -> list[Work]:
    return [work for work in work_in_hand() if work.name == engine]


@pytest.mark.anyio
async def test_a_thread_tells_what_it_is_at_and_nothing_while_it_waits() -> None:
    async with EngineThread("busy", Blocked) as thread:
        await thread.ready()
        while of("busy"):  # the future is done a moment before the job's end
            await anyio.sleep(0.001)
        engine = await thread.call(lambda engine: engine)
        at_it = thread.submit(Blocked.work)
        while not (works := of("busy")) or works[0].for_s < 0.05:
            await anyio.sleep(0.001)
        assert not works[0].builds
        engine.go_on.set()
        await at_it
    assert of("busy") == []


@pytest.mark.anyio
async def test_loading_is_told_as_such() -> None:
    loads = threading.Event()

    def build() -> Blocked:
        loads.wait()
        return Blocked()

    async with EngineThread("slow", build) as thread:
        while not (works := of("slow")):
            await anyio.sleep(0.001)
        assert works[0].builds
        loads.set()
        await thread.ready()


@pytest.mark.anyio
async def test_a_job_that_follows_its_input_is_judged_by_that() -> None:
    async with EngineThread("follows", Blocked) as thread:
        engine = await thread.call(lambda engine: engine)

        def follow(engine: Blocked) -> None:
            judge_by(lambda: 7.0)
            engine.work()

        at_it = thread.submit(follow)
        while not (works := of("follows")) or works[0].for_s != 7.0:
            await anyio.sleep(0.001)
        engine.go_on.set()
        await at_it
        later = thread.submit(Blocked.work)
        await later  # it may go on already
    assert works[0] == Work("follows", False, 7.0)


def chunk(number: int) -> AudioChunk:
    return AudioChunk(np.zeros(CHUNK_SAMPLES, np.int16), number * CHUNK_SECONDS)


def test_a_reader_is_behind_only_by_what_came_since_it_took_any() -> None:
    ring = Ring(1.0)
    with ring.reader() as reader:
        assert reader.passed_s == 0.0
        for number in range(100):  # more than the ring keeps
            ring.write(chunk(number))
        assert reader.passed_s == pytest.approx(2.0)
        reader.read(None)  # it is late, but it goes on
        assert reader.passed_s == 0.0
        ring.cut()  # switched off: nothing comes, however long
        assert reader.passed_s == 0.0


# -- what systemd is told --------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_beats_come_while_all_goes_on_and_words_when_they_change(systemd: socket.socket) -> None:
    words = iter(["listening", "listening", "the microphone is gone"])
    last = ""

    def status() -> str:
        nonlocal last
        last = next(words, last)
        return last

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keep_watch, status)
        heard = [await told(systemd) for _ in range(7)]
        tasks.cancel_scope.cancel()
    assert heard[:2] == ["STATUS=listening", "WATCHDOG=1"]
    assert [each for each in heard if each.startswith("STATUS")] == [
        "STATUS=listening",
        "STATUS=the microphone is gone",
    ]
    assert heard.count("WATCHDOG=1") == 5


@pytest.mark.anyio
async def test_a_stuck_engine_ends_the_beats_and_asks_for_a_restart(systemd: socket.socket) -> None:
    async with EngineThread("hangs", Blocked) as thread:
        engine = await thread.call(lambda engine: engine)
        at_it = thread.submit(Blocked.work)
        await keep_watch(lambda: "listening", {"hangs": 0.3})
        engine.go_on.set()
        await at_it
    heard = []
    while not heard or heard[-1] != "WATCHDOG=trigger":
        heard.append(await told(systemd))
    assert heard[0] == "STATUS=listening"
    assert "WATCHDOG=1" in heard  # until then it was only slow
    assert heard[-2] == "STATUS=the engine 'hangs' is stuck since 0 s"
    systemd.setblocking(False)
    with pytest.raises(BlockingIOError):
        systemd.recv(200)


@pytest.mark.anyio
async def test_a_loop_that_hangs_gives_no_beat(systemd: socket.socket) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keep_watch, lambda: "listening")
        while await told(systemd) != "WATCHDOG=1":
            pass
        systemd.setblocking(False)
        time.sleep(0.5)  # noqa: ASYNC251  # the loop hangs, for longer than systemd would wait
        with pytest.raises(BlockingIOError):
            systemd.recv(200)
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("usec", "pid", "expected"),
    [("30000000", "", 10.0), ("30000000", "1", None), ("", "", None), ("0", "", None), ("soon", "", None)],
)
def test_when_systemd_watches(usec: str, pid: str, expected: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.setenv("WATCHDOG_PID", pid)
    assert beat_s() == expected


def test_what_systemd_cannot_take_is_lost_and_the_next_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "notify"
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    tell_systemd("STATUS=there is none")
    monkeypatch.setenv("NOTIFY_SOCKET", str(path))
    tell_systemd("STATUS=it is not there yet")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as before:
        before.bind(str(path))
    tell_systemd("STATUS=it is gone")
    path.unlink()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(path))
        notify.settimeout(30)
        tell_systemd("READY=1")
        assert notify.recv(200) == b"READY=1"


def test_a_service_manager_that_does_not_read_is_not_waited_for(systemd: socket.socket) -> None:
    for _ in range(1_000):
        tell_systemd("WATCHDOG=1")
    assert systemd.recv(200) == b"WATCHDOG=1"


@pytest.mark.anyio
async def test_a_thread_that_does_not_come_for_its_next_job_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Blocked()
    async with EngineThread[Blocked]("late", lambda: engine) as thread:
        await thread.ready()
        # It stands still before it takes anything, as one that a tracer stops.
        monkeypatch.setattr(thread._jobs, "get", lambda: engine.go_on.wait() and None)
        for _ in range(2):  # the first is taken by the call that waits already
            pending = thread.submit(Blocked.close)
        begun = time.monotonic()
        while not (there := [work for work in work_in_hand() if work.name == "late"]):
            assert time.monotonic() - begun < 30
            await anyio.sleep(0.01)
        assert 0 < there[0].for_s < time.monotonic() - begun + 1
        assert not there[0].builds
        pending.cancel()
        engine.go_on.set()


# -- the loop itself -------------------------------------------------------------------------------------------------


def _told_of_the_loop(systemd: socket.socket, hold: Callable[[], None]) -> list[str]:
    """What systemd was told by the time that ``hold`` returned to the loop."""
    with watched_loop(limit_s=1.0) as turned:
        turned()
        hold()
    systemd.setblocking(False)
    heard = []
    try:
        while True:
            heard.append(systemd.recv(200).decode())
    except BlockingIOError:
        return heard


def test_a_loop_that_stands_still_asks_for_a_restart(systemd: socket.socket) -> None:
    heard = _told_of_the_loop(systemd, lambda: time.sleep(4.0))
    assert [each.partition(" since")[0] for each in heard] == ["STATUS=the event loop is stuck", "WATCHDOG=trigger"]


def test_a_loop_that_computes_for_long_is_left_to_systemd_s_own_limit(systemd: socket.socket) -> None:
    def compute() -> None:
        spent = time.thread_time()
        begun = time.monotonic()
        while time.monotonic() - begun < 2.5 or time.thread_time() - spent < 0.2:
            sum(range(20_000))

    assert _told_of_the_loop(systemd, compute) == []
