"""A real broker with a simulated house on it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from edge.home.demo import SimulatedHome
from tests.brokers import Mosquitto, mosquitto


@pytest.fixture
def broker() -> Iterator[Mosquitto]:
    with mosquitto() as running:
        yield running


@pytest.fixture
async def home(broker: Mosquitto) -> AsyncIterator[SimulatedHome]:
    async with SimulatedHome(broker.address) as devices:
        yield devices
