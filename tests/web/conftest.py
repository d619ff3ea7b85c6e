"""A running assistant with its page and API, a real broker and a simulated house."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from edge.api.web.server import Console, serve_console
from edge.app import assistant
from edge.assistant import Assistant
from edge.audio.speaker import WavSink
from edge.home.demo import SimulatedHome
from edge.sections import ApiSettings, MqttSettings, UnderstandSettings
from edge.settings import Settings
from tests.brokers import Mosquitto, mosquitto


@dataclass
class Served:
    """What a test needs."""

    assistant: Assistant
    home: SimulatedHome
    broker: Mosquitto
    address: str
    """``http://127.0.0.1:PORT``"""
    client: httpx.AsyncClient
    """Of that address."""
    console: Console


@pytest.fixture
def broker() -> Iterator[Mosquitto]:
    with mosquitto() as running:
        yield running


@pytest.fixture
def confirm_s() -> float:
    """How long a device has to show that it did what it was told: long, for a busy machine, as it does so in
    milliseconds. A test of one that never does has its own by ``parametrize``.
    """
    return 30.0


@pytest.fixture
def settings(broker: Mosquitto, tmp_path: Path, confirm_s: float) -> Settings:
    """A test module that needs others has a fixture of this name of its own."""
    return Settings(
        data_dir=tmp_path,
        api=ApiSettings(port=0, tls_port=0),
        mqtt=MqttSettings(host=broker.address.host, port=broker.address.port, confirm_s=confirm_s),
        understand=UnderstandSettings(llm="none", semantic=False),
    )


@pytest.fixture
async def served(settings: Settings, broker: Mosquitto) -> AsyncIterator[Served]:
    """No sound comes in but by network, and no model is loaded."""
    async with (
        SimulatedHome(broker.address) as home,
        assistant(settings, hears=False, sink=None) as running,
        serve_console(running) as console,
        httpx.AsyncClient(base_url=console.address, timeout=60) as client,
    ):
        await running.house.settled(60)
        yield Served(running, home, broker, console.address.rstrip("/"), client, console)


@pytest.fixture
async def speaking(settings: Settings, broker: Mosquitto, tmp_path: Path) -> AsyncIterator[Served]:
    """Like ``served``, with ears and a voice: what :mod:`tests.sounds` says makes real turns, answers go to a folder."""
    understands = settings.understand.model_copy(update={"semantic": True})
    async with (
        SimulatedHome(broker.address) as home,
        assistant(
            settings.model_copy(update={"understand": understands}), hears=True, sink=WavSink(tmp_path / "answers")
        ) as running,
        serve_console(running) as console,
        httpx.AsyncClient(base_url=console.address, timeout=60) as client,
    ):
        await running.house.settled(60)
        await running.ready()
        yield Served(running, home, broker, console.address.rstrip("/"), client, console)
