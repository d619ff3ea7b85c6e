#!/usr/bin/env python3
"""What many clients of ``/v1/events`` cost: turns with and without them, in turns, beside a real broker.

``.venv/bin/python -m scripts.event_clients [--clients 50] [--rounds 6] [--turns 20]``

The assistant runs in this process, with a ticker that sees how long the event loop is away; the clients are in another
one. Each round times written turns without clients and with them. A machine that does other things makes the times
rough: their ratios, and the processor time of this process, say more.
"""

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream
from websockets.asyncio.client import connect

from edge.api.web.server import serve
from edge.app import assistant
from edge.assistant import Assistant
from edge.home.demo import SimulatedHome
from edge.sections import ApiSettings, MqttSettings, UnderstandSettings
from edge.settings import Settings
from tests.brokers import mosquitto

_TICK_S: Final = 0.001
_BETWEEN_S: Final = 0.3
"""Between two turns: nobody says the next sentence before all have seen what came of the last."""
_COMMANDS: Final = ("turn on the kitchen light", "turn off the kitchen light")


async def _listen(address: str, count: int) -> None:
    """Be that many clients; say when all are there; told to stop, say what came."""
    ready, came, gaps, dropped = 0, [0] * count, 0, 0
    all_there = asyncio.Event()

    async def one(number: int) -> None:
        nonlocal ready, gaps, dropped
        async with connect(f"{address}/v1/events?devices=true", compression=None) as socket:
            last = json.loads(await socket.recv())["n"]
            ready += 1
            if ready == count:
                all_there.set()
            async for frame in socket:
                for message in map(json.loads, str(frame).split("\n")):
                    dropped += message.get("count", 0) if message["type"] == "dropped" else 0
                    if "n" in message:
                        gaps += message["n"] - last - 1
                        last = message["n"]
                        came[number] += 1

    tasks = [asyncio.create_task(one(number)) for number in range(count)]
    await all_there.wait()
    print("there", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await asyncio.sleep(0.5)
    print(json.dumps({"events": came, "gaps": gaps, "dropped": dropped}), flush=True)
    for task in tasks:
        task.cancel()


@contextlib.asynccontextmanager
async def _clients(address: str, count: int) -> AsyncIterator[dict[str, Any]]:
    """They are there while the block runs; what came to them is in what it is given, afterwards."""
    told: dict[str, Any] = {}
    command = [sys.executable, "-m", "scripts.event_clients", "--listen", address.rstrip("/"), "--clients", str(count)]
    async with await anyio.open_process(command, stderr=None) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        said = BufferedByteReceiveStream(process.stdout)
        assert await said.receive_until(b"\n", 100) == b"there"
        yield told
        await process.stdin.send(b"\n")
        told.update(json.loads(await said.receive_until(b"\n", 100_000)))


async def _ticker(gaps: list[float]) -> None:
    while True:
        begun = time.perf_counter()
        await asyncio.sleep(_TICK_S)
        gaps.append(time.perf_counter() - begun - _TICK_S)


async def _turns(running: Assistant, count: int) -> tuple[list[float], float, list[float], int]:
    """Milliseconds of each turn, of the processor for each, of the loop's absences; how many events there were."""
    gaps: list[float] = []
    events, ms = 0, []
    ticking = asyncio.create_task(_ticker(gaps))
    processor = time.process_time()
    for number in range(count):
        begun = time.perf_counter()
        events += len(await running.ask(_COMMANDS[number % 2]))
        ms.append((time.perf_counter() - begun) * 1000)
        await asyncio.sleep(_BETWEEN_S)
    processor = (time.process_time() - processor) / count * 1000
    ticking.cancel()
    return ms, processor, [gap * 1000 for gap in gaps], events


async def _measure(clients: int, rounds: int, turns: int) -> None:
    with mosquitto() as broker, tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            data_dir=Path(folder),
            api=ApiSettings(port=0, tls_port=0),
            mqtt=MqttSettings(host=broker.address.host, port=broker.address.port),
            understand=UnderstandSettings(llm="none", semantic=False),
        )
        async with (
            SimulatedHome(broker.address),
            assistant(settings, hears=False, sink=None) as running,
            serve(running) as address,
        ):
            await running.house.settled(10)
            await _turns(running, turns)  # warm
            ratios: list[float] = []
            processor: tuple[list[float], list[float]] = ([], [])
            worst: tuple[list[float], list[float]] = ([], [])
            lost = 0
            for number in range(rounds):
                alone = await _turns(running, turns)
                async with _clients(address.replace("http", "ws"), clients) as told:
                    among = await _turns(running, turns)
                lost += told["gaps"] + told["dropped"] + sum(max(told["events"]) - each for each in told["events"])
                assert min(told["events"]) >= among[3]
                ratios.append(statistics.median(among[0]) / statistics.median(alone[0]))
                for side, of in zip((0, 1), (alone, among), strict=True):
                    processor[side].append(of[1])
                    worst[side].append(statistics.quantiles(of[2], n=100)[98])
                print(
                    f"round {number + 1}: turn {statistics.median(alone[0]):.1f} ms alone, "
                    f"{statistics.median(among[0]):.1f} ms with {clients}; loop away (p99) {worst[0][-1]:.1f} and "
                    f"{worst[1][-1]:.1f} ms; events lost {lost}",
                    flush=True,
                )
            print(
                f"{clients} clients: turns take {statistics.median(ratios):.2f} times as long (of {rounds} rounds: "
                f"{', '.join(f'{ratio:.2f}' for ratio in sorted(ratios))}); processor a turn "
                f"{statistics.median(processor[0]):.1f} and {statistics.median(processor[1]):.1f} ms; loop away, p99: "
                f"{statistics.median(worst[0]):.1f} and {statistics.median(worst[1]):.1f} ms; events lost: {lost}"
            )


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--listen", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.listen:
        os.nice(19)  # clients are on other machines: what they do themselves is not to be measured
        asyncio.run(_listen(asked.listen, asked.clients))
    else:
        asyncio.run(_measure(asked.clients, asked.rounds, asked.turns))


if __name__ == "__main__":
    _main()
