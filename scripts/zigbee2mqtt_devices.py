"""zigbee2mqtt for real: how much of its device database is understood, and a house run by the program itself.

    python scripts/zigbee2mqtt_devices.py [--folder DIRECTORY] [--run]

Installs zigbee2mqtt from npm into ``--folder`` (default: a temporary one; node 20 or later), writes ``bridge/devices``
with every model of its database and reads that list as the assistant does. With ``--run`` also starts zigbee2mqtt on a
mosquitto, with a radio that answers for three devices (``zigbee2mqtt_radio.js``), and finds, commands, renames and
removes them. Takes a few minutes, most of it npm's.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import anyio
from pydantic import ValidationError

from edge.devices import Command, Verb
from edge.home.broker import Broker
from edge.home.house import MqttHouse
from edge.home.zigbee2mqtt_exposes import parts
from edge.home.zigbee2mqtt_lists import Listed
from edge.home.zigbee2mqtt_part import NotUsed

_HERE = Path(__file__).parent
_STARTS_S = 60.0
_LAMP, _PLUG, _SENSOR = (f"0x00158d000000000{number}" for number in (1, 2, 3))


def install(folder: Path) -> None:
    """zigbee2mqtt and its device database, unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "node_modules" / "zigbee2mqtt").is_dir():
        # Scripts of the packages build drivers of radios, which are not needed.
        command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        subprocess.run([*command, "zigbee2mqtt", "zigbee-herdsman-converters"], cwd=folder, check=True)
    for name in ("zigbee2mqtt", "zigbee-herdsman-converters"):
        described = json.loads((folder / "node_modules" / name / "package.json").read_text())
        print(f"{name} {described['version']}")


def database(folder: Path) -> list[Any]:
    """``bridge/devices`` with every model."""
    script = _HERE / "zigbee2mqtt_payload.js"
    done = subprocess.run(["node", str(script)], cwd=folder, check=True, capture_output=True)
    print(done.stderr.decode().strip().splitlines()[-1])
    listed: list[Any] = json.loads(done.stdout)
    print(f"{len(done.stdout) / 1e6:.1f} MB of bridge/devices")
    return listed


def count(listed: list[Any]) -> None:
    """Print what is understood of each list entry, what not, and why."""
    kinds: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    refused = mute = exposes = 0
    begun = time.process_time()
    for raw in listed:
        try:
            device = Listed.model_validate(raw)
        except ValidationError:
            refused += 1
            continue
        if device.definition is None:
            continue
        used = 0
        for expose, part in zip(device.definition.exposes, parts(device.definition.exposes), strict=True):
            exposes += 1
            if isinstance(part, NotUsed):
                reasons[f"{part}" if expose.type != "composite" else f"composite {expose.name}"] += 1
            else:
                used += 1
                kinds[part.domain] += 1
        mute += not used
    took = time.process_time() - begun
    print(f"{len(listed) - 1} models, {refused} refused, {mute} without anything to say or do; {took:.2f} s")
    print(f"{exposes} exposes, {sum(kinds.values())} used: {dict(kinds.most_common())}")
    print(f"{sum(reasons.values())} not used: {dict(reasons.most_common(14))}")


# -- the program itself -----------------------------------------------------------------------------------------------


def _row(number: int, ieee: str, model: str, maker: str, clusters: list[int], kind: str = "Router") -> dict[str, Any]:
    """A row of zigbee-herdsman's database: a device that has joined."""
    endpoint = {"profId": 260, "epId": 1, "devId": 257, "inClusterList": clusters, "outClusterList": [], "clusters": {},
                "binds": [], "configuredReportings": [], "meta": {}}  # fmt: skip
    return {"id": number, "type": kind, "ieeeAddr": ieee, "nwkAddr": 100 * (number > 1) + number, "manufName": maker,
            "modelId": model, "epList": [1], "endpoints": {"1": endpoint}, "interviewState": "SUCCESSFUL",
            "powerSource": "Mains (single phase)", "meta": {}}  # fmt: skip


def configure(data: Path, port: int) -> None:
    """Three devices that have joined before, Home Assistant's discovery on as well."""
    rows = [
        {**_row(1, "0x00124b0000000000", "", "", [], "Coordinator"), "nwkAddr": 0},
        _row(2, _LAMP, "TRADFRI bulb E27 WS opal 980lm", "IKEA of Sweden", [0, 3, 4, 5, 6, 8, 768]),
        _row(3, _PLUG, "SP 120", "innr", [0, 3, 4, 5, 6, 1794, 2820]),
        _row(4, _SENSOR, "lumi.weather", "LUMI", [0, 3, 1026, 1029, 1027], "EndDevice"),
    ]
    (data / "database.db").write_text("\n".join(map(json.dumps, rows)))
    names = {_LAMP: "hall/lamp", _PLUG: "kettle plug", _SENSOR: "cellar"}
    settings = {
        "version": 5,
        "mqtt": {"server": f"mqtt://127.0.0.1:{port}", "base_topic": "zigbee2mqtt"},
        "serial": {"port": "/dev/null", "adapter": "zstack"},
        "homeassistant": {"enabled": True},
        "availability": {"enabled": True},
        "frontend": {"enabled": False},
        "advanced": {
            "network_key": list(range(16)), "pan_id": 6754, "ext_pan_id": [221] * 8, "log_output": ["console"],
            "last_seen": "ISO_8601",
        },
        "devices": {ieee: {"friendly_name": name} for ieee, name in names.items()},
    }  # fmt: skip
    # YAML is a superset of JSON.
    (data / "configuration.yaml").write_text(json.dumps(settings))


@contextmanager
def running(command: list[str], **how: Any) -> Iterator[None]:
    """A program that ends with this block."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **how)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


async def until(condition: Callable[[], object], what: str) -> None:
    """Wait for ``condition()``. Raises TimeoutError, which says ``what`` was waited for."""
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > _STARTS_S:
            raise TimeoutError(what)
        await anyio.sleep(0.02)
    print(f"  {what}: {time.monotonic() - begun:.2f} s")


async def visit(port: int) -> None:
    """Find, command, rename and remove the devices of a running zigbee2mqtt."""

    async def tell(device: str, **change: Any) -> None:
        (report,) = await house.command([Command(device, change)], 5.0)
        print(f"  {device} {change}: {report.confirmation}, {report.ms} ms, {dict(report.state.attributes)}")

    async def ask(request: str, **body: Any) -> None:
        await client.publish(f"zigbee2mqtt/bridge/request/{request}", json.dumps(body), qos=1)

    def ids() -> set[str]:
        return {device.id for device in house.devices()}

    def sources() -> set[str]:
        return {device.source for device in house.devices()}

    async with (
        aiomqtt.Client("127.0.0.1", port) as client,
        MqttHouse(Broker(host="127.0.0.1", port=port), site="test") as house,
    ):
        await until(lambda: "light.hall_lamp" in ids(), "zigbee2mqtt started, its devices found")
        await until(lambda: house.state("light.hall_lamp").available, "the lamp is there")
        await until(lambda: house.state("light.hall_lamp").value, "asked, the lamp has told its state")
        await client.subscribe(f"homeassistant/light/{_LAMP}/light/config")
        with anyio.fail_after(_STARTS_S):
            await anext(aiter(client.messages))
        await house.settled(5)
        await until(lambda: sources() == {"zigbee2mqtt"}, "announced twice, listed once")
        await tell("light.hall_lamp", state=Verb.ON, brightness=40)
        await tell("light.hall_lamp", color_temperature=2700)
        await tell("light.hall_lamp", state=Verb.OFF)
        await tell("switch.kettle_plug", state=Verb.ON)
        await ask("group/add", friendly_name="evening", id=7)
        await ask("group/members/add", group="evening", device="hall/lamp")
        await until(lambda: "light.evening" in ids(), "a group made")
        await until(lambda: house.state("light.evening").available, "the group is there")
        await tell("light.evening", state=Verb.ON)
        await ask("device/rename", **{"from": "hall/lamp", "to": "attic lamp", "homeassistant_rename": True})
        await until(lambda: "light.attic_lamp" in ids() and "light.hall_lamp" not in ids(), "renamed")
        await until(lambda: house.state("light.attic_lamp").available, "there under its new name")
        await tell("light.attic_lamp", state=Verb.ON)
        await ask("device/remove", id="kettle plug", force=True)
        await until(lambda: "switch.kettle_plug" not in ids(), "removed")
        await until(lambda: sources() == {"zigbee2mqtt"}, "and nothing is left of it")


def run(folder: Path) -> None:
    """The scene with the program itself."""
    from tests.brokers import mosquitto

    with tempfile.TemporaryDirectory() as data, mosquitto() as broker:
        port = broker.address.port
        configure(Path(data), port)
        command = ["node", "-r", str(_HERE / "zigbee2mqtt_radio.js"), "node_modules/zigbee2mqtt/index.js"]
        with running(command, cwd=folder, env={**os.environ, "ZIGBEE2MQTT_DATA": data}):
            anyio.run(visit, port)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="How much of zigbee2mqtt's device database is understood.")
    parser.add_argument("--folder", type=Path, help="where zigbee2mqtt is, or is to be, installed")
    parser.add_argument("--run", action="store_true", help="also run zigbee2mqtt")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        install(folder)
        count(database(folder))
        if options.run:
            run(folder)


if __name__ == "__main__":
    sys.path.insert(0, str(_HERE.parent))
    main()
