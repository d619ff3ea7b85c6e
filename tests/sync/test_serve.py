"""What a bridge does for the devices of a house, over its real socket, on both of its stores."""

import pytest

from cloud_sync.protocol.messages import Nudge
from cloud_sync.server.database import Database
from cloud_sync.server.settings import load
from tests.bridge import Device, bridge, connected, enrol

pytestmark = pytest.mark.anyio


async def test_what_one_tells_reaches_the_other(tmp_path):
    kitchen, hall = Device("h1"), Device("h1")
    async with bridge(tmp_path) as port:
        async with Database(load(None, {"data_dir": tmp_path}).url) as database:
            await enrol(database, kitchen, hall)
        async with connected(port, kitchen) as (first, welcome), connected(port, hall) as (second, _):
            assert (welcome.acked, welcome.house) == (0, "h1")
            *turns, milk = *kitchen.turns(3), kitchen.change("1", name="milk")
            assert (await first.told(*turns, milk)).seq == 4
            assert await second.hear(Nudge) == Nudge(cursor=1)
            page = await second.pulled(0)
            assert [(one.n, one.device, one.clock) for one in page.items] == [(1, kitchen.name, milk.clock)]
            assert page.cursor == 1
        async with connected(port, kitchen, cursor=1, epoch=welcome.epoch) as (_, again):
            assert (again.acked, again.acked_id) == (4, milk.id)
