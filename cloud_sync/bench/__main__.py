"""Measures a bridge: ``python -m cloud_sync.bench``. Prints one JSON object a scenario."""

import asyncio
import json
import os
import resource
import secrets
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import insert

from cloud_sync.bench.device import Device, fleet
from cloud_sync.bench.load import Fleet, day, ping, storm, tell
from cloud_sync.bench.process import Bridge, bridges
from cloud_sync.protocol.event import Kind
from cloud_sync.server.consents import PURPOSES
from cloud_sync.server.database import Database
from cloud_sync.server.identity.tables import consent
from cloud_sync.server.settings import load
from cloud_sync.server.tables import device

_CHUNK = 1_000
_TOLD = [PURPOSES[kind] for kind in (Kind.CHANGE, Kind.TURN, Kind.QUESTION)]
_ACTIONS_PER_S = 300.0
_PINGS_PER_S = 1_000.0


def main(
    scenarios: Annotated[list[str], typer.Argument(help="idle, ping, storm, tell, burst, day")],
    database: Annotated[str | None, typer.Option(help="postgresql://…; else a file.")] = None,
    nats: Annotated[str | None, typer.Option(help="nats://…")] = None,
    workers: int = 1,
    devices: int = 10_000,
    per_house: int = 4,
    per_batch: int = 10,
    rate: float = 5_000,
    seconds: float = 20,
) -> None:
    """Starts ``workers`` bridges of its own on the store, and plays the ``scenarios`` against them."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    environment = {}
    if database:
        environment["HEARTH_CLOUD_DATABASE_URL"] = database
    if nats:
        environment["HEARTH_CLOUD_NATS_URL"] = nats
    with tempfile.TemporaryDirectory() as data, bridges(workers, Path(data), environment) as running:
        os.environ |= environment
        url = load(None, {"data_dir": data}).url
        for scenario in scenarios:
            few = min(devices, 500) if scenario in {"tell", "burst", "day"} else devices
            members = fleet(few, per_house, secrets.token_hex(3))
            asyncio.run(_enrol(url, members))
            measured = asyncio.run(_play(scenario, running, members, per_batch, rate, seconds))
            store = "postgresql" if database else "sqlite"
            of = {"scenario": scenario, "store": store, "nats": bool(nats), "workers": workers}
            print(json.dumps(of | measured), flush=True)


def _load() -> dict[str, float]:
    """What else the machine had to do: processes that wanted a processor, in the last minute."""
    return {"load_average": round(os.getloadavg()[0], 1), "processors": os.cpu_count() or 0}


async def _enrol(url: str, members: list[Device]) -> None:
    async with Database(url) as database:
        for start in range(0, len(members), _CHUNK):
            some = members[start : start + _CHUNK]
            async with database.transaction(*{one.house for one in some}) as connection:
                await connection.execute(insert(device), [one.row for one in some])
                said = {"allowed": True, "how": "bench", "clock": 1, "at_ms": 1}
                told = [{"house": one.house, "device": one.name, "purpose": to} | said for one in some for to in _TOLD]
                await connection.execute(insert(consent), told)


async def _play(
    scenario: str, running: list[Bridge], members: list[Device], per_batch: int, rate: float, seconds: float
) -> dict[str, Any]:
    one = Fleet(members, [bridge.port for bridge in running])
    # The first connections load what every later one shares.
    warm = Fleet(members[:20], [bridge.port for bridge in running])
    await warm.connect()
    await warm.close()
    await asyncio.sleep(0.5)
    rss, cpu = [bridge.rss_kib() for bridge in running], [bridge.cpu_s() for bridge in running]
    await one.connect()
    connected = {"connect_cpu_ms_each": round(1000 * (sum(b.cpu_s() for b in running) - sum(cpu)) / len(members), 3)}
    try:
        match scenario:
            case "idle":
                await asyncio.sleep(2)
                each = (sum(bridge.rss_kib() for bridge in running) - sum(rss)) / len(members)
                return {"devices": len(members), "kib_each": round(each, 1)} | connected
            case "storm":
                cpu = [bridge.cpu_s() for bridge in running]
                settled = await storm(one)
                return settled | {"cpu_s": round(sum(bridge.cpu_s() for bridge in running) - sum(cpu), 1)} | _load()
            case "ping":
                cpu = [bridge.cpu_s() for bridge in running]
                answered = await ping(one, _PINGS_PER_S, seconds)
                spent = sum(bridge.cpu_s() for bridge in running) - sum(cpu)
                each = round(1e6 * spent / answered, 1)
                return {"devices": len(members), "pings_per_s": _PINGS_PER_S, "cpu_us_per_ping": each}
            case "day":
                return await day(one, _ACTIONS_PER_S, seconds)
            case "tell" | "burst":
                cpu = [bridge.cpu_s() for bridge in running]
                measured = await tell(one, per_batch, rate if scenario == "tell" else 0, seconds)
                spent = sum(bridge.cpu_s() for bridge in running) - sum(cpu)
                return measured | {"cpu_us_per_event": round(1e6 * spent / max(1, measured["events"]), 1)} | _load()
        raise typer.BadParameter(f"there is no scenario {scenario}")
    finally:
        await one.close()


if __name__ == "__main__":
    typer.run(main)
