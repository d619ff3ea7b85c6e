"""A real broker with a simulated house on it."""

import sys
from collections.abc import AsyncIterator, Iterator

import pytest

from edge import plugins
from edge.home.demo import SimulatedHome
from tests.brokers import Mosquitto, mosquitto


@pytest.fixture(autouse=True)
def _patient_skills(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their two to five seconds are for a person who waits: a disk that several tests use may take longer."""
    for name in plugins.names("skills"):
        for each in vars(sys.modules[plugins.load("skills", name).__module__]).values():
            if isinstance(each, type) and isinstance(getattr(each, "deadline_s", None), float):
                monkeypatch.setattr(each, "deadline_s", 60.0)


@pytest.fixture
def broker() -> Iterator[Mosquitto]:
    with mosquitto() as running:
        yield running


@pytest.fixture
async def home(broker: Mosquitto) -> AsyncIterator[SimulatedHome]:
    async with SimulatedHome(broker.address) as devices:
        yield devices
