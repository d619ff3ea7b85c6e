"""A small house for trying things: simulated devices that know nothing but MQTT, and a broker to put them on."""

import json
import logging
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, TypeAlias

import aiomqtt
import anyio

from edge.home.broker import NO_DELAY

_log = logging.getLogger(__name__)

# Home Assistant before 2024.5 takes supported_color_modes only together with color_mode.
_DIMMER = {"schema": "json", "color_mode": True, "brightness": True, "supported_color_modes": ["brightness"]}
_COLOR = {"schema": "json", "color_mode": True, "brightness": True, "supported_color_modes": ["rgb"]}
_PLAIN = {"schema": "json", "color_mode": True, "supported_color_modes": ["onoff"]}
_SPEED = {"percentage_command_topic": "~/set/percentage", "percentage_state_topic": "~/percentage"}
_BLIND = {"device_class": "blind", "position_topic": "~/position", "set_position_topic": "~/set/position"}
_CELSIUS = {"device_class": "temperature", "unit_of_measurement": "°C"}

Announced: TypeAlias = tuple[str, str, str, str | None, dict[str, Any], str]
"""Component, object id, name, room, what it announces besides, what it says at first."""

DEVICES: Final[tuple[Announced, ...]] = (
    ("light", "kitchen_light", "Kitchen Light", "Kitchen", _COLOR, "OFF"),
    ("light", "living_room_lamp", "Living Room Lamp", "Living Room", _DIMMER, "OFF"),
    ("light", "bedroom_light", "Bedroom Light", "Bedroom", _PLAIN, "OFF"),
    ("switch", "hallway_plug", "Hallway Plug", "Hallway", {}, "OFF"),
    ("fan", "bedroom_fan", "Bedroom Fan", "Bedroom", _SPEED, "OFF"),
    ("cover", "blinds", "Blinds", "Living Room", _BLIND, "closed"),
    ("lock", "front_door", "Front Door", "Hallway", {}, "LOCKED"),
    ("climate", "thermostat", "Thermostat", "Living Room", {}, "heat"),
    ("sensor", "outdoor_temperature", "Outdoor Temperature", None, _CELSIUS, "12.5"),
    ("binary_sensor", "back_door", "Back Door", "Kitchen", {"device_class": "door"}, "OFF"),
    ("scene", "movie_night", "Movie Night", None, {}, ""),
)


@dataclass(slots=True)
class Behaviour:
    """How a simulated device misbehaves."""

    silent: bool = False
    """It obeys but says nothing."""
    delay_s: float = 0.0
    """It says so only after a while."""
    stuck: bool = False
    """It says its old state, whatever it is told."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker listens."""

    host: str
    port: int


@dataclass(slots=True)
class _Device:
    component: str
    state: dict[str, Any]
    behaviour: Behaviour = field(default_factory=Behaviour)
    commands: list[tuple[str, str]] = field(default_factory=list)


class SimulatedHome:
    """The devices, on any broker. An async context manager."""

    def __init__(self, address: Address, devices: Sequence[Announced] = DEVICES) -> None:
        self._announced = devices
        self._client = aiomqtt.Client(
            address.host, address.port, protocol=aiomqtt.ProtocolVersion.V311, socket_options=[NO_DELAY]
        )
        self._devices = {name: _Device(kind, {"state": state}) for kind, name, _, _, _, state in devices}
        self._tasks = anyio.create_task_group()

    async def __aenter__(self) -> "SimulatedHome":
        await self._client.__aenter__()
        await self._client.subscribe("demo/+/set/#", qos=1)
        for component, name, title, area, extra, _ in self._announced:
            await self._announce(component, name, title, area, extra)
            await self._say(name)
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._obey)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tasks.cancel_scope.cancel()
        await self._tasks.__aexit__(kind, error, trace)
        try:
            await self._client.__aexit__(None, None, None)
        except aiomqtt.MqttError:
            _log.debug("the broker went before its devices")

    def behave(self, name: str, behaviour: Behaviour) -> None:
        """From now on the device of that object id behaves so."""
        self._devices[name].behaviour = behaviour

    def state(self, name: str) -> dict[str, Any]:
        """What the device really is, whatever it says."""
        return self._devices[name].state

    def commands(self, name: str) -> list[tuple[str, str]]:
        """What it was told: topic below its own, payload."""
        return self._devices[name].commands

    async def leave(self, name: str) -> None:
        """The device says that it is away."""
        await self._client.publish(f"demo/{name}/availability", "offline", qos=1, retain=True)

    async def _announce(self, component: str, name: str, title: str, area: str | None, extra: dict[str, Any]) -> None:
        config = {
            "name": None,
            "unique_id": f"demo_{name}",
            "object_id": name,
            "~": f"demo/{name}",
            "availability_topic": "~/availability",
            "device": {"identifiers": [name], "name": title, **({"suggested_area": area} if area else {})},
            **extra,
        }
        if component == "climate":
            config |= {
                "mode_command_topic": "~/set/mode",
                "mode_state_topic": "~/state",
                "modes": ["off", "heat", "cool"],
                "temperature_command_topic": "~/set/temperature",
                "temperature_state_topic": "~/temperature",
                "current_temperature_topic": "~/current_temperature",
            }
            self._devices[name].state |= {"temperature": 20.0, "current_temperature": 19.5}
        else:
            config |= {"state_topic": "~/state"} if component != "scene" else {}
            config |= {"command_topic": "~/set"} if component not in ("sensor", "binary_sensor") else {}
        await self._client.publish(f"demo/{name}/availability", "online", qos=1, retain=True)
        await self._client.publish(f"homeassistant/{component}/{name}/config", json.dumps(config), qos=1, retain=True)

    async def _obey(self) -> None:
        async for message in self._client.messages:
            _, name, _, *part = message.topic.value.split("/")
            payload = message.payload.decode() if isinstance(message.payload, bytes) else ""
            device = self._devices[name]
            device.commands.append(("/".join(part), payload))
            before = dict(device.state)
            _apply(device.component, device.state, part[0] if part else "", payload)
            self._tasks.start_soon(self._answer, name, before if device.behaviour.stuck else None)

    async def _answer(self, name: str, old: dict[str, Any] | None) -> None:
        behaviour = self._devices[name].behaviour
        await anyio.sleep(behaviour.delay_s)
        if not behaviour.silent:
            await self._say(name, old)

    async def _say(self, name: str, state: dict[str, Any] | None = None) -> None:
        device = self._devices[name]
        said = state or device.state
        if device.component == "light":
            await self._publish(name, "state", json.dumps(said))
        elif device.component != "scene":
            await self._publish(name, "state", str(said["state"]))
        for key in ("percentage", "position", "temperature", "current_temperature"):
            if key in said:
                await self._publish(name, key, str(said[key]))

    async def _publish(self, name: str, key: str, payload: str) -> None:
        await self._client.publish(f"demo/{name}/{key}", payload, qos=1, retain=True)


def _apply(component: str, state: dict[str, Any], part: str, payload: str) -> None:
    """What a device of that component does when it is told so."""
    match component, part:
        case "light", _:
            state |= json.loads(payload)
        case "fan", "percentage":
            state |= {"percentage": int(payload), "state": "ON" if int(payload) else "OFF"}
        case "cover", "position":
            state |= {"position": int(payload), "state": "open" if int(payload) else "closed"}
        case "cover", _:
            opened = payload == "OPEN"
            state |= {"position": 100 if opened else 0, "state": "open" if opened else "closed"}
        case "lock", _:
            state["state"] = {"LOCK": "LOCKED", "UNLOCK": "UNLOCKED"}[payload]
        case "climate", "temperature":
            state["temperature"] = float(payload)
        case _:
            state["state"] = payload


@asynccontextmanager
async def demo_home() -> AsyncIterator[Address]:
    """The simulated house on an embedded broker of its own. Yields where the broker listens."""
    async with embedded_broker() as address, SimulatedHome(address):
        yield address


@asynccontextmanager
async def embedded_broker() -> AsyncIterator[Address]:
    """An MQTT 3.1.1 broker in this process, on a free port of the loopback interface."""
    from amqtt.broker import Broker as Amqtt

    logging.getLogger("amqtt").setLevel(logging.ERROR)
    logging.getLogger("transitions").setLevel(logging.ERROR)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    broker = Amqtt(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}", "max_connections": 100}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
    )
    await broker.start()
    try:
        yield Address("127.0.0.1", port)
    finally:
        with anyio.move_on_after(1.0, shield=True):
            await broker.shutdown()
