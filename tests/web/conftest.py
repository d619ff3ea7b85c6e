"""A running assistant with its page and API, a real broker and a simulated house."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from edge.api.web.server import serve
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


@pytest.fixture
def broker() -> Iterator[Mosquitto]:
    with mosquitto() as running:
        yield running


@pytest.fixture
async def served(broker: Mosquitto, tmp_path: Path) -> AsyncIterator[Served]:
    """No sound comes in but by network, and no model is loaded."""
    settings = Settings(
        data_dir=tmp_path,
        api=ApiSettings(port=0),
        mqtt=MqttSettings(host=broker.address.host, port=broker.address.port, confirm_s=1.0),
        understand=UnderstandSettings(llm="none", semantic=False),
    )
    async with (
        SimulatedHome(broker.address) as home,
        assistant(settings, hears=False, sink=None) as running,
        serve(running) as address,
        httpx.AsyncClient(base_url=address, timeout=30) as client,
    ):
        await running.house.settled(5)
        yield Served(running, home, broker, address.rstrip("/"), client)


@pytest.fixture
async def speaking(broker: Mosquitto, tmp_path: Path) -> AsyncIterator[Served]:
    """Like ``served``, with ears and a voice: ``tests.flow``'s sounds make real turns, answers go to a folder."""
    settings = Settings(
        data_dir=tmp_path,
        api=ApiSettings(port=0),
        mqtt=MqttSettings(host=broker.address.host, port=broker.address.port, confirm_s=1.0),
        understand=UnderstandSettings(llm="none"),
    )
    async with (
        SimulatedHome(broker.address) as home,
        assistant(settings, hears=True, sink=WavSink(tmp_path / "answers")) as running,
        serve(running) as address,
        httpx.AsyncClient(base_url=address, timeout=30) as client,
    ):
        await running.ready()
        await running.house.settled(5)
        yield Served(running, home, broker, address.rstrip("/"), client)
