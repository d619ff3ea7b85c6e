"""The programs themselves, killed from outside at any moment: two workers of the bridge on one store, and a
``hearth-sync`` for each of two boards, over real sockets.

    python -m tests.faults.killed [--runs 20] [--seed 1] [--sqlite]

With PostgreSQL (whose server is stopped as by a crash, too) and NATS; ``--sqlite``: one worker on a file.
"""

import argparse
import asyncio
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import insert, select

from cloud_sync.client.keys import device_key
from cloud_sync.client.outbox import PART, STEPS, DatabaseOutbox
from cloud_sync.protocol.event import Kind
from cloud_sync.server.database import Database as Store
from cloud_sync.server.migrate import migrate
from cloud_sync.server.tables import device, event
from edge import database as edge
from edge.identity import identity
from tests.brokers import free_port
from tests.nats import Nats, nats
from tests.postgres import Postgres, postgres

_ROUNDS = 12
_SETTLE_S = 120.0


class Program:
    """One that is started again whenever it was killed."""

    def __init__(self, call: str, arguments: list[str], environment: dict[str, str]) -> None:
        self._command = [sys.executable, "-c", f"import sys; from {call} import main; sys.argv[0] = 'x'; main()"]
        self._command += arguments
        self._environment = {**os.environ, **environment}
        self._running: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Another life."""
        quiet = subprocess.DEVNULL
        self._running = subprocess.Popen(self._command, env=self._environment, stdout=quiet, stderr=quiet)

    def kill(self) -> None:
        """SIGKILL."""
        if self._running is not None:
            self._running.kill()
            self._running.wait()

    def look(self) -> None:
        """Start it where it has ended by itself, as systemd does."""
        if self._running is not None and self._running.poll() is not None:
            self.start()


@dataclass
class Board:
    """Its data directory, and what was confirmed on it."""

    folder: Path
    house: str
    outbox: DatabaseOutbox
    confirmed: set[bytes] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a run."""

    confirmed: int
    lost: int
    doubled: int
    kills: Counter[str]


async def run(seed: int, folder: Path, cluster: Postgres | None, notes: Nats | None) -> Came:
    """One run. ``cluster`` None: one worker on a file."""
    chance = random.Random(seed)
    bridge = folder / "bridge"
    bridge.mkdir()
    url = cluster.create(f"k{secrets.token_hex(6)}") if cluster else f"sqlite+aiosqlite:///{bridge / 'cloud.db'}"
    async with Store(url) as store:
        await migrate(store)
    ports = [free_port() for _ in range(2 if cluster else 1)]
    boards = [await _board(folder / f"board{n}", house) for n, house in enumerate(("one", "two"))]
    await _enrol(url, boards)
    kills: Counter[str] = Counter()
    with ExitStack() as stack:
        programs: dict[str, Program] = {}
        for number, port in enumerate(ports):
            arguments = ["serve", "--data", str(bridge), "--port", str(port)]
            given = {"HEARTH_CLOUD_DATABASE_URL": url.replace("+psycopg", "")} if cluster else {}
            given |= {"HEARTH_CLOUD_NATS_URL": notes.url} if notes else {}
            programs[f"worker{number}"] = Program("cloud_sync.server.cli", arguments, given)
        for number, board in enumerate(boards):
            given = {
                "HEARTH_DATA_DIR": str(board.folder),
                "HEARTH_CLOUD__URL": f"ws://127.0.0.1:{ports[number % len(ports)]}",
            }
            programs[f"hearth-sync{number}"] = Program("cloud_sync.client.cli", [], given)
        for program in programs.values():
            stack.callback(program.kill)
        doings: list[tuple[str, Callable[[], None]]] = [(name, each.kill) for name, each in programs.items()]
        if cluster is not None:
            doings.append(("postgresql", lambda: (cluster.stop("immediate"), cluster.start())))  # type: ignore[arg-type]
        if notes is not None:
            doings.append(("nats", lambda: (notes.stop(), notes.start())))  # type: ignore[arg-type]
        for _ in range(_ROUNDS):
            for board in boards:
                await _write(board, chance.randint(1, 40))
            await asyncio.sleep(chance.uniform(0.0, 1.5))
            name, doing = chance.choice(doings)
            kills[name] += 1
            await asyncio.to_thread(doing)
            for program in programs.values():
                program.look()
        stored = await _until_stored(url, boards, programs)
    return Came(
        sum(len(board.confirmed) for board in boards),
        sum(len(board.confirmed - stored.keys()) for board in boards),
        sum(n > 1 for n in stored.values()),
        kills,
    )


async def _board(folder: Path, house: str) -> Board:
    folder.mkdir()
    board = Board(folder, house, DatabaseOutbox(identity(folder)))
    async with edge.Database(folder / "hearthside.db") as database:
        await database.migrate(PART, STEPS)
    return board


async def _enrol(url: str, boards: list[Board]) -> None:
    async with Store(url) as store:
        for board in boards:
            public = device_key(board.folder).public_key().public_bytes_raw()
            row = {"device": board.outbox.device, "house": board.house, "public_key": public, "enrolled_ms": 1}
            async with store.transaction(board.house) as connection:
                await connection.execute(insert(device).values(row))


async def _write(board: Board, count: int) -> None:
    """Consents and the like need no consent of their own."""
    async with edge.Database(board.folder / "hearthside.db") as database:
        for _ in range(count):
            body = {"purpose": "telemetry", "allowed": True, "how": secrets.token_hex(8)}
            await database.write(lambda connection, body=body: board.outbox.put(connection, Kind.CONSENT, body))
        board.confirmed |= set(await database.read(_ids))


def _ids(connection: object) -> list[bytes]:
    from cloud_sync.protocol.event import decode

    return [decode(raw).id for (raw,) in connection.execute("SELECT event FROM sync_event")]  # type: ignore[attr-defined]


async def _until_stored(url: str, boards: list[Board], programs: dict[str, Program]) -> Counter[bytes]:
    until = time.monotonic() + _SETTLE_S
    wanted = set().union(*(board.confirmed for board in boards))
    while True:
        stored: Counter[bytes] = Counter()
        async with Store(url) as store:
            for board in boards:
                async with store.transaction(board.house) as connection:
                    query = select(event.c.id).where(event.c.house == board.house)
                    stored.update(bytes(ident) for ident in (await connection.execute(query)).scalars())
        if not wanted - stored.keys() or time.monotonic() > until:
            return stored
        for program in programs.values():
            program.look()
        await asyncio.sleep(0.5)


def main() -> int:
    """Returns the exit status: 1 where anything was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sqlite", action="store_true")
    asked = parser.parse_args()
    confirmed = broken = 0
    kills: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        cluster = None if asked.sqlite else stack.enter_context(postgres())
        notes = None if asked.sqlite else stack.enter_context(nats())
        for seed in range(asked.seed, asked.seed + asked.runs):
            folder = Path(name) / f"run{seed}"
            folder.mkdir()
            came = asyncio.run(run(seed, folder, cluster, notes))
            confirmed, kills = confirmed + came.confirmed, kills + came.kills
            broken += bool(came.lost or came.doubled)
            print(f"seed {seed}: {came.confirmed} confirmed, lost {came.lost}, doubled {came.doubled}", flush=True)
    print(f"{asked.runs} runs, {confirmed} confirmed, broken {broken}; killed: {dict(kills)}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
