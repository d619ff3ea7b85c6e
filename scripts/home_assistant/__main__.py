"""``python -m scripts.home_assistant``: see scripts/check_home_assistant."""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import anyio

from edge.bench.free_port import free_port
from edge.home.demo import Address, SimulatedHome
from scripts.home_assistant import checks, configured, environment, instance
from scripts.home_assistant.configured import Ports
from scripts.home_assistant.environment import CannotGoOn
from scripts.home_assistant.satellite import satellite

_READY_S: Final = 60.0
_AGAIN_S: Final = 0.1
_LOOPBACK: Final = "127.0.0.1"


def main() -> int:
    """0 when everything was as it should be, 1 when not, 2 when it could not be looked at."""
    parser = argparse.ArgumentParser(description="What a real Home Assistant sees of a real assistant.")
    parser.add_argument("--keep", type=Path, help="folder for everything that is written, kept afterwards")
    asked = parser.parse_args()
    result = 2
    try:
        python = environment.made()
        with _folder(asked.keep) as folder:
            result = anyio.run(_check, python, folder)
    except* CannotGoOn as group:
        leaf: BaseException = group
        while isinstance(leaf, BaseExceptionGroup):
            leaf = leaf.exceptions[0]
        print(f"hearth: {leaf}", file=sys.stderr)
    return result


async def _check(python: Path, folder: Path) -> int:
    ports = Ports(web=free_port(), broker=free_port(), wyoming=free_port(), satellite=free_port())
    broker = Address(_LOOPBACK, ports.broker)
    settings = folder / "home-assistant"
    settings.mkdir()
    token = configured.write(settings, ports)
    begun = time.monotonic()
    with _mosquitto(ports.broker):
        async with (
            SimulatedHome(broker) as home,
            _hearth(folder / "assistant", ports) as assistant,
            satellite(folder / "satellite", ports) as other,
            instance.running(python, settings, ports.web, token) as home_assistant,
        ):
            print(f"Home Assistant {environment.VERSION} runs after {time.monotonic() - begun:.0f} s", flush=True)
            return await checks.run(home_assistant, home, assistant, other)


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True)
        yield kept.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="hearthside-") as folder:
        yield Path(folder)


@contextmanager
def _mosquitto(port: int) -> Iterator[None]:
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if program is None:
        raise CannotGoOn("mosquitto is missing — sudo apt-get install -y mosquitto")
    process = subprocess.Popen([program, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        ends = time.monotonic() + _READY_S
        while time.monotonic() < ends and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex((_LOOPBACK, port)) == 0:
                    break
            time.sleep(_AGAIN_S)
        yield
    finally:
        process.terminate()
        process.wait()


@asynccontextmanager
async def _hearth(data: Path, ports: Ports) -> AsyncIterator[checks.Hearth]:
    """``hearth run`` without sound, its engines served. Raises CannotGoOn."""
    data.mkdir()
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HEARTH_") or "MODELS" in name},
        "HEARTH_DATA_DIR": str(data),
        "HEARTH_MQTT__HOST": _LOOPBACK,
        "HEARTH_MQTT__PORT": str(ports.broker),
        "HEARTH_AUDIO__INPUT": "none",
        "HEARTH_AUDIO__OUTPUT": "none",
        "HEARTH_WYOMING__SERVE": "true",
        "HEARTH_WYOMING__PORT": str(ports.wyoming),
    }
    program, log = str(Path(sys.executable).with_name("hearth")), data / "output.log"
    with log.open("wb") as output:
        process = await anyio.open_process([program, "run"], env=environ, stdout=output, stderr=output)
    try:
        ends = time.monotonic() + _READY_S
        while "ready in" not in log.read_text("utf-8"):
            if process.returncode is not None or time.monotonic() > ends:
                raise CannotGoOn(f"hearth run is not ready: {log.read_text('utf-8')[-200:]}")
            await anyio.sleep(_AGAIN_S)
        yield checks.Hearth(program, environ)
    finally:
        if process.returncode is None:
            process.terminate()
            with anyio.CancelScope(shield=True):
                await process.wait()


if __name__ == "__main__":
    sys.exit(main())
