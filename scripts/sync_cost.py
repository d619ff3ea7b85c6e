"""What synchronising costs: how long a week takes to catch up, what a turn waits for it, what it writes.

    python scripts/sync_cost.py catch-up [--kbit 64] [--events 5000]
    python scripts/sync_cost.py delay [--turns 500]
    python scripts/sync_cost.py disk [--turns 1000] [--idle 60]

The bridge is a real one (`hearth-cloud serve`, SQLite) and `hearth-sync` a process of its own. A slow link is made by a
relay that lets so many bits pass in a second, each way, with a queue of 32 KiB as a modem has it.
"""

# ruff: noqa: ASYNC110  # what is waited for happens in other processes
import argparse
import asyncio
import contextlib
import itertools
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import insert

from cloud_sync.client.compose import AssistantEnd, assistant_end
from cloud_sync.client.keys import device_key, public_of
from cloud_sync.server.database import Database as Store
from cloud_sync.server.tables import device, event
from edge.app import assistant
from edge.assistant import Assistant
from edge.at_rest import DATABASE
from edge.bench.free_port import free_port
from edge.database import Database
from edge.devices import ActionReport, Confirmation, DeviceState
from edge.events import Reply, ReplyReady, Timings, TurnEnded
from edge.home.demo import Address, demo_home
from edge.identity import identity
from edge.intents import Intent, OutcomeKind, Tier
from edge.memory.episodes import Episodes
from edge.privacy.consent import Consents, How, Purpose
from edge.settings import Settings, load

_ROOMS: Final = "kitchen living_room bedroom bathroom hallway office garage nursery dining_room terrace".split()
_THINGS: Final = (
    ("light", "light"),
    ("lamp", "light"),
    ("fan", "fan"),
    ("heater", "climate"),
    ("blinds", "cover"),
    ("socket", "switch"),
)
_GOODS: Final = "milk bread eggs coffee apples rice batteries toothpaste cheese tomatoes onions butter flour".split()
_WORDS: Final = (
    "dentist garden mother school meeting invoice holiday train dinner parcel recipe football piano neighbour "
    "insurance doctor library passport bicycle birthday"
).split()
_STAGES: Final = (1.5, 5.8, 4.6, 0.8, 3.3, 6.3)
"""Of each stage's milliseconds, the mean logarithm."""
_BACKLOG: Final = 5_000
_QUEUE: Final = 32 * 1024
_SEGMENT, _HEADERS = 1448, 52
"""Bytes of a full TCP segment, and what IP and TCP add to each."""


# -- a week of a house -------------------------------------------------------------------------------------------------


def a_turn(chance: random.Random) -> TurnEnded:
    """One that might have happened: what is said varies, identities and timings are random."""
    room, (thing, domain) = chance.choice(_ROOMS), chance.choice(_THINGS)
    spoken, ident = room.replace("_", " "), f"{domain}.{room}_{thing}"
    text, intent, reply, change = chance.choices(
        (
            lambda: _switched(chance, spoken, thing),
            lambda: _set(chance, spoken, thing),
            lambda: _timer(chance),
            lambda: _listed(chance),
            lambda: _temperature(chance, spoken),
            lambda: _reminder(chance),
            lambda: _unknown(chance),
        ),
        (45, 10, 12, 10, 8, 9, 6),
    )[0]()
    milliseconds = int(chance.lognormvariate(3.5, 0.7))
    done = ActionReport(ident, change, Confirmation.CONFIRMED, milliseconds, DeviceState())
    wake, endpoint, stt, understand, act, first = (chance.lognormvariate(each, 0.5) for each in _STAGES)
    return TurnEnded(
        turn=uuid.UUID(int=chance.getrandbits(128)).hex[:12],
        at=chance.uniform(0, 600_000),
        text=text,
        language="en",
        intent=intent,
        tier=Tier.GRAMMAR if intent else None,
        confidence=round(chance.uniform(0.7, 1), 3) if intent else 0.0,
        outcome=OutcomeKind.DONE if intent else OutcomeKind.NOT_UNDERSTOOD,
        actions=(done,) if change else (),
        reply=Reply(text=reply),
        timings=Timings(
            wake_ms=wake, endpoint_ms=endpoint, stt_ms=stt, understand_ms=understand, act_ms=act, first_audio_ms=first
        ),
        session=chance.choice(_ROOMS),
    )


def _switched(chance: random.Random, room: str, thing: str) -> tuple[str, Intent, str, dict[str, Any]]:
    state = chance.choice(("on", "off"))
    text = chance.choice((f"turn {state} the {room} {thing}", f"switch the {thing} in the {room} {state}"))
    name = f"{room} {thing}".title()
    intent = Intent(f"HassTurn{state.title()}", {"name": name, "area": room.title()})
    return text, intent, f"{name} is {state}.", {"state": state.upper()}


def _set(chance: random.Random, room: str, thing: str) -> tuple[str, Intent, str, dict[str, Any]]:
    level, name = chance.randint(1, 100), f"{room} {thing}".title()
    intent = Intent("HassLightSet", {"name": name, "brightness": level})
    return f"set the {room} {thing} to {level} percent", intent, f"{name} is at {level} percent.", {"brightness": level}


def _timer(chance: random.Random) -> tuple[str, Intent, str, dict[str, Any]]:
    minutes = chance.randint(1, 90)
    intent = Intent("HassStartTimer", {"minutes": minutes})
    return f"set a timer for {minutes} minutes", intent, f"{minutes} minutes, starting now.", {}


def _listed(chance: random.Random) -> tuple[str, Intent, str, dict[str, Any]]:
    goods = " and ".join(chance.sample(_GOODS, chance.randint(1, 3)))
    intent = Intent("HassListAddItem", {"item": goods, "name": "shopping"})
    return f"put {goods} on the shopping list", intent, f"{goods} is on the shopping list.", {}


def _temperature(chance: random.Random, room: str) -> tuple[str, Intent, str, dict[str, Any]]:
    intent = Intent("HassClimateGetTemperature", {"area": room.title()})
    return f"how warm is it in the {room}", intent, f"It is {chance.uniform(14, 28):.1f} degrees in the {room}.", {}


def _reminder(chance: random.Random) -> tuple[str, Intent, str, dict[str, Any]]:
    what = " ".join(chance.choices(_WORDS, k=chance.randint(3, 8)))
    intent = Intent("HassReminder", {"text": what})
    return f"remind me of the {what} at {chance.randint(1, 11)}", intent, f"I will remind you of the {what}.", {}


def _unknown(chance: random.Random) -> tuple[str, None, str, dict[str, Any]]:
    return " ".join(chance.choices(_WORDS, k=chance.randint(3, 10))), None, "Sorry, I did not understand that.", {}


# -- the link ----------------------------------------------------------------------------------------------------------


class Relay:
    """Stands between the device and its bridge, and lets pass as much as the link would."""

    def __init__(self, port: int, kbit: float | None) -> None:
        """``port``: the bridge's; ``kbit``: a second, each way; None: as fast as it goes."""
        self._bridge, self._rate = port, kbit * 125 if kbit else None
        self.port = free_port()
        self.carried = [0, 0]
        """Bytes of the stream up and down."""
        self.begun = 0.0
        """When the device first came."""
        self.dead = False
        """Whether nothing passes any more, without a word."""
        self.last = 0.0
        """When something last passed."""

    def quiet_for(self, seconds: float) -> bool:
        """Whether nothing has passed for so long."""
        return time.monotonic() - self.last >= seconds

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listens until the block ends."""
        server = await asyncio.start_server(self._attend, "127.0.0.1", self.port, limit=_QUEUE)
        try:
            yield
        finally:
            server.close()

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.begun = self.begun or time.monotonic()
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._bridge, limit=_QUEUE)
        for each in (writer, far_writer):
            each.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _QUEUE)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(self._carry(reader, far_writer, 0), self._carry(far_reader, writer, 1))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: int) -> None:
        free_at = time.monotonic()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            while data := await reader.read(_SEGMENT):
                await until(lambda: not self.dead)
                self.carried[way] += len(data)
                self.last = time.monotonic()
                if self._rate is not None:
                    free_at = max(free_at, time.monotonic()) + (len(data) + _HEADERS) / self._rate
                    await asyncio.sleep(max(0.0, free_at - time.monotonic()))
                writer.write(data)
                await writer.drain()
        writer.close()


async def until(condition: Callable[[], bool]) -> None:
    """Returns soon after it holds."""
    while not condition():
        await asyncio.sleep(0.02)  # some of it happens in other processes


@contextmanager
def process(module: str, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command of ours, until the block ends."""
    call = f"import sys; from {module} import main; sys.argv = ['it', *{arguments!r}]; main()"
    with subprocess.Popen([sys.executable, "-c", call], env={**os.environ, **environment}) as running:
        try:
            yield running
        finally:
            running.terminate()
            running.wait(10)


# -- both ends ---------------------------------------------------------------------------------------------------------


class Pair:
    """A bridge and a device that it knows, in one folder."""

    def __init__(self, folder: Path, relay: Relay, port: int) -> None:
        self.folder, self.relay, self.port = folder, relay, port
        self.home = folder / "device"
        self.store = Store(f"sqlite+aiosqlite:///{folder / 'bridge' / 'cloud.db'}")
        self.environment = {
            "HEARTH_DATA_DIR": str(self.home),
            "HEARTH_CLOUD__URL": f"ws://127.0.0.1:{relay.port}",
            "HEARTH_LOG_LEVEL": "warning",
        }
        os.environ.update(self.environment)
        self.settings = load()

    def end(self) -> AssistantEnd:
        """What the assistant has of the bridge."""
        made = assistant_end(self.settings)
        assert made is not None
        return made

    @contextmanager
    def syncing(self) -> Iterator[subprocess.Popen[bytes]]:
        """``hearth-sync`` runs until the block ends."""
        with process("cloud_sync.client.cli", **self.environment) as running:
            yield running

    async def enrol(self) -> None:
        """The bridge knows the device."""
        row = {
            "device": identity(self.home),
            "house": "house",
            "public_key": public_of(device_key(self.home)),
            "enrolled_ms": 1,
        }
        async with self.store.transaction("house") as connection:
            await connection.execute(insert(device).values(**row))

    async def stored(self) -> int:
        """How many events the bridge has committed."""
        from sqlalchemy import func, select

        async with self.store.transaction("house") as connection:
            return int((await connection.execute(select(func.count()).select_from(event))).scalar_one())


@asynccontextmanager
async def pair(kbit: float | None = None) -> AsyncIterator[Pair]:
    """They run until the block ends."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        relay = Relay(port, kbit)
        with process("cloud_sync.server.cli", "serve", "--data", str(folder / "bridge"), "--port", str(port)):
            await until(lambda: _answers(port))
            made = Pair(folder, relay, port)
            await made.enrol()
            async with relay.open():
                yield made
            await made.store.engine.dispose()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


# -- what is measured --------------------------------------------------------------------------------------------------


async def catch_up(events: int, kbit: float | None) -> None:
    """A device that was offline for a week comes back."""
    chance = random.Random(1)  # noqa: S311
    async with pair(kbit) as both:
        end = both.end()
        async with Database(both.home / DATABASE) as database:
            episodes = await _told(database, end)
            for _ in range(events):
                await episodes.write(a_turn(chance))
        with both.syncing():
            while await both.stored() < events:
                await asyncio.sleep(0.02)  # another process commits it
            took = time.monotonic() - both.relay.begun
        up, down = both.relay.carried
        print(
            f"{events} events, {f'{kbit:g} kbit/s' if kbit else 'loopback'}: {took:.2f} s from connecting to the last"
            f" commit; {up / events:.1f} bytes up and {down / events:.1f} down an event"
        )


async def delay(turns: int) -> None:
    """What a local command waits for the bridge: of two assistants in one process one has none; they take turns."""
    chance = random.Random(1)  # noqa: S311
    async with demo_home() as home, pair(kbit=64) as both:
        with_bridge = _local(both.settings, home, "with")
        alone = _local(both.settings, home, "alone", url=None)
        async with (
            Database(both.home / DATABASE) as database,
            assistant(alone, hears=False, sink=None) as one,
            assistant(with_bridge, hears=False, sink=None) as other,
        ):
            episodes = await _told(database, both.end())
            for each in (one, other):
                await each.house.settled(5.0)
                await each.ready()
            print("milliseconds for “what time is it”, to the words of the answer, and until the turn is on disk")
            await _compare("hearth-sync not running", one, other, turns)
            with both.syncing():
                await until(lambda: both.relay.begun > 0 and both.relay.quiet_for(1.0))
                await _compare("link healthy", one, other, turns)
                for _ in range(_BACKLOG):
                    await episodes.write(a_turn(chance))
                carried = both.relay.carried[0]
                await _compare("link slow, a backlog on its way", one, other, turns)
                busy = both.relay.carried[0] - carried
                both.relay.dead = True
                await _compare(f"link dead in mid-backlog ({busy / 1e3:.0f} kB had gone)", one, other, turns)


def _local(settings: Settings, home: Address, name: str, **cloud: Any) -> Settings:
    """An assistant of its own on the demo home that understands by its grammar alone."""
    data_dir = settings.data_dir if name == "with" else settings.data_dir.parent / name
    return settings.model_copy(
        update={
            "data_dir": data_dir,
            "mqtt": settings.mqtt.model_copy(update={"host": home.host, "port": home.port, "site": name}),
            "understand": settings.understand.model_copy(update={"semantic": False, "llm": "none"}),
            "cloud": settings.cloud.model_copy(update=cloud),
        }
    )


async def _compare(state: str, one: Assistant, other: Assistant, turns: int) -> None:
    measured: dict[int, list[tuple[float, float]]] = {0: [], 1: []}
    for number in range(turns * 2):
        which = number % 2
        begun = time.perf_counter()
        events = await (one, other)[which].ask("what time is it")
        ended = time.perf_counter()
        answered = next(each.at for each in events if isinstance(each, ReplyReady)) - events[0].at
        measured[which].append((answered * 1e3, (ended - begun) * 1e3))
    for part, what in enumerate(("answer", "on disk")):
        alone, bridged = (sorted(each[part] for each in measured[which]) for which in (0, 1))
        print(
            f"{state}, {what}: alone p50 {_at(alone, 0.5):.2f} p99 {_at(alone, 0.99):.2f};"
            f" with a bridge p50 {_at(bridged, 0.5):.2f} p99 {_at(bridged, 0.99):.2f};"
            f" added p50 {_at(bridged, 0.5) - _at(alone, 0.5):+.2f} p99 {_at(bridged, 0.99) - _at(alone, 0.99):+.2f}",
            flush=True,
        )


def _at(ordered: list[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


async def disk(turns: int, idle_s: float) -> None:
    """What a turn writes, in both processes, and what is written when nothing happens."""
    chance = random.Random(1)  # noqa: S311
    async with pair() as both:
        end = both.end()
        file = both.home / DATABASE
        async with Database(both.home / "alone" / DATABASE) as database:
            alone = await _written_by_turns(Episodes(database, 30), turns, chance)
        async with Database(file, after_write=end.bridge.look) as database:
            episodes = await _told(database, end)
            serving = asyncio.create_task(end.bridge.serve())
            with both.syncing() as sync:
                await until(lambda: end.bridge.linked)
                before = _written(sync.pid)
                ours = await _written_by_turns(episodes, turns, chance)
                await until(lambda: both.relay.quiet_for(1.0))
                theirs = (_written(sync.pid) - before) / turns
                print(f"a turn without a bridge: {alone:.0f} bytes; with one: {ours:.0f}, by hearth-sync {theirs:.0f}")
                before, files = _written(sync.pid) + _written(os.getpid()), _files(both.home)
                await asyncio.sleep(idle_s)
                idle = _written(sync.pid) + _written(os.getpid()) - before
                changed = "the files changed" if _files(both.home) != files else "no file changed"
                print(f"idle for {idle_s:.0f} s, linked: {idle} bytes written, {changed}")
            serving.cancel()


async def _told(database: Database, end: AssistantEnd) -> Episodes:
    """What is written is told to the bridge, as the person allowed."""
    await end.prepare(database)
    await Consents(database, end.outbox).say(Purpose.HISTORY, How.CLI, yes=True)
    return Episodes(database, 30, _a_week_ago(), outbox=end.outbox)


def _a_week_ago() -> Callable[[], float]:
    """Each turn came two minutes after the one before."""
    moments = itertools.count(time.time() - 7 * 86_400, 120.0)
    return lambda: next(moments)


async def _written_by_turns(episodes: Episodes, turns: int, chance: random.Random) -> float:
    """Bytes that this process hands to the system for each turn, the checkpoints of their share included."""
    for _ in range(200):
        await episodes.write(a_turn(chance))
    before = _written(os.getpid())
    for _ in range(turns):
        await episodes.write(a_turn(chance))
    return (_written(os.getpid()) - before) / turns


def _written(pid: int) -> int:
    """Bytes that a process has written to files and pipes (not to sockets): proc_pid_io(5), wchar."""
    for line in Path(f"/proc/{pid}/io").read_text(encoding="ascii").splitlines():
        if line.startswith("wchar:"):
            return int(line.split()[1])
    return 0


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    return {file.name: (file.stat().st_size, file.stat().st_mtime_ns) for file in folder.glob(f"{DATABASE}*")}


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    tasks = parser.add_subparsers(dest="task", required=True)
    task = tasks.add_parser("catch-up")
    task.add_argument("--events", type=int, default=5_000)
    task.add_argument("--kbit", type=float)
    task = tasks.add_parser("disk")
    task.add_argument("--turns", type=int, default=1_000)
    task.add_argument("--idle", type=float, default=60.0)
    task = tasks.add_parser("delay")
    task.add_argument("--turns", type=int, default=500)
    asked = parser.parse_args()
    match asked.task:
        case "catch-up":
            asyncio.run(catch_up(asked.events, asked.kbit))
        case "delay":
            asyncio.run(delay(asked.turns))
        case "disk":
            asyncio.run(disk(asked.turns, asked.idle))


if __name__ == "__main__":
    main()
