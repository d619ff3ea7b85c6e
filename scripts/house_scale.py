"""What a large house costs: devices found from retained topics, a sentence among them, state changes as they come.

    python scripts/house_scale.py [--devices 1000] [--rate 200] [--seconds 10] [--shared 1]

It starts a mosquitto of its own. ``--shared 4``: four devices each read one topic, as the parts of a Zigbee device do.
Prints one JSON object. Processor time is that of the house alone: the broker and the sender are other processes.
``receiving_us``: what a client costs that takes the same messages and looks at none, in the same minute on the same
machine.
"""

import argparse
import asyncio
import json
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiomqtt
import anyio

from edge.act.skills.home import Home
from edge.home.broker import Broker
from edge.home.house import MqttHouse
from edge.intents import Origin
from edge.understand.grammar import Grammar

ROOMS = [f"Room {number}" for number in range(40)]
THINGS = ("Lamp", "Spot", "Plug", "Heater", "Socket")
SENTENCES = (
    "turn on the {}", "turn off the {}", "is the {} on", "set the {} to 40 percent", "please switch the {} off now",
    "turn on the lights in room 7", "what is the temperature in room 3", "which lights are on",
    "could you make the {} brighter", "turn everything off in room 12",
)  # fmt: skip


def announcement(number: int, shared: int) -> tuple[str, dict[str, Any]]:
    """Component and payload: a third each of plain switches, lamps in JSON, and sensors."""
    kind = ("switch", "light", "sensor")[number % 3]
    topic = f"x/{number // shared}"
    payload: dict[str, Any] = {
        "name": f"{THINGS[number % len(THINGS)]} {number}",
        "unique_id": f"u{number}",
        "stat_t": topic,
        "dev": {"ids": [f"d{number}"], "sa": ROOMS[number % len(ROOMS)]},
    }
    match kind:
        case "switch":
            payload |= {"cmd_t": f"{topic}/set", "val_tpl": "{{ value_json.state }}"}
        case "light":
            payload |= {"cmd_t": f"{topic}/set", "schema": "json", "sup_clrm": ["brightness"]}
        case "sensor":
            payload |= {
                "dev_cla": "temperature",
                "unit_of_meas": "°C",
                "val_tpl": "{{ value_json.temperature | round(1) }}",
            }
    return kind, payload


def state(turn: int) -> str:
    """What a device says: not the same twice."""
    said = {"state": "ON" if turn % 2 else "OFF", "brightness": turn % 255, "temperature": 20 + turn % 50 / 10}
    return json.dumps({**said, "linkquality": turn % 200, "voltage": 3000})


@contextmanager
def mosquitto() -> Iterator[int]:
    """A broker on a free port."""
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with subprocess.Popen([program, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as broker:
        try:
            while True:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.02)
            yield port
        finally:
            broker.terminate()


async def announce(port: int, count: int, shared: int) -> None:
    """Retain all announcements and a first state of each."""
    async with aiomqtt.Client("127.0.0.1", port) as client:
        for number in range(count):
            kind, payload = announcement(number, shared)
            await client.publish(f"homeassistant/{kind}/u{number}/config", json.dumps(payload), qos=0, retain=True)
            await client.publish(f"x/{number // shared}", state(number), qos=0, retain=True)
        await client.publish("x/end", "", qos=1)


async def send(port: int, topics: int, rate: float, seconds: float) -> None:
    """State changes, evenly spread. Runs in a process of its own."""
    async with aiomqtt.Client("127.0.0.1", port) as client:
        print("begun", flush=True)
        begun = time.monotonic()
        for turn in range(round(rate * seconds)):
            await client.publish(f"x/{turn * 7 % topics}", state(turn), qos=0)
            await anyio.sleep(max(0.0, begun + (turn + 1) / rate - time.monotonic()))


def sentence_ms(house: MqttHouse) -> list[float]:
    """Processor time of each sentence, in milliseconds; every one is tried once before it counts."""
    grammar = Grammar(house, "en", Home.intents)
    names = [device.name for device in house.devices() if device.domain == "light"][::20]
    texts = [form.format(name.lower()) for name in names for form in SENTENCES]
    taken = []
    for text in texts:
        grammar.understand(text, Origin("scale"))
        begun = time.process_time()
        grammar.understand(text, Origin("scale"))
        taken.append((time.process_time() - begun) * 1000)
    return taken


async def cost_us(port: int, count: int, rate: float, seconds: float, shared: int) -> float:
    """Processor time of this process for each of the messages that another one sends, in microseconds."""
    arguments = ["--send", str(port), "--devices", str(count), "--shared", str(shared)]
    arguments += ["--rate", str(rate), "--seconds", str(seconds)]
    async with await anyio.open_process([sys.executable, __file__, *arguments]) as sender:
        assert sender.stdout is not None
        await sender.stdout.receive()
        cpu = time.process_time()
        await sender.wait()
        return (time.process_time() - cpu) / (rate * seconds) * 1e6


async def receiving_us(port: int, count: int, rate: float, seconds: float, shared: int) -> float:
    """The same of a client that does nothing with what it gets."""
    async with aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5) as client:
        client._client.on_message = lambda *_: None
        await client.subscribe("x/#")
        return await cost_us(port, count, rate, seconds, shared)


async def figures(port: int, count: int, rate: float, seconds: float, shared: int) -> dict[str, float]:
    """All of them."""
    await announce(port, count, shared)
    begun, cpu = time.monotonic(), time.process_time()
    async with MqttHouse(Broker(host="127.0.0.1", port=port)) as house:
        await house.settled(30)
        found_s, found_cpu_s = time.monotonic() - begun, time.process_time() - cpu
        assert len(house.devices()) == count
        taken = await anyio.to_thread.run_sync(sentence_ms, house)
        each_us = await cost_us(port, count, rate, seconds, shared)
    return {
        "devices": count,
        "discovered_s": round(found_s, 2),
        "discovered_cpu_s": round(found_cpu_s, 2),
        "sentence_cpu_ms_p50": round(statistics.median(taken), 2),
        "sentence_cpu_ms_p95": round(statistics.quantiles(taken, n=20)[-1], 2),
        "change_us": round(each_us),
        "receiving_us": round(await receiving_us(port, count, rate, seconds, shared)),
        "share_of_a_core": round(each_us * rate / 1e6, 4),
    }


def main() -> None:
    """The command."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--devices", type=int, default=1000)
    options.add_argument("--rate", type=float, default=200.0)
    options.add_argument("--seconds", type=float, default=10.0)
    options.add_argument("--shared", type=int, default=1)
    options.add_argument("--send", type=int, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.send is not None:
        asyncio.run(send(chosen.send, chosen.devices // chosen.shared, chosen.rate, chosen.seconds))
        return
    with mosquitto() as port:
        made = figures(port, chosen.devices, chosen.rate, chosen.seconds, chosen.shared)
        print(json.dumps(asyncio.run(made)))


if __name__ == "__main__":
    main()
