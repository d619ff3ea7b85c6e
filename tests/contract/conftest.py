"""What the contracts are tested on."""

from collections.abc import Iterator

import pytest

from tests.brokers import Mosquitto, mosquitto


@pytest.fixture
def running() -> Iterator[Mosquitto]:
    """A broker of its own, which may be stopped and started again."""
    with mosquitto() as broker:
        yield broker
