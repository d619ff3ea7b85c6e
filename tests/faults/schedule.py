"""One schedule: a house, its bridge, what people do and what goes wrong, all drawn from one number."""

import asyncio
import logging
import random
import shutil
import sqlite3
import tempfile
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import apsw
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.client.room import Room
from cloud_sync.protocol.event import Kind
from cloud_sync.server.database import Database
from cloud_sync.server.identity.signing import signer
from cloud_sync.server.migrate import migrate
from edge.errors import StorageError
from tests.faults.board import Board, simulated
from tests.faults.bridge import SimBridge, seldom_swept
from tests.faults.house import Card, Ledger, Violation
from tests.faults.network import Network, Weather
from tests.faults.process import Killed
from tests.faults.virtual import VirtualLoop, reproducible, true_ms

KEYS: Final = tuple(Ed25519PrivateKey.from_private_bytes(bytes([number] * 32)) for number in range(1, 5))
_PAGE: Final = 4096
_PEACE: Final = 8
"""Seconds without news, for receipts that are still on their way."""
_SETTLE_S: Final = 4 * 3600
_LONG_S: Final = 90 * 86_400
_DAY_MS: Final = 86_400_000
_LOGGERS: Final = ("cloud_sync", "edge")


@dataclass
class Outcome:
    """What came of a schedule."""

    seed: int
    violation: str = ""
    faults: Counter[str] = field(default_factory=Counter)
    counted: dict[str, int] = field(default_factory=dict)
    trace: list[str] = field(default_factory=list)


def template(folder: Path) -> Path:
    """The bridge's data directory, with the boards' keys, made once by its own migrations."""
    made = folder / "template"
    made.mkdir()

    async def make() -> None:
        async with Database(f"sqlite+aiosqlite:///{made / 'cloud.db'}") as database:
            await migrate(database)

    asyncio.run(make())
    signer(made)
    with closing(sqlite3.connect(made / "cloud.db")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.executemany("INSERT INTO house (house) VALUES (?)", [("house",), ("neighbours",)])
        for number, key in enumerate(KEYS):
            public = key.public_key().public_bytes_raw()
            row = (f"board{number}", "neighbours" if number == 3 else "house", public, 1)
            connection.execute("INSERT INTO device (device, house, public_key, enrolled_ms) VALUES (?, ?, ?, ?)", row)
        connection.commit()
    return made


def run(seed: int, store: Path, memory: Path | None = None) -> Outcome:
    """``store``: see :func:`template`; ``memory``: a folder for the files of the schedule."""
    outcome = Outcome(seed)
    loop = VirtualLoop()
    with tempfile.TemporaryDirectory(prefix="faults-", dir=memory) as name:
        chance = random.Random(seed)
        schedule = Schedule(chance, Path(name), store, loop, outcome)
        loop.set_exception_handler(schedule.unexpected)
        try:
            with reproducible(random.Random(seed), loop), simulated(), seldom_swept(), quiet():
                loop.run_until_complete(schedule.run())
        except Violation as error:
            outcome.violation = str(error)
        except Exception as error:  # noqa: BLE001  # nothing may end so
            outcome.trace.append("".join(traceback.format_exception(error)))
            outcome.violation = f"unexpected: {error!r}"
        finally:
            loop.close()
    return outcome


class Schedule:
    """See :func:`run`."""

    def __init__(self, chance: random.Random, folder: Path, store: Path, loop: VirtualLoop, outcome: Outcome) -> None:
        self.chance, self.folder, self.loop, self.outcome, self.store = chance, folder, loop, outcome, store
        self.network = Network(chance, self.trace)
        self.bridge = SimBridge(folder, store, self.network, chance)
        self.bridge.died = self._bridge_died
        self.bridge.broke = self._bridge_broke
        self.ledger = Ledger(self.bridge, chance, self.trace)
        self.boards: list[Board] = []
        self.images: list[tuple[Board, Path, Card]] = []
        self.errors: list[str] = []
        self._restarts: set[asyncio.Task[None]] = set()
        self._is_over = False
        self._bridge_held = False
        self._calm = Weather(latency_s=chance.choice((0.002, 0.05, 0.4, 2.0)))
        self.faults: list[tuple[Callable[[], Awaitable[None]], float]] = self._drawn_faults()

    def trace(self, what: str) -> None:
        self.outcome.trace.append(f"{self.loop.time():10.3f} {what}")

    def unexpected(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Something ended in a way in which nothing may end."""
        error = context.get("exception")
        if type(error).__name__ in ("Killed", "CancelledError"):
            return
        if (
            isinstance(error, BaseExceptionGroup)
            and error.split(lambda each: type(each).__name__ == "Killed")[1] is None
        ):
            return
        self.errors.append(f"{context.get('message')}: {error!r}")

    # -- the whole of it -----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        small = self.chance.random() < 0.12
        room = Room(self.chance.randint(8, 30), 64 * 1024) if small else Room()
        for number in (*range(self.chance.choice((2, 2, 3))), 3):
            self._board(number, room)
        try:
            await self.bridge.start()
            for board in self.boards:
                # Sometimes it dies over its migrations.
                board.boot(self.chance.randint(0, 90) if self.chance.random() < 0.15 else None)
            await self._live()
            await self._heal()
            await self._settle()
            self.outcome.counted = self.ledger.check(self.boards)
            if self.errors:
                raise Violation(f"unexpected: {self.errors[0]}")
        finally:
            self._is_over = True
            for board in self.boards:
                await board.stop()
            await self.bridge.stop()
            await asyncio.gather(*self._restarts, return_exceptions=True)

    def _board(self, number: int, room: Room) -> Board:
        house = "neighbours" if number == 3 else "house"
        board = Board(
            f"board{number}", house, self.folder / f"board{number}", self.network, self.chance, self.trace,
            key=KEYS[number], bridge_key=signer(self.store).public, room=room, machine=f"machine{number}",
        )  # fmt: skip
        board.reopened = lambda: self._reopened(board)
        board.looks_lost = self.chance.choice((0.0, 0.3))
        self.boards.append(board)
        self.ledger.cards[board.name] = Card()
        return board

    def _reopened(self, board: Board) -> None:
        try:
            self.ledger.reopened(board)
            with suppress(StorageError, Killed):
                self.ledger.allow(board)
        except Violation as error:
            self.errors.append(str(error))

    async def _live(self) -> None:
        steps = self.chance.randint(15, 40)
        pace = self.chance.choice((0.05, 0.5, 3.0))
        for _ in range(steps):
            await asyncio.sleep(self.chance.expovariate(1 / pace))
            if self.errors:
                raise Violation(self.errors[0])
            if self.chance.random() < 0.7:
                board = self.chance.choice(self.boards)
                if board.assistant is not None:
                    self.ledger.act(board)
                    board.look()
            else:
                (fault,) = self.chance.choices([each for each, _ in self.faults], [odds for _, odds in self.faults])
                name = fault.__name__.removeprefix("_fault_")  # type: ignore[attr-defined]
                self.outcome.faults[name] += 1
                self.trace(f"-- {name}")
                await fault()

    async def _heal(self) -> None:
        self.trace("-- everything is mended")
        for board in self.boards:
            self.bridge.revoke(board.device, None)
        self.network.weather = self._calm
        self.network.offline.clear()
        self._bridge_held = False
        if not self.bridge.is_up:
            await self.bridge.restart()
        assert self.bridge.process is not None
        self.bridge.process.fuse = None
        for board in self.boards:
            board.platter.is_full = board.platter.is_read_only = False
            board.holds_sync = False
            for process in (board.assistant and board.assistant.process, board.sync):
                if process is not None:
                    process.fuse = None
            if not board.is_on:
                board.boot()
            board.start_sync()

    async def _settle(self) -> None:
        until, peace = self.loop.time() + _SETTLE_S, 0
        while self.loop.time() < until:
            await asyncio.sleep(1.0 if self.loop.time() < until - _SETTLE_S + 60 else 20.0)
            if self.errors:
                raise Violation(self.errors[0])
            cursors = dict(self.bridge.query("SELECT house, n FROM house"))
            if all(board.is_settled(cursors.get(board.house, 0), self.bridge.process) for board in self.boards):
                peace += 1
                if peace > _PEACE:
                    return
            else:
                peace = 0
        stuck = [
            board.name
            for board in self.boards
            if not board.is_settled(cursors.get(board.house, 0), self.bridge.process)
        ]
        for board in self.boards:
            session = board.daemon._link.session if board.daemon is not None else None
            ended = board.daemon._ended if board.daemon is not None else None
            if board.assistant is not None:
                self.trace(f"{board.rows('SELECT * FROM sync_link')} {board.rows('SELECT max(seq) FROM sync_event')}")
            self.trace(
                f"{board.name}: {ended}, {session and (session.state, session.idle, session.acked, session.cursor)}"
            )
        raise Violation(f"{stuck} never had peace")

    # -- what goes wrong -----------------------------------------------------------------------------------------------

    def _drawn_faults(self) -> list[tuple[Callable[[], Awaitable[None]], float]]:
        every = (
            self._fault_kill_assistant, self._fault_kill_sync, self._fault_kill_bridge, self._fault_power_cut,
            self._fault_cut_link, self._fault_half_open, self._fault_weather, self._fault_offline, self._fault_bridge_down,
            self._fault_clock, self._fault_clockless_boot, self._fault_backup, self._fault_restore, self._fault_image,
            self._fault_roll_back, self._fault_clone, self._fault_new_card, self._fault_rot, self._fault_revoked, self._fault_disk_full, self._fault_read_only, self._fault_month_offline,
        )  # fmt: skip
        some = self.chance.sample(every, self.chance.randint(2, len(every)))
        return [(each, self.chance.uniform(0.3, 1.0)) for each in some]

    def _any(self) -> Board:
        return self.chance.choice(self.boards)

    def _later(self, seconds: float, work: Callable[[], object]) -> None:
        self.loop.call_later(seconds, lambda: None if self._is_over else work())

    async def _fault_kill_assistant(self) -> None:
        board = self._any()
        if board.assistant is not None:
            board.assistant.process.fuse = self.chance.randint(0, 30)

    async def _fault_kill_sync(self) -> None:
        board = self._any()
        if board.sync is None:
            return
        if self.chance.random() < 0.3:
            board.sync.die("now")
        else:
            board.sync.fuse = self.chance.randint(0, 40)

    async def _fault_kill_bridge(self) -> None:
        process = self.bridge.process
        if process is None or process.is_dead:
            return
        if self.chance.random() < 0.3:
            self.bridge.kill()
        else:
            process.fuse = self.chance.randint(0, 80)

    def _bridge_died(self, what: str) -> None:
        self.trace(f"the bridge dies {what}")
        self._later(self.chance.uniform(0.5, 5.0), self._restart_bridge)

    def _bridge_broke(self, error: BaseException) -> None:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        self.trace("".join(traceback.format_exception(error)))
        self.errors.append(f"the bridge's worker ends by {error!r}")

    def _restart_bridge(self) -> None:
        if self.bridge.is_up or self._bridge_held:
            return
        task = asyncio.ensure_future(self.bridge.restart())
        self._restarts.add(task)
        try:
            self.ledger.look_into_store()
        except Violation as error:
            self.errors.append(str(error))

    async def _fault_power_cut(self) -> None:
        board = self._any()
        if not board.is_on:
            return
        for process in (board.assistant and board.assistant.process, board.sync):
            if process is not None and self.chance.random() < 0.6:
                process.fuse = self.chance.randint(0, 30)
        await asyncio.sleep(self.chance.uniform(0.0, 3.0))
        if board.assistant is not None and self.chance.random() < 0.5:
            # In the middle of what somebody wants.
            board.assistant.process.fuse = self.chance.randint(0, 12)
            self.ledger.act(board)
        if board.is_on:
            board.cut_power(torn=self.chance.random() < 0.8)
            await asyncio.sleep(self.chance.uniform(0.0, 1.0))
            board.boot()

    async def _fault_cut_link(self) -> None:
        for wire in self.network.of(self._any().name):
            wire.cut()

    async def _fault_half_open(self) -> None:
        for wire in self.network.of(self._any().name):
            wire.fall_silent()

    async def _fault_weather(self) -> None:
        def odds(most: float) -> float:
            return self.chance.choice((0.0, 0.0, self.chance.uniform(0, most)))

        self.network.weather = Weather(
            cut=odds(0.1), silence=odds(0.05), late=odds(0.1), again=odds(0.1), reordered=odds(0.1), damaged=odds(0.05),
            latency_s=self.chance.choice((0.002, 0.05, 0.5, 2.0)),
        )  # fmt: skip

    async def _fault_offline(self) -> None:
        board = self._any()
        self.network.offline.add(board.name)
        for wire in self.network.of(board.name):
            if self.chance.random() < 0.5:
                wire.cut()
            else:
                wire.fall_silent()
        self._later(self.chance.uniform(1, 120), lambda: self.network.offline.discard(board.name))

    async def _fault_bridge_down(self) -> None:
        self._bridge_held = True
        self.bridge.kill()

        def back() -> None:
            self._bridge_held = False
            self._restart_bridge()

        self._later(self.chance.uniform(5, 60), back)

    async def _fault_clock(self) -> None:
        board = self._any()
        year, day = 365 * _DAY_MS, _DAY_MS
        board.skew_ms = self.chance.choice((-year, day, 0, 59_000, -59_000, 90_000, 3_600_000, 2 * year))
        self.ledger.is_long_ago |= board.skew_ms > _LONG_S * 1000

    async def _fault_clockless_boot(self) -> None:
        board = self._any()
        if board.is_on:
            board.cut_power()
            board.has_clock = not board.has_clock
            await asyncio.sleep(self.chance.uniform(0.0, 1.0))
            board.boot()

    async def _fault_backup(self) -> None:
        self.bridge.back_up()

    async def _fault_restore(self) -> None:
        if not self.bridge.backups:
            return
        self.bridge.kill()
        self.ledger.look_into_store()
        backup = self.chance.choice(self.bridge.backups)
        self.bridge.restore(backup)
        self.ledger.restored(backup.ids, self.boards)

    async def _fault_image(self) -> None:
        board = self._any()
        if board.assistant is None:
            return
        folder = self.folder / f"image{len(self.images)}"
        board.copy_to(folder)
        self.images.append((board, folder, self.ledger.cards[board.name].copy()))

    async def _fault_roll_back(self) -> None:
        if not self.images:
            return
        board, folder, card = self.chance.choice(self.images)
        if not board.is_on:
            return
        board.cut_power(torn=False)
        board.copy_from(folder)
        self.ledger.cards[board.name] = card.copy()
        await asyncio.sleep(self.chance.uniform(0.0, 1.0))
        board.boot()

    async def _fault_clone(self) -> None:
        """The image is put into another board, which lives beside the first from then on."""
        if not self.images or len(self.boards) > 5:
            return
        board, folder, card = self.chance.choice(self.images)
        number = len(self.boards)
        clone = Board(
            f"clone{number}", board.house, self.folder / f"clone{number}", self.network, self.chance, self.trace,
            key=board.key, bridge_key=board.bridge_key, room=board.room, machine=f"copy{number}", device=board.device,
        )  # fmt: skip
        clone.reopened = lambda: self._reopened(clone)
        clone.copy_from(folder)
        self.boards.append(clone)
        self.ledger.cards[clone.name] = card.copy()
        clone.boot()

    async def _fault_new_card(self) -> None:
        """The old one is broken; what was never sent is lost with it."""
        board = self._any()
        if not board.is_on:
            return
        board.cut_power()
        board.new_card()
        self.ledger.cards[board.name] = Card()
        await asyncio.sleep(self.chance.uniform(0.0, 1.0))
        board.boot()

    async def _fault_rot(self) -> None:
        """A bit of an event that waits is another one."""
        board = self._any()
        if board.assistant is None or not (kept := board.numbered()):
            return
        _, seq, ident = self.chance.choice(kept)
        if not ident:
            return
        connection = board.assistant.storage.connection
        ((kind, raw),) = connection.execute("SELECT kind, event FROM sync_event WHERE seq = ?", (seq,)).fetchall()
        if kind == Kind.CONSENT:
            return  # all that needed it would be turned away, too
        bit = self.chance.randrange(len(raw) * 8)
        rotten = bytes(byte ^ (1 << bit % 8 if n == bit // 8 else 0) for n, byte in enumerate(raw))
        with suppress(apsw.Error):
            connection.execute("UPDATE sync_event SET event = ? WHERE seq = ?", (rotten, seq))
        self.ledger.excused[ident] = "was damaged on the card"

    async def _fault_revoked(self) -> None:
        """In mid-session; then it was a mistake."""
        board = self._any()
        self.bridge.revoke(board.device, true_ms())
        self._later(self.chance.uniform(1, 60), lambda: self.bridge.revoke(board.device, None))

    async def damage(self, board: Board) -> bool:
        """A page of a card goes bad while the power is off. Returns whether the file was set aside at the next start;
        then what was never sent is lost with it.
        """
        if board.is_on:
            board.cut_power(torn=False)
        board.platter.is_full = board.platter.is_read_only = False
        with closing(apsw.Connection(str(board.file))) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        pages = bytearray(board.file.read_bytes())
        page = self.chance.randrange(len(pages) // _PAGE)
        pages[page * _PAGE : (page + 1) * _PAGE] = self.chance.randbytes(_PAGE)
        board.file.write_bytes(pages)
        card, self.ledger.cards[board.name] = self.ledger.cards[board.name], Card()
        board.boot()
        is_aside = any(board.folder.glob("*.damaged-*"))
        if not is_aside:
            # Nothing was on that page.
            self.ledger.cards[board.name] = card
        return is_aside

    async def _fault_disk_full(self) -> None:
        platter = self._any().platter
        platter.is_full = True
        self._later(self.chance.uniform(0.5, 20), lambda: setattr(platter, "is_full", False))

    async def _fault_read_only(self) -> None:
        platter = self._any().platter
        platter.is_read_only = True
        self._later(self.chance.uniform(0.5, 20), lambda: setattr(platter, "is_read_only", False))

    async def _fault_month_offline(self) -> None:
        """Nobody has a link for thirty days."""
        for board in self.boards:
            board.holds_sync = True
            board._bury_sync()
        for _ in range(self.chance.randint(0, 5)):
            self.loop.skipped += self.chance.uniform(0, 10 * 86_400)
            self.ledger.is_long_ago |= self.loop.skipped > _LONG_S
            board = self._any()
            if board.assistant is not None:
                self.ledger.act(board)
        for board in self.boards:
            board.holds_sync = False
            board.start_sync()


def memory() -> Path | None:
    """A folder that costs no disk, where there is one."""
    shared = Path("/dev/shm")
    return shared if shared.is_dir() else None


@contextmanager
def quiet() -> Iterator[None]:
    """What the programs say in a schedule is expected: within the block they say nothing."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [each.level for each in loggers]
    for each in loggers:
        each.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for each, level in zip(loggers, levels, strict=True):
            each.setLevel(level)


__all__ = ["Outcome", "apsw", "memory", "run", "shutil", "template"]
