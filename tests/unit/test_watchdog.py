"""When systemd is given its beat, and when it is not."""

import hashlib
import re
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
from edge.patience import Patience
from edge.watchdog import BUILD_LIMIT_S, LIMITS_S, STILL_LIMIT_S, USUAL_LIMIT_S, keep_watch, stuck


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
        (Work("wake", False, 14.9), False),
        (Work("wake", False, 15.1), True),
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


@pytest.mark.parametrize(
    ("computes", "builds", "for_s", "still_s", "is_stuck"),
    [
        (True, False, 9.0, STILL_LIMIT_S + 0.1, True),
        (True, False, 9.0, STILL_LIMIT_S - 0.1, False),  # it goes on, or waits for a processor
        (True, False, STILL_LIMIT_S - 0.1, 1e6, False),  # it had nothing to do before
        (True, True, 9.0, 9.0, False),
        (False, False, 9.0, 9.0, False),  # it waits for another machine, or for somebody
    ],
)
def test_who_only_computes_must_not_stand_still(
    computes: bool, builds: bool, for_s: float, still_s: float, is_stuck: bool
) -> None:
    work = Work("stt", builds, for_s, computes, thread=7)
    assert (stuck([work], still_s={7: still_s}.__getitem__) is work) is is_stuck


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
    assert works[0] == Work("follows", False, 7.0, computes=True, thread=works[0].thread)


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
        tasks.start_soon(keep_watch, status, LIMITS_S, 0.1)
        heard: list[str] = []
        while heard.count("WATCHDOG=1") < 5 or "STATUS=the microphone is gone" not in heard:
            heard.append(await told(systemd))
        tasks.cancel_scope.cancel()
    assert [each for each in heard if each.startswith("STATUS")] == [
        "STATUS=listening",
        "STATUS=the microphone is gone",
    ]


@pytest.mark.anyio
async def test_a_stuck_engine_ends_the_beats_and_asks_for_a_restart(systemd: socket.socket) -> None:
    limits, heard = {"hangs": 600.0}, list[str]()
    async with EngineThread("hangs", Blocked) as thread:
        engine = await thread.call(lambda engine: engine)
        at_it = thread.submit(Blocked.work)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keep_watch, lambda: "listening", limits)
            while "WATCHDOG=1" not in heard:  # until then it is only slow
                heard.append(await told(systemd))
            limits["hangs"] = 0.0
        engine.go_on.set()
        await at_it
    while heard[-1] != "WATCHDOG=trigger":
        heard.append(await told(systemd))
    assert "STATUS=listening" in heard
    assert re.fullmatch(r"STATUS=the engine 'hangs' is stuck since \d+ s", heard[-2])
    systemd.setblocking(False)
    with pytest.raises(BlockingIOError):
        systemd.recv(200)


class Still(Blocked):
    """Waits for what never comes, though it has nothing to wait for."""

    computes = True


class Busy(Still):
    """Computes until it is told to stop."""

    def work(self) -> None:
        while not self.go_on.is_set():
            hashlib.pbkdf2_hmac("sha256", b"", b"", 20_000)


@pytest.mark.parametrize(("engine", "is_stuck"), [(Still(), True), (Busy(), False), (Blocked(), False)])
@pytest.mark.anyio
async def test_an_engine_that_stands_still_is_told_long_before_one_that_computes(
    systemd: socket.socket, monkeypatch: pytest.MonkeyPatch, engine: Blocked, is_stuck: bool
) -> None:
    monkeypatch.setattr("edge.watchdog.STILL_LIMIT_S", 1.0)
    async with EngineThread[Blocked]("stands", lambda: engine) as thread:
        await thread.ready()
        at_it = thread.submit(lambda engine: engine.work())
        with anyio.move_on_after(60 if is_stuck else 2.0) as patience:
            await keep_watch(lambda: "listening", {"stands": 600.0})
        engine.go_on.set()
        await at_it
    assert patience.cancelled_caught is not is_stuck


@pytest.mark.anyio
async def test_systemd_is_told_how_long_to_wait_and_in_the_end_as_the_unit_says(systemd: socket.socket) -> None:
    class Growing(Patience):
        def seconds(self, now: float, unit_s: float, late_s: float, *, builds: bool) -> float:
            return next(waits)

    waits = iter([0.3, 0.3, 0.1, 0.1, *[0.2] * 1_000])
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keep_watch, lambda: "listening", LIMITS_S, 1.0, Growing(0.1, lambda: False))
        heard: list[str] = []
        while heard.count("WATCHDOG=1") < 8:
            heard.append(await told(systemd))
        tasks.cancel_scope.cancel()
    while "WATCHDOG_USEC=300000" not in heard:
        heard.append(await told(systemd))
    changes = [each for each in heard if each.startswith("WATCHDOG_USEC")]
    assert changes == ["WATCHDOG_USEC=100000", "WATCHDOG_USEC=200000", "WATCHDOG_USEC=300000"]


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


def heard_by(systemd: socket.socket) -> list[str]:
    """What it has been told so far."""
    heard = []
    systemd.setblocking(False)
    try:
        while True:
            heard.append(systemd.recv(200).decode())
    except BlockingIOError:
        return heard


def stand(systemd: socket.socket) -> list[str]:
    systemd.settimeout(60)
    heard = list[str]()
    while "WATCHDOG=trigger" not in heard:
        heard.append(systemd.recv(200).decode())
    return heard


def compute(systemd: socket.socket) -> list[str]:
    spent, begun = time.thread_time(), time.monotonic()
    while time.monotonic() - begun < 2.5 or time.thread_time() - spent < 0.2:
        sum(range(20_000))
    return heard_by(systemd)


def compute_until_told(systemd: socket.socket) -> list[str]:
    begun, heard = time.monotonic(), list[str]()
    while "WATCHDOG=trigger" not in heard and time.monotonic() - begun < 60:
        sum(range(20_000))
        heard += heard_by(systemd)
    return heard


@pytest.mark.parametrize(
    ("hold", "unit_s", "is_stuck"), [(stand, 60, True), (compute, 60, False), (compute_until_told, 2, True)]
)
@pytest.mark.anyio
async def test_a_loop_that_stands_still_is_told_soon_and_one_that_computes_when_systemd_would_lose_patience(
    systemd: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
    hold: Callable[[socket.socket], list[str]],
    unit_s: int,
    is_stuck: bool,
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", str(unit_s * 1_000_000))
    monkeypatch.setattr("edge.watchdog.STILL_LIMIT_S", 1.0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keep_watch, lambda: "listening")
        while await told(systemd) != "WATCHDOG=1":
            pass
        heard_by(systemd)
        heard = hold(systemd)
        tasks.cancel_scope.cancel()
    last = [each.partition(" since")[0] for each in heard[-2:]]
    assert (last == ["STATUS=the event loop is stuck", "WATCHDOG=trigger"]) is is_stuck


@pytest.mark.anyio
async def test_a_loop_that_has_nothing_to_do_is_not_stuck_however_rarely_it_is_looked_at(
    systemd: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """hearth-sync, which looks twice a minute, was started anew every few seconds."""
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")
    monkeypatch.setattr("edge.watchdog.STILL_LIMIT_S", 0.3)
    with anyio.move_on_after(1.5):
        await keep_watch(lambda: "linked", every_s=1.0)
    assert "WATCHDOG=trigger" not in heard_by(systemd)
