"""Each convention on a real mosquitto: found, read, commanded and believed, away and back, renamed, removed."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiomqtt
import anyio
import anyio.abc
import pytest

from edge.devices import Command, Confirmation, Value, Verb
from edge.home.demo import Address
from edge.home.house import MqttHouse
from tests.brokers import Mosquitto, client_on, house_on
from tests.houses_mqtt import PAYLOADS
from tests.unit.home.test_homie import DESCRIPTION, attributes
from tests.unit.home.test_homie import LAMP as HOMIE_LAMP
from tests.unit.home.test_shelly import METERED, PREFIX, SWITCH, SYS
from tests.unit.home.test_tasmota import MAC, config

pytestmark = pytest.mark.anyio

Published = list[tuple[str, Any]]


@dataclass
class Simulated:
    """A device: what it announces and keeps, and what it says when it is told something."""

    id: str
    announce: Published
    heard: tuple[str, ...]
    """What it listens to."""
    obey: Callable[[str, str], Published]
    """Topic and payload → what it publishes then, not retained."""
    away: Published
    back: Published
    rename: Published
    renamed: str
    remove: Published
    at_first: str | None = None
    change: Mapping[str, Value] = field(default_factory=lambda: {"state": Verb.ON})
    shows: str = "on"


def zigbee() -> Simulated:
    listed = json.loads((PAYLOADS / "zigbee2mqtt_devices.json").read_text(encoding="utf-8"))
    lamp = listed[2]
    state = {"state": "OFF", "brightness": 100}

    def obey(topic: str, payload: str) -> Published:
        if topic.endswith("/set"):
            state.update(json.loads(payload))
        return [("zigbee2mqtt/hall/lamp", state)]

    return Simulated(
        "light.hall_lamp",
        [("zigbee2mqtt/bridge/devices", listed), ("zigbee2mqtt/bridge/groups", []),
         ("zigbee2mqtt/bridge/state", {"state": "online"})],
        ("zigbee2mqtt/hall/lamp/set", "zigbee2mqtt/hall/lamp/get"),
        obey,
        [("zigbee2mqtt/hall/lamp/availability", {"state": "offline"})],
        [("zigbee2mqtt/hall/lamp/availability", {"state": "online"})],
        [("zigbee2mqtt/bridge/devices", [{**lamp, "friendly_name": "attic lamp"}])],
        "attic lamp",
        [("zigbee2mqtt/bridge/devices", [])],
        "off",
        {"state": Verb.ON, "brightness": 40},
    )  # fmt: skip


def tasmota() -> Simulated:
    power = {"POWER": "OFF"}

    def obey(topic: str, payload: str) -> Published:
        if topic.endswith("/POWER1"):
            power["POWER"] = payload
            return [("stat/desk/RESULT", power), ("stat/desk/POWER", payload)]
        return [("stat/desk/RESULT", {"Uptime": "0T00:10:00", **power})]

    return Simulated(
        "switch.desk_plug",
        [(f"tasmota/discovery/{MAC}/config", config()), ("tele/desk/LWT", "Online")],
        ("cmnd/desk/+",),
        obey,
        [("tele/desk/LWT", "Offline")],
        [("tele/desk/LWT", "Online")],
        [(f"tasmota/discovery/{MAC}/config", config(fn=["Kettle"]))],
        "Kettle",
        [(f"tasmota/discovery/{MAC}/config", "")],
        "off",
    )


def shelly() -> Simulated:
    names, status = {"name": "Cellar"}, {"switch:0": dict(METERED)}

    def obey(topic: str, payload: str) -> Published:
        if topic == "rename":
            names["name"] = payload
            return []
        asked = json.loads(payload)
        reply = f"{asked['src']}/rpc"
        frame = {"id": asked["id"], "src": PREFIX, "dst": asked["src"]}
        match asked["method"]:
            case "Shelly.GetConfig":
                system = {**SYS, "device": {**SYS["device"], **names}}
                return [(reply, {**frame, "result": {"sys": system, "switch:0": SWITCH}})]
            case "Shelly.GetStatus":
                return [(reply, {**frame, "result": status})]
        said = {"id": 0, "output": asked["params"]["on"], "source": "MQTT"}
        status["switch:0"].update(said)
        notice = {
            "src": PREFIX,
            "dst": f"{PREFIX}/events",
            "method": "NotifyStatus",
            "params": {"ts": 1.0, "switch:0": said},
        }
        return [(reply, {**frame, "result": {"was_on": False}}), (f"{PREFIX}/events/rpc", notice)]

    events = {"events": [{"component": "sys", "event": "config_changed", "cfg_rev": 12, "ts": 1.0}]}
    return Simulated(
        "switch.cellar",
        [(f"{PREFIX}/online", "true")],
        (f"{PREFIX}/rpc",),
        obey,
        [(f"{PREFIX}/online", "false")],
        [(f"{PREFIX}/online", "true")],
        [("rename", "Attic"), (f"{PREFIX}/events/rpc", {"src": PREFIX, "method": "NotifyEvent", "params": events})],
        "Attic",
        [(f"{PREFIX}/online", "")],
        "off",
    )


def homie4() -> Simulated:
    base = "homie/dev/node"

    def obey(topic: str, payload: str) -> Published:
        return [(topic.removesuffix("/set"), payload)]

    return Simulated(
        "light.attic",
        [
            *((one.topic, one.payload.decode()) for one in attributes("Attic", {"node": HOMIE_LAMP})),
            (f"{base}/power", "false"),
        ],
        (f"{base}/+/set",),
        obey,
        [("homie/dev/$state", "lost")],
        [("homie/dev/$state", "ready")],
        [("homie/dev/$name", "Cellar")],
        "Cellar",
        [("homie/dev/$homie", "")],
        "off",
        {"state": Verb.ON, "brightness": 20},
    )


def homie5() -> Simulated:
    def obey(topic: str, payload: str) -> Published:
        return [(topic.removesuffix("/set"), payload)]

    base = "homie/5/living"
    return Simulated(
        "light.living_room_lamp",
        [(f"{base}/$state", "ready"), (f"{base}/$description", DESCRIPTION), (f"{base}/lamp/on", "false")],
        (f"{base}/+/+/set",),
        obey,
        [(f"{base}/$state", "disconnected")],
        [(f"{base}/$state", "ready")],
        [(f"{base}/$description", {**DESCRIPTION, "name": "Den"})],
        "Den Lamp",
        [(f"{base}/$description", "")],
        "off",
        {"state": Verb.ON, "color": (255, 0, 0)},
    )


def esphome() -> Simulated:
    device = {"ids": "a4cf12f03c55", "name": "Workshop", "cns": [["mac", "a4cf12f03c55"]]}
    payload = {"name": "", "stat_t": "workshop/switch/relay/state", "cmd_t": "workshop/switch/relay/command",
               "avty_t": "workshop/status", "uniq_id": "a4cf12f03c55-switch-0a1b2c3d", "dev": device}  # fmt: skip
    topic = "homeassistant/switch/workshop/relay/config"
    renamed = {**payload, "dev": {**device, "name": "Forge"}}
    return Simulated(
        "switch.workshop",
        [(topic, payload), ("workshop/status", "online"), ("workshop/switch/relay/state", "OFF")],
        ("workshop/switch/relay/command",),
        lambda _, said: [("workshop/switch/relay/state", said)],
        [("workshop/status", "offline")],
        [("workshop/status", "online")],
        [(topic, renamed)],
        "Forge",
        [(topic, "")],
        "off",
    )


DEVICES = {
    "zigbee2mqtt": zigbee,
    "tasmota": tasmota,
    "shelly": shelly,
    "homie 4": homie4,
    "homie 5": homie5,
    "esphome": esphome,
}


def text(payload: Any) -> str:
    return payload if isinstance(payload, str) else json.dumps(payload)


async def say(client: aiomqtt.Client, published: Published, device: Simulated | None = None) -> None:
    """Publish and keep; ``rename`` is no topic but the device's own affair."""
    for topic, payload in published:
        if topic == "rename" and device is not None:
            device.obey(topic, payload)
        else:
            await client.publish(topic, text(payload), qos=1, retain="/events/" not in topic)


@asynccontextmanager
async def living(address: Address, device: Simulated) -> AsyncIterator[aiomqtt.Client]:
    """The device at work."""

    async def work() -> None:
        async for message in client.messages:
            payload = message.payload.decode() if isinstance(message.payload, bytes) else ""
            for topic, said in device.obey(message.topic.value, payload):
                await client.publish(topic, text(said), qos=1)

    async with client_on(address) as client:
        for wanted in device.heard:
            await client.subscribe(wanted, qos=1)
        await say(client, device.announce)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
            yield client
            tasks.cancel_scope.cancel()


async def until(condition: Callable[[], object], what: str, timeout_s: float = 30.0) -> None:
    """Wait for ``condition()`` to become true."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"{what} within {timeout_s} s"
        await anyio.sleep(0.01)


def ids(house: MqttHouse) -> set[str]:
    return {device.id for device in house.devices()}


@pytest.mark.parametrize("convention", DEVICES)
async def test_a_device_of_each_convention(convention: str, running: Mosquitto) -> None:
    device = DEVICES[convention]()
    async with living(running.address, device) as client, house_on(running.address) as house:
        await until(lambda: device.id in ids(house), "found")
        await until(lambda: house.state(device.id).value == device.at_first, "its state known")
        (report,) = await house.command([Command(device.id, device.change)], 30.0)
        assert report.confirmation is Confirmation.CONFIRMED
        assert house.state(device.id).value == device.shows
        await say(client, device.away)
        await until(lambda: not house.state(device.id).available, "away")
        (report,) = await house.command([Command(device.id, {"state": Verb.OFF})], 30.0)
        assert report.confirmation is Confirmation.UNAVAILABLE
        await say(client, device.back)
        await until(lambda: house.state(device.id).available, "back")
        await say(client, device.rename, device)
        await until(lambda: device.renamed in {one.name for one in house.devices()}, "renamed")
        assert device.id not in ids(house)
        await say(client, device.remove)
        await until(lambda: device.renamed not in {one.name for one in house.devices()}, "removed")


@pytest.mark.parametrize("convention", DEVICES)
async def test_a_device_that_only_takes_a_command_has_not_obeyed(convention: str, running: Mosquitto) -> None:
    """It is there, and a Shelly even answers: nothing of that is its own word that it is on."""
    device = DEVICES[convention]()
    obey = device.obey

    def stubborn(topic: str, payload: str) -> Published:
        asked = json.loads(payload) if payload.startswith("{") else {}
        if topic.endswith(("/get", "/STATE")) or str(asked.get("method")).startswith("Shelly."):
            return obey(topic, payload)
        return [(f"{asked['src']}/rpc", {"id": 0, "src": "x", "result": {"was_on": False}})] if "src" in asked else []

    device.obey = stubborn
    async with living(running.address, device), house_on(running.address) as house:
        await until(lambda: device.id in ids(house) and house.state(device.id).value == device.at_first, "known")
        (report,) = await house.command([Command(device.id, {"state": Verb.ON})], 1.5)
        assert report.confirmation in (Confirmation.UNCONFIRMED, Confirmation.FAILED)


# -- away -------------------------------------------------------------------------------------------------------------


class Line:
    """A connection to the broker that can be cut, while the broker goes on."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self.whole = True
        self._scopes: list[anyio.CancelScope] = []

    async def relay(self, client: anyio.abc.SocketStream) -> None:
        async with client:
            if not self.whole:
                return
            broker = await anyio.connect_tcp(self._address.host, self._address.port)
            async with broker, anyio.create_task_group() as tasks:
                self._scopes.append(tasks.cancel_scope)
                tasks.start_soon(self._pump, client, broker, tasks.cancel_scope)
                tasks.start_soon(self._pump, broker, client, tasks.cancel_scope)

    async def _pump(
        self, source: anyio.abc.SocketStream, sink: anyio.abc.SocketStream, scope: anyio.CancelScope
    ) -> None:
        try:
            async for chunk in source:
                await sink.send(chunk)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass
        scope.cancel()

    def cut(self) -> None:
        """End all connections and let none be made."""
        self.whole = False
        for scope in self._scopes:
            scope.cancel()
        self._scopes.clear()


@asynccontextmanager
async def line_to(address: Address) -> AsyncIterator[tuple[Line, Address]]:
    line = Line(address)
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, line.relay)
        yield line, Address("127.0.0.1", port)
        tasks.cancel_scope.cancel()
    await listener.aclose()


async def disconnected(
    running: Mosquitto, before: list[Simulated], meanwhile: Callable[[aiomqtt.Client], Awaitable[None]]
) -> tuple[set[str], set[str]]:
    """Ids of the devices before a disconnection and after it, once everything has been read again."""
    async with line_to(running.address) as (line, address), client_on(running.address) as client:
        for device in before:
            await say(client, device.announce)
        async with house_on(address) as house:
            found = ids(house)
            # The mark by which we know the broker's memory is kept after all has been read.
            async with client_on(running.address) as watcher:
                await watcher.subscribe("hearthside/home/memory")
                await anext(aiter(watcher.messages))
            line.cut()
            await until(lambda: not house.online, "its loss noticed")
            await meanwhile(client)
            line.whole = True
            await until(lambda: house.online, "connected again")
            await house.settled(30)
            return found, ids(house)


@pytest.mark.parametrize("convention", ["zigbee2mqtt", "tasmota", "homie 4", "homie 5", "esphome"])
async def test_a_device_removed_while_we_were_away_is_gone(convention: str, running: Mosquitto) -> None:
    gone = DEVICES[convention]()
    stays = tasmota() if convention != "tasmota" else esphome()

    async def remove(client: aiomqtt.Client) -> None:
        await say(client, [(topic, "") for topic, _ in gone.announce])

    before, after = await disconnected(running, [gone, stays], remove)
    assert {gone.id, stays.id} <= before
    assert gone.id not in after
    assert stays.id in after


async def test_a_broker_that_has_forgotten_everything_has_not_removed_anything(running: Mosquitto) -> None:
    async with client_on(running.address) as client:
        await say(client, tasmota().announce)
        async with house_on(running.address) as house:
            assert ids(house) == {"switch.desk_plug"}
            running.stop()
            await until(lambda: not house.online, "its loss noticed")
            running.start()
            await until(lambda: house.online, "connected again")
            await house.settled(30)
            assert ids(house) == {"switch.desk_plug"}
        client._disconnected.cancel()


@pytest.mark.parametrize("convention", ["zigbee2mqtt", "esphome"])
async def test_one_that_joins_later_hears_what_the_others_know(convention: str, running: Mosquitto) -> None:
    """It shares an availability topic with them, to which nobody subscribes a second time: it once stayed away."""
    device = DEVICES[convention]()
    async with client_on(running.address) as client, house_on(running.address) as house:
        await say(client, device.announce)
        await until(lambda: device.id in ids(house) and house.state(device.id).available, "the first is there")
        before = ids(house)
        if convention == "zigbee2mqtt":
            listed = [*device.announce[0][1], {**device.announce[0][1][3], "ieee_address": "0x00158d00000000ff"}]
            await say(client, [(device.announce[0][0], listed)])
        else:
            other = {**device.announce[0][1], "uniq_id": "second", "name": "Second", "stat_t": "a", "cmd_t": "b"}
            await say(client, [("homeassistant/switch/workshop/second/config", other)])
        await until(lambda: ids(house) > before, "the second is found")
        (late, *_) = sorted(one for one in ids(house) - before if one.startswith("switch"))
        await until(lambda: house.state(late).available, "the second is there")


# -- many -------------------------------------------------------------------------------------------------------------


async def test_a_thousand_zigbee_devices(running: Mosquitto, record_property: Callable[[str, object], None]) -> None:
    listed = json.loads((PAYLOADS / "zigbee2mqtt_devices.json").read_text(encoding="utf-8"))
    models = [entry for entry in listed if entry.get("definition") and not entry["disabled"]]
    many = [
        {
            **models[number % len(models)],
            "ieee_address": f"0x00158d{number:010x}",
            "friendly_name": f"room/thing {number}",
        }
        for number in range(1000)
    ]
    async with client_on(running.address) as client:
        await say(client, [("zigbee2mqtt/bridge/state", "online"), ("zigbee2mqtt/bridge/devices", many)])
        for number in range(1000):
            await client.publish(f"zigbee2mqtt/room/thing {number}", '{"state": "ON", "battery": 50}', retain=True)
        await client.publish("end", "", qos=1)
    begun, worked = time.monotonic(), time.process_time()
    async with house_on(running.address, 60) as house:
        took, used = time.monotonic() - begun, time.process_time() - worked
        lamps = [device.id for device in house.devices() if device.domain == "light"]
        assert len({device.name for device in house.devices()}) > 1000
        assert all(house.state(lamp).value == "on" for lamp in lamps)
    record_property("settled_s", took)
    record_property("processor_s", used)
    print(f"{len(models)} models, {took:.2f} s, processor {used:.2f} s")
    assert used < 3.0, "processor time, which others on the machine don't add to"
