"""From a sentence to the device's own word and back into words, for appliances on a real mosquitto."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import anyio
import pytest

import edge.act.skills.home
from edge.act.skills.home import Home
from edge.home.broker import Broker
from edge.home.house import MqttHouse
from edge.intents import Origin
from edge.speak.wording import Wording
from edge.understand.grammar import Grammar
from tests.brokers import mosquitto

pytestmark = pytest.mark.anyio

ANNOUNCED: dict[str, tuple[str, dict[str, Any]]] = {
    "tower": ("fan", {
        "name": "Tower Fan", "cmd_t": "tower/set", "stat_t": "tower", "pr_mode_cmd_t": "tower/p/set", "pr_mode_stat_t": "tower/p",
        "pr_modes": ["turbo", "deep_sleep"], "osc_cmd_t": "tower/o/set", "osc_stat_t": "tower/o",
    }),
    "strip": ("light", {
        "name": "Strip", "schema": "json", "cmd_t": "strip/set", "stat_t": "strip", "effect": True, "fx_list": ["party"], "sup_clrm": ["rgb"],
    }),
    "panel": ("alarm_control_panel", {"name": "Perimeter", "cmd_t": "panel/set", "stat_t": "panel"}),
    "vault": ("alarm_control_panel", {"name": "Vault", "cmd_t": "vault/set", "stat_t": "vault", "code": "REMOTE_CODE"}),
    "tank": ("water_heater", {
        "name": "Tank", "mode_cmd_t": "tank/m/set", "mode_stat_t": "tank/m", "modes": ["off", "eco"], "temp_cmd_t": "tank/t/set", "temp_stat_t": "tank/t",
    }),
    "siren": ("siren", {"name": "Howler", "cmd_t": "siren/set", "stat_t": "siren"}),
    "plug": ("switch", {"name": "Plug", "cmd_t": "plug/set", "stat_t": "plug"}),
    "firmware": ("update", {"name": "Plug Firmware", "stat_t": "firmware", "cmd_t": "firmware/set", "pl_inst": "go"}),
    "display": ("text", {"name": "Display", "cmd_t": "display/set", "stat_t": "display"}),
}  # fmt: skip
AT_FIRST = {
    "tower": "OFF", "tower/p": "None", "tower/o": "oscillate_off", "strip": '{"state": "OFF"}', "panel": "disarmed", "vault": "armed_away",
    "tank/m": "eco", "tank/t": "45", "siren": "OFF", "plug": "OFF", "firmware": '{"installed_version": "1.0", "latest_version": "1.1"}', "display": "",
}  # fmt: skip
SAYS = {
    ("panel", "ARM_AWAY"): "armed_away", ("panel", "ARM_NIGHT"): "armed_night", ("panel", "DISARM"): "disarmed",
    ("firmware", "go"): '{"installed_version": "1.0", "latest_version": "1.1", "in_progress": true}',
}  # fmt: skip
"""What a device says when it is told something; all others repeat what they are told."""


@pytest.fixture
def port() -> Iterator[int]:
    with mosquitto() as broker:
        yield broker.address.port


@asynccontextmanager
async def appliances(port: int) -> AsyncIterator[None]:
    async def obey(client: aiomqtt.Client) -> None:
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            topic, said = message.topic.value.removesuffix("/set"), message.payload.decode()
            await client.publish(topic, SAYS.get((topic, said), said), qos=1, retain=True)

    async with aiomqtt.Client("127.0.0.1", port) as client, anyio.create_task_group() as tasks:
        await client.subscribe([("+/set", 1), ("+/+/set", 1)])
        for name, (component, payload) in ANNOUNCED.items():
            announced = json.dumps({**payload, "uniq_id": name})
            await client.publish(f"homeassistant/{component}/{name}/config", announced, qos=1, retain=True)
        for topic, said in AT_FIRST.items():
            await client.publish(topic, said, qos=1, retain=True)
        tasks.start_soon(obey, client)
        yield
        tasks.cancel_scope.cancel()


async def test_they_do_as_they_are_told_and_the_answer_is_theirs(port: int) -> None:
    conversation = [
        ("set the tower fan to turbo", "Tower Fan is set to turbo."),
        ("make the tower fan oscillate", "Tower Fan is swinging."),
        ("start the party effect", "Strip is playing party."),
        ("is perimeter armed", "No, Perimeter is disarmed."),
        ("arm perimeter for the night", "Perimeter is armed for the night."),
        ("is perimeter armed", "Yes, Perimeter is armed night."),
        ("disarm perimeter", "Perimeter is disarmed."),
        ("disarm vault", "Vault wants a code for that, which I don't have."),
        ("set the water heater to 50", "Tank is set to 50 degrees."),
        ("set the water heater to 95", "Tank goes from 43.3 to 60."),
        ("sound the siren for 10 seconds", "Howler is on."),
        ("silence the siren", "Howler is off."),
        ("is there an update for the plug", "Plug Firmware is due for an update to 1.1."),
        ("update the plug", "Plug Firmware is installing the update."),
        ("type hello on the display", "Display is showing the new text."),
    ]
    wording = Wording("en", [Path(edge.act.skills.home.__file__).parent / "phrases"])
    async with appliances(port), MqttHouse(Broker(host="127.0.0.1", port=port)) as house:
        await house.settled(60)
        grammar, home = Grammar(house, "en", Home.intents), Home(house, 30.0)
        answers = []
        for text, _ in conversation:
            found = grammar.understand(text, Origin("test"))
            assert found is not None, text
            answers.append((text, wording.say((await home.run(found.intent, Origin("test"))).say)))
    assert answers == conversation
