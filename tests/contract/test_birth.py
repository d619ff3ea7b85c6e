"""The birth message on a real mosquitto: said where it is wanted and nobody else's, and nowhere else."""

from contextlib import asynccontextmanager
from typing import Any

import aiomqtt
import anyio
import pytest

from edge.home.broker import Broker
from edge.home.house import MqttHouse
from tests.brokers import Mosquitto

pytestmark = pytest.mark.anyio
STATUS = "homeassistant/status"


@asynccontextmanager
async def spy(running: Mosquitto, heard: list[tuple[bytes, bool]]) -> Any:
    """Listens to the topic from before the house is there."""
    address = running.address

    async def listen(client: aiomqtt.Client) -> None:
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            heard.append((message.payload, bool(message.retain)))

    async with aiomqtt.Client(address.host, address.port) as client, anyio.create_task_group() as tasks:
        await client.subscribe(STATUS, qos=1)
        tasks.start_soon(listen, client)
        yield client
        tasks.cancel_scope.cancel()


async def said(
    running: Mosquitto, *, birth: bool, before: tuple[bytes, bool] | None = None
) -> list[tuple[bytes, bool]]:
    """What is heard on the topic while a house is there, after ``before`` (payload, retained) was published."""
    heard: list[tuple[bytes, bool]] = []
    async with spy(running, heard) as client:
        if before is not None:
            await client.publish(STATUS, before[0], qos=1, retain=before[1])
        house = MqttHouse(Broker(host=running.address.host, port=running.address.port), birth=birth)
        async with house:
            await house.settled(60)
            if birth and before is None:
                with anyio.fail_after(60):
                    while not heard:
                        await anyio.sleep(0.01)
            # Whatever is still to come on this connection has come when the broker has answered twice more.
            await house.settled(60)
            await client.publish(STATUS, "end", qos=1)
            with anyio.fail_after(60):
                while not heard or heard[-1][0] != b"end":
                    await anyio.sleep(0.01)
    return heard[:-1]


async def test_it_is_not_said_unless_it_is_wanted(running: Mosquitto) -> None:
    assert await said(running, birth=False) == []


async def test_it_is_said_once_and_not_retained(running: Mosquitto) -> None:
    assert await said(running, birth=True) == [(b"online", False)]


async def test_it_is_left_to_the_home_assistant_that_is_there(running: Mosquitto) -> None:
    assert await said(running, birth=True, before=(b"online", True)) == [(b"online", False)], "its own alone"


async def test_a_device_that_waits_for_it_is_found(running: Mosquitto) -> None:
    """It announces itself when it hears the message, and does not let the broker keep it."""
    address = running.address

    async def device(client: aiomqtt.Client) -> None:
        async for _ in client.messages:
            payload = '{"name": "Shy Plug", "command_topic": "shy/set"}'
            await client.publish("homeassistant/switch/shy/config", payload, qos=1)

    async with aiomqtt.Client(address.host, address.port) as client, anyio.create_task_group() as tasks:
        await client.subscribe(STATUS, qos=1)
        tasks.start_soon(device, client)
        async with MqttHouse(Broker(host=address.host, port=address.port), birth=True) as house:
            with anyio.fail_after(60):
                while not house.devices():
                    await anyio.sleep(0.01)
            assert [known.name for known in house.devices()] == ["Shy Plug"]
        tasks.cancel_scope.cancel()
