"""Messages to and from other programs, on a real broker that goes and comes back."""

import aiomqtt
import anyio
import pytest

from edge.errors import BrokerOffline
from edge.home.broker import Broker
from edge.home.house import MqttHouse
from edge.ports import Taken
from tests.brokers import Mosquitto

pytestmark = pytest.mark.anyio


class Letters:
    """What came in, to be waited for."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self._more = anyio.Event()

    def __call__(self, taken: Taken) -> None:
        self.taken.append(taken)
        self._more.set()

    async def wait_for(self, count: int) -> list[Taken]:
        with anyio.fail_after(30):
            while len(self.taken) < count:
                self._more = anyio.Event()
                await self._more.wait()
        return self.taken


async def test_only_what_is_listened_to_comes_in(running: Mosquitto) -> None:
    heard, others = Letters(), Letters()
    async with MqttHouse(Broker(host=running.address.host, port=running.address.port)) as house:
        await house.settled(30)
        await house.post.listen(["a/+/say", "b"], heard)
        await house.post.listen(["c/#"], others)
        for topic in ("a/1/say", "a/1/shout", "b", "b/c", "c/d/e"):
            await house.post.publish(topic, f"on {topic}")
        await heard.wait_for(2)
        await others.wait_for(1)
    assert [(one.topic, one.payload) for one in heard.taken] == [("a/1/say", b"on a/1/say"), ("b", b"on b")]
    assert [one.topic for one in others.taken] == ["c/d/e"]


async def test_after_a_restart_of_the_broker_it_is_heard_again(running: Mosquitto) -> None:
    heard = Letters()
    async with MqttHouse(Broker(host=running.address.host, port=running.address.port)) as house:
        await house.settled(30)
        await house.post.listen(["a"], heard)
        first = await house.post.next_connection(0)
        running.stop()
        with anyio.fail_after(30):
            while house.post.online:
                await anyio.sleep(0.02)
        with pytest.raises(BrokerOffline):
            await house.post.publish("a", "lost")
        running.start()
        with anyio.fail_after(30):
            assert await house.post.next_connection(first) == first + 1
        await house.post.publish("a", "back")
        await heard.wait_for(1)
    assert [one.payload for one in heard.taken] == [b"back"]


async def test_what_was_retained_is_told_from_news(running: Mosquitto) -> None:
    heard = Letters()
    async with aiomqtt.Client(running.address.host, running.address.port) as other:
        await other.publish("a", "old", qos=1, retain=True)
        async with MqttHouse(Broker(host=running.address.host, port=running.address.port)) as house:
            await house.settled(30)
            await house.post.listen(["a"], heard)
            await heard.wait_for(1)
            await house.post.publish("a", b"\xff\x00", qos=0)
            await heard.wait_for(2)
    assert [(one.payload, one.retained) for one in heard.taken] == [(b"old", True), (b"\xff\x00", False)]
