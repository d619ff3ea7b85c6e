"""Connections of several assistants to one broker."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import anyio

from edge.home.broker import Broker
from edge.home.house import MqttHouse
from edge.ports import Neighbour
from edge.session.neighbours import HouseNeighbours
from tests.brokers import Mosquitto


def at(running: Mosquitto) -> Broker:
    """Where it is."""
    return Broker(host=running.address.host, port=running.address.port)


@dataclass
class Living:
    """One assistant's connection, as far as others notice it."""

    house: MqttHouse
    neighbours: HouseNeighbours


@asynccontextmanager
async def living(
    running: Mosquitto, ident: str, site: str, area: str | None = None, boot: str = "boot", *, answers: bool = True
) -> AsyncIterator[Living]:
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(MqttHouse(at(running), site=site))
        neighbours = HouseNeighbours(house.post, Neighbour(ident, site, area), boot, answers=answers)
        tasks = await stack.enter_async_context(anyio.create_task_group())
        stack.callback(tasks.cancel_scope.cancel)
        await house.settled(30)
        tasks.start_soon(neighbours.serve)
        yield Living(house, neighbours)


async def until(condition: Callable[[], object]) -> None:
    """Returns once it holds."""
    with anyio.fail_after(30):
        while not condition():
            await anyio.sleep(0.01)
