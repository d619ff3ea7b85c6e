"""Many clients on the network, and somebody who speaks in the room: nothing of the microphone is lost."""

from pathlib import Path

import anyio
import pytest

from edge.home.demo import SimulatedHome
from scripts.web_load import ROOM, Figures, clients, house, one_round, spoken
from tests.brokers import Mosquitto

pytestmark = pytest.mark.anyio


async def test_fifty_listeners_and_five_talkers_take_nothing_from_the_room(
    broker: Mosquitto, home: SimulatedHome, tmp_path: Path
) -> None:
    figures = Figures()
    # On a busy machine the last of all would be made to wait for minutes.
    async with (
        house(tmp_path, broker.address) as (running, sink, page),
        clients(page, 50, 5, tmp_path, niceness=5) as told,
    ):
        with anyio.fail_after(180):
            while running.clients["events"] < 50 or not told():
                await anyio.sleep(0.1)
        await one_round(running, sink, spoken(ROOM), 3, figures, period_s=9.0)
        assert running.clients["events"] == 50
    assert figures.lost_s == []
    assert (figures.turns, figures.done) == (3, 3)
    assert len(figures.latencies_ms) == 3
