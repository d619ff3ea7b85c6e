"""What a fleet does to a bridge, and how long it takes: connecting, telling, being told, falling away together."""

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cloud_sync.bench.device import Connection, Device, batch, connect
from cloud_sync.protocol.event import Event, Kind
from cloud_sync.protocol.frames import device_codec
from cloud_sync.protocol.messages import Ack, Answer, Ask, Changes, Error, FromServer, Nudge, Ping, Pull, Welcome

_AT_ONCE: Final = 200
"""Connections that are being made at a time, when nothing forces more."""
_LAST_ACK_S: Final = 30.0
_FIRST_RETRY_S: Final = 0.5
_LAST_RETRY_S: Final = 8.0
_DAY: Final = {"tell": 6, "pull": 2, "ask": 1, "drop": 1}
"""How often each happens."""
_TURN: Final = {
    "heard": "turn on the light in the kitchen and set it to forty percent",
    "answer": "The kitchen light is on, at 40 percent.",
    "intent": "light_set",
    "slots": {"area": "kitchen", "brightness": 40},
    "ms": 412,
    "confirmed": True,
}
"""About as large as a real one."""


@dataclass(slots=True)
class Tally:
    """What was seen."""

    counts: Counter[str] = field(default_factory=Counter)
    ack_s: list[float] = field(default_factory=list)
    """From sending a batch to its ack."""


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share of ``values`` lies; NaN of none."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


class Fleet:
    """Devices that stay connected: one that is lost comes again, after a while that grows with each failure."""

    def __init__(self, devices: Sequence[Device], ports: Sequence[int]) -> None:
        """``ports``: of the workers, to which the devices are spread."""
        self.devices, self._ports = devices, ports
        self.codec = device_codec()
        self.links: dict[int, Connection] = {}
        self.tally = Tally()
        self.heard: Callable[[Connection, FromServer], None] = lambda connection, message: None
        self._retries: Counter[int] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._stays = True

    async def connect(self, at_once: int = _AT_ONCE) -> None:
        """Returns when all are welcomed."""
        gate = asyncio.Semaphore(at_once)

        async def one(device: Device) -> None:
            async with gate:
                await self._connect(device)
                while device.number not in self.links and self._stays:
                    await self._next()

        await asyncio.gather(*(one(device) for device in self.devices))

    async def all_there(self) -> None:
        """Returns when every device is welcomed."""
        while len(self.links) < len(self.devices):
            await self._next()

    def cut(self) -> None:
        """All links go at the same moment."""
        for link in list(self.links.values()):
            link.cut()

    async def close(self) -> None:
        """For good."""
        self._stays = False
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _next(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    async def _connect(self, device: Device) -> None:
        try:
            await connect(self._ports[device.number % len(self._ports)], self._connection(device))
        except OSError:
            self.tally.counts["unreachable"] += 1
            self._again(device, 0.0)

    def _connection(self, device: Device) -> Connection:
        return Connection(device, self.codec, self._heard, self._lost)

    def _heard(self, connection: Connection, message: FromServer) -> None:
        self.tally.counts[type(message).__name__.lower()] += 1
        match message:
            case Welcome():
                self.links[connection.device.number] = connection
                self._retries.pop(connection.device.number, None)
                connection.device.acked = message.acked
                self._changed.set()
            case Error():
                self.tally.counts[f"error {message.code}"] += 1
        self.heard(connection, message)

    def _lost(self, connection: Connection) -> None:
        number = connection.device.number
        if self.links.get(number) is connection:
            del self.links[number]
        if self._stays:
            self.tally.counts["lost"] += 1
            self._again(connection.device, 0.0)

    def _again(self, device: Device, after_s: float) -> None:
        # Full jitter: see SYNC, "Reconnect".
        self._retries[device.number] += 1
        most = min(_LAST_RETRY_S, _FIRST_RETRY_S * 2 ** self._retries[device.number])
        wait = after_s + random.uniform(0, most)  # noqa: S311

        async def later() -> None:
            await asyncio.sleep(wait)
            await self._connect(device)

        task = asyncio.get_running_loop().create_task(later())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def turn(device: Device) -> Event:
    """Something that was said to it."""
    return device.event(Kind.TURN, _TURN | {"n": device.seq})


def change(device: Device) -> Event:
    """Something on a list of its house."""
    fields = {"name": "oat milk", "count": device.seq, "done": False}
    return device.event(Kind.CHANGE, {"kind": "item", "record": f"{device.name}.{device.seq % 50}", "fields": fields})


async def tell(fleet: Fleet, per_batch: int, per_s: float, seconds: float, change_every: int = 5) -> dict[str, Any]:
    """Every device tells batches of ``per_batch`` events, one after the other's ack; all together ``per_s`` events,
    or, where that is 0, as many as go. Every ``change_every``-th is a change, the others are turns.
    """
    sent: dict[int, float] = {}
    tally = fleet.tally
    tally.ack_s.clear()
    end = asyncio.get_running_loop().time() + seconds
    kinds = itertools.cycle([change, *[turn] * (change_every - 1)])
    acked = 0
    idle: asyncio.Queue[Device] = asyncio.Queue()

    def heard(connection: Connection, message: FromServer) -> None:
        nonlocal acked
        device = connection.device
        if isinstance(message, Ack) and message.seq >= device.seq and device.number in sent:
            tally.ack_s.append(time.perf_counter() - sent.pop(device.number))
            acked += message.seq - device.acked
            device.acked = message.seq
            idle.put_nowait(device)
        elif isinstance(message, Welcome):
            sent.pop(device.number, None)
            device.seq = message.acked

    fleet.heard = heard
    for device in fleet.devices:
        device.seq = device.acked
        idle.put_nowait(device)
    began = time.perf_counter()
    loop = asyncio.get_running_loop()
    due = loop.time()
    while loop.time() < end:
        if per_s:
            due += per_batch / per_s
            if (wait := due - loop.time()) > 0:
                await asyncio.sleep(wait)
        device = await idle.get()
        link = fleet.links.get(device.number)
        if link is None:
            idle.put_nowait(device)
            await asyncio.sleep(0)
            continue
        frame = batch(fleet.codec, [next(kinds)(device) for _ in range(per_batch)])
        sent[device.number] = time.perf_counter()
        link.send(frame)
    while sent:
        async with asyncio.timeout(_LAST_ACK_S):
            await idle.get()
    took = time.perf_counter() - began
    return {
        "devices": len(fleet.devices),
        "events_per_batch": per_batch,
        "asked_per_s": per_s or None,
        "events": acked,
        "events_per_s": round(acked / took),
        "ack_ms_p50": round(1000 * quantile(tally.ack_s, 0.5), 1),
        "ack_ms_p99": round(1000 * quantile(tally.ack_s, 0.99), 1),
        "unacknowledged": len(sent),
        "refused": tally.counts["refused"],
    }


async def ping(fleet: Fleet, per_s: float, seconds: float) -> int:
    """What keeps links alive, ``per_s`` of it from all together. Returns how many were answered."""
    loop = asyncio.get_running_loop()
    before = fleet.tally.counts["pong"]
    due = loop.time()
    for number in range(int(per_s * seconds)):
        due += 1 / per_s
        if (wait := due - loop.time()) > 0:
            await asyncio.sleep(wait)
        if (link := fleet.links.get(fleet.devices[number % len(fleet.devices)].number)) is not None:
            link.say(Ping(n=number))
    await asyncio.sleep(1)
    return fleet.tally.counts["pong"] - before


async def day(fleet: Fleet, per_s: float, seconds: float) -> dict[str, Any]:
    """What devices do all day, ``per_s`` of it: most tell, some pull, ask, fall away and come again."""
    before, done = Counter(fleet.tally.counts), Counter[str]()
    asked: dict[str, float] = {}
    answer_s: list[float] = []

    def heard(connection: Connection, message: FromServer) -> None:
        device = connection.device
        match message:
            case Welcome():
                device.seq = message.acked
            case Ack():
                device.acked = message.seq
            case Changes():
                device.cursor = message.cursor
            case Nudge():
                connection.say(Pull(cursor=device.cursor))
            case Answer():
                answer_s.append(time.perf_counter() - asked.pop(message.id, time.perf_counter()))

    fleet.heard = heard
    for device in fleet.devices:
        device.seq = device.acked
    loop = asyncio.get_running_loop()
    due = loop.time()
    end = due + seconds
    while due < end:
        due += 1 / per_s
        await asyncio.sleep(max(0.0, due - loop.time()))
        link = fleet.links.get(random.choice(fleet.devices).number)  # noqa: S311
        if link is None:
            continue
        [action] = random.choices(list(_DAY), list(_DAY.values()))  # noqa: S311
        done[action] += 1
        if action == "tell":
            link.send(batch(fleet.codec, [turn(link.device), change(link.device)]))
        elif action == "pull":
            link.say(Pull(cursor=link.device.cursor))
        elif action == "ask":
            number = f"{link.device.name}.{done[action]}"
            asked[number] = time.perf_counter()
            link.say(Ask(id=number, question="why is the sky blue?"))
        else:
            link.cut()
    await fleet.all_there()
    seen = fleet.tally.counts - before
    errors = {name: count for name, count in seen.items() if name.startswith(("error ", "unreachable"))}
    return {
        "devices": len(fleet.devices),
        "done": dict(done),
        "answers": len(answer_s),
        "answer_ms_p99": round(1000 * quantile(answer_s, 0.99), 1),
        "heard": {name: seen[name] for name in ("ack", "nudge", "changes", "welcome", "refused")},
        "errors": errors,
    }


async def storm(fleet: Fleet) -> dict[str, Any]:
    """All links are cut at the same moment; how long until all are welcomed again?"""
    before = Counter(fleet.tally.counts)
    began = time.perf_counter()
    fleet.cut()
    fleet.links.clear()
    await fleet.all_there()
    took = time.perf_counter() - began
    seen = fleet.tally.counts - before
    refused = {name: count for name, count in seen.items() if name.startswith(("error", "unreachable"))}
    return {"devices": len(fleet.devices), "settled_s": round(took, 1), "refused_and_retried": refused}
