"""``/v1/restart``: a real `hearth run` begins anew in its place."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import anyio.lowlevel
import anyio.to_thread
import httpx
import pytest

from edge.intents import Phrase
from edge.ports import RingingEnd, Silenced
from edge.settings import load
from tests.brokers import Mosquitto, free_port
from tests.web.conftest import Served
from tests.web.test_settings import FILE

pytestmark = pytest.mark.anyio

HEARTH = Path(sys.executable).with_name("hearth")


@contextmanager
def run(file: Path, notify: Path) -> Iterator[subprocess.Popen[bytes]]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HEARTH_") or "MODELS" in name}
    process = subprocess.Popen(
        [HEARTH, "run", "--config", file],
        env={**environ, "NOTIFY_SOCKET": str(notify), "WATCHDOG_USEC": "60000000"},
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def test_it_begins_anew_under_the_same_number_with_what_is_written(broker: Mosquitto, tmp_path: Path) -> None:
    file, port = tmp_path / "hearthside.toml", free_port()
    text = FILE.format(data=tmp_path / "data", host=broker.address.host, port=broker.address.port, more="")
    file.write_text(text.replace("[api]\nport = 0", f'[api]\nport = {port}\n[audio]\ninput = "none"\noutput = "none"'))
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(str(tmp_path / "notify"))
    notify.settimeout(120)
    with notify, run(file, tmp_path / "notify") as process:

        async def told() -> bytes:
            """The next change of state; how it is, and that it lives, is told besides."""
            while True:
                said = await anyio.to_thread.run_sync(notify.recv, 200)
                if not said.startswith((b"STATUS=", b"WATCHDOG=1")):
                    return said

        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            assert [await told(), await told()] == [b"READY=1", b"WATCHDOG_USEC=60000000"]
            changed = await client.patch("/v1/settings", json={"changes": {"area": "Hall"}})
            assert changed.json()["after_restart"] == ["area"]
            begun = await client.post("/v1/restart")
            assert begun.status_code == 202
            assert await told() == b"WATCHDOG_USEC=300000000", "while it begins there is no beat"
            assert (await told()).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
            with anyio.fail_after(180):
                assert [await told(), await told()] == [b"READY=1", b"WATCHDOG_USEC=60000000"]
            assert process.poll() is None
            settings = (await client.get("/v1/settings")).json()["settings"]
            assert [each["value"] for each in settings if each["key"] == "area"] == ["Hall"]
            assert [each["key"] for each in settings if each["waits"]] == []
            # A file that it could not start from is not started from.
            file.write_text(file.read_text() + "\n[wake]\nthreshold = 7\n")
            refused = await client.post("/v1/restart")
            assert (refused.status_code, refused.json()["code"]) == (400, "settings")
            assert "wake.threshold" in refused.json()["detail"]
        process.send_signal(signal.SIGTERM)
        assert await anyio.to_thread.run_sync(process.wait, 120) == 0
        assert await told() == b"STOPPING=1"


async def test_it_waits_until_nothing_rings(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "hearthside.toml"
    file.write_text("")
    served.assistant.settings._file = load(file).file
    begun = anyio.Event()
    served.assistant.begin_anew = begun.set

    async def over(_: Silenced) -> None:
        return

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(served.assistant.announcer.ring, Phrase("nothing"), over)
        while served.assistant.announcer.ringing is None:
            await anyio.lowlevel.checkpoint()
        answers: list[int] = []

        async def restart() -> None:
            answers.append((await served.client.post("/v1/restart", timeout=120)).status_code)

        tasks.start_soon(restart)
        await served.client.get("/v1/settings")
        assert not begun.is_set()
        with served.assistant._floor.turn():
            await served.assistant.announcer.silence(Silenced(RingingEnd.STOPPED))
            await served.client.get("/v1/settings")
            assert not begun.is_set()
        await begun.wait()
    assert answers == [202]
