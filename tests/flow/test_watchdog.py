"""The beats that systemd gets from the programs themselves, and what a stuck engine does to them."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest

import edge.app
from edge.app import assistant
from edge.audio.replay import Replay
from edge.audio.ring import Ring
from edge.audio.speaker import WavSink
from edge.engines import wake_engine
from edge.sections import MqttSettings
from edge.settings import Settings
from edge.watchdog import keep_watch
from tests.brokers import Mosquitto
from tests.flow.test_cli import Environment, environ, hearth, running
from tests.sounds import quiet

__all__ = ["environ"]
pytestmark = pytest.mark.anyio
_WATCHED = {"WATCHDOG_USEC": "9000000"}
"""Three beats in nine seconds: on a busy machine the event loop does not answer within one."""


class Systemd:
    """The socket on which it is told."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._socket.settimeout(60)

    async def told(self, *wanted: str) -> list[str]:
        """What it is told up to the time when all of ``wanted`` were among it."""
        heard: list[str] = []
        while not set(wanted) <= set(heard):
            heard.append((await asyncio.to_thread(self._socket.recv, 1000)).decode())
        return heard

    async def quiet_for(self, seconds: float) -> bool:
        """Whether it is told nothing for so long, after what is on its way."""
        self._socket.settimeout(seconds)
        try:
            for _ in range(10):
                await asyncio.to_thread(self._socket.recv, 1000)
        except TimeoutError:
            return True
        return False

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    with contextlib.closing(Systemd(tmp_path)) as here:
        yield here


async def test_the_assistant_is_ready_beats_and_stops(environ: Environment, systemd: Systemd) -> None:
    with running({**environ, **_WATCHED, "NOTIFY_SOCKET": str(systemd.path)}) as process:
        heard = await systemd.told("READY=1", "STATUS=text only", "WATCHDOG=1")
        assert heard[0] == "READY=1"
        assert (await systemd.told("WATCHDOG=1")) == ["WATCHDOG=1"]
        process.send_signal(signal.SIGTERM)
        assert "STOPPING=1" in await systemd.told("STOPPING=1")


async def test_it_says_that_the_broker_is_away(environ: Environment, systemd: Systemd, broker: Mosquitto) -> None:
    with running({**environ, **_WATCHED, "NOTIFY_SOCKET": str(systemd.path)}):
        await systemd.told("STATUS=text only")
        broker.stop()
        await systemd.told(f"STATUS=text only; no broker at {broker.address.host}")
        assert "WATCHDOG=1" in await systemd.told("WATCHDOG=1")


async def test_a_microphone_that_is_not_there_yet_is_waited_for(environ: Environment, systemd: Systemd) -> None:
    lacks = {**environ, **_WATCHED, "HEARTH_AUDIO__INPUT": "no such microphone"}
    alone = await asyncio.to_thread(hearth, lacks, "run")
    assert (alone.returncode, "hearth: there is no microphone" in alone.stderr) == (1, True)
    with running({**lacks, "NOTIFY_SOCKET": str(systemd.path)}):
        gone = "STATUS=the microphone is gone, waiting for it"
        assert "READY=1" in await systemd.told("READY=1", gone, "WATCHDOG=1")
        assert "WATCHDOG=1" in await systemd.told("WATCHDOG=1")


async def test_a_loop_that_hangs_is_a_missed_beat(environ: Environment, systemd: Systemd) -> None:
    with running({**environ, **_WATCHED, "NOTIFY_SOCKET": str(systemd.path)}) as process:
        await systemd.told("WATCHDOG=1")
        process.send_signal(signal.SIGSTOP)
        assert await systemd.quiet_for(4.0)
        # What systemd does then. The stacks of all threads are left in the log.
        process.send_signal(signal.SIGABRT)
        process.send_signal(signal.SIGCONT)
        assert await asyncio.to_thread(process.wait, 60) == -signal.SIGABRT
    log = (Path(environ["HEARTH_DATA_DIR"]) / "log").read_text()
    assert "Fatal Python error: Aborted" in log
    assert "edge/engine_thread.py" in log


class Hanging:
    """A wake engine that never comes back from the moment it is told so."""

    def __init__(self, inner: Any) -> None:
        self._inner, self.hangs, self.go_on = inner, threading.Event(), threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def score(self, pcm: Any) -> Any:
        if self.hangs.is_set():
            self.go_on.wait()
        return self._inner.score(pcm)


async def test_a_wake_engine_that_hangs_while_there_is_sound_asks_for_a_restart(
    broker: Mosquitto, systemd: Systemd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**_WATCHED, "NOTIFY_SOCKET": str(systemd.path)}.items():
        monkeypatch.setenv(name, value)
    engines: list[Hanging] = []

    def build(settings: Settings) -> Hanging:
        engines.append(Hanging(wake_engine(settings)))
        return engines[0]

    monkeypatch.setattr(edge.app, "wake_engine", build)
    settings = Settings(data_dir=tmp_path, mqtt=MqttSettings(host=broker.address.host, port=broker.address.port))
    ring = Ring(5.0)
    async with assistant(settings, hears=True, sink=WavSink(None)) as here:
        await here.listens()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(here.follow, ring)
            tasks.start_soon(keep_watch, lambda: "listening", {"wake": 6.0})
            # It waits without any sound for longer than it may hang: that is no fault of it.
            for _ in range(2):
                assert "WATCHDOG=1" in await systemd.told("WATCHDOG=1")
            async with Replay(np.tile(quiet(1.0), 60), ring, realtime=True):
                for _ in range(2):
                    assert "WATCHDOG=1" in await systemd.told("WATCHDOG=1")
                engines[0].hangs.set()
                heard = await systemd.told("WATCHDOG=trigger")
                assert heard[-2].startswith("STATUS=the engine 'wake' is stuck")
            engines[0].go_on.set()
            tasks.cancel_scope.cancel()


@contextlib.contextmanager
def bridging(folder: Path, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """`hearth-cloud serve`."""
    program = str(Path(sys.executable).with_name("hearth-cloud"))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HEARTH_")}
    told_of = {**kept, **environ, "XDG_CONFIG_HOME": str(folder)}
    process = subprocess.Popen([program, "serve", "--data", str(folder / "cloud"), "--port", "0"], env=told_of)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def test_the_bridge_is_ready_beats_and_stops(systemd: Systemd, tmp_path: Path) -> None:
    with bridging(tmp_path, **_WATCHED, NOTIFY_SOCKET=str(systemd.path)) as bridge:
        assert "WATCHDOG=1" in await systemd.told("READY=1", "WATCHDOG=1")
        assert await systemd.told("WATCHDOG=1") == ["WATCHDOG=1"]
        bridge.send_signal(signal.SIGTERM)
        assert "STOPPING=1" in await systemd.told("STOPPING=1")
        # uvicorn ends by the signal that it was sent; to systemd that is a clean end.
        assert await asyncio.to_thread(bridge.wait, 60) in (0, -signal.SIGTERM)
