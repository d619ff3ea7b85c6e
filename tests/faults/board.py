"""An assistant's board in a schedule: the assistant and ``hearth-sync`` on one database, on a disk that fails."""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.client.believed import Clocks
from cloud_sync.client.compose import End
from cloud_sync.client.counter import Counter
from cloud_sync.client.credentials import DeviceCredentials
from cloud_sync.client.daemon import Daemon
from cloud_sync.client.erasing import DeviceErasures
from cloud_sync.client.kept import KeptQuestions
from cloud_sync.client.local import Standing
from cloud_sync.client.outbox import DatabaseOutbox
from cloud_sync.client.replica import Replica
from cloud_sync.client.room import Room
from cloud_sync.client.shared import SHARED
from cloud_sync.protocol.errors import ProtocolError
from cloud_sync.protocol.event import check, decode
from cloud_sync.protocol.messages import Answer, Call, Delta
from edge.act.skills.lists.store import ListStore
from edge.act.skills.routines.store import RoutineStore
from edge.errors import StorageError
from edge.memory.episodes import Episodes
from edge.memory.facts import Facts
from edge.privacy.consent import Consents
from edge.privacy.outgoing import Outgoing
from tests.faults.disk import Platter
from tests.faults.network import Network
from tests.faults.process import Killed, Process
from tests.faults.storage import SimStorage
from tests.faults.virtual import true_ms

R = TypeVar("R")
URL = "faults://"
_BACK_S = 2.0
"""How soon a process that died is there again."""
_DAYS = 100_000.0
"""How long a turn is remembered: clocks go wrong by years."""


def at_once(coroutine: Coroutine[Any, Any, R]) -> R:
    """The result of what waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: R = done.value
        return result
    raise AssertionError("it waits")


class _Quiet(Counter):
    """``sync.sock`` without the socket: the assistant of the schedule calls at once."""

    @asynccontextmanager
    async def open(self, data_dir: Path) -> AsyncIterator[None]:
        BOARDS[str(data_dir)].counter = self
        yield

    def announce(self) -> None:
        pass

    def deliver(self, message: Delta | Call | Answer) -> bool:
        return False

    @property
    def standing(self) -> Standing:
        return self._standing()

    def look(self) -> None:
        self._look()


BOARDS: dict[str, "Board"] = {}
"""By name and by folder: those of the schedule that runs."""


class _Opened:
    """Stands for :class:`edge.database.Database` in hearth-sync."""

    def __init__(self, file: Path, **options: Any) -> None:
        self._board, self._file, self._options = BOARDS[str(file.parent)], file, options

    async def __aenter__(self) -> "_Opened":
        board = self._board
        assert board.sync is not None
        checkpoints = self._options.get("checkpoints", True)
        self._storage = board.sync_storage = SimStorage(board.sync, board.platter, self._file, checkpoints=checkpoints)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._storage.drop()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)


def _connect(url: str, **_options: object) -> Any:
    board = BOARDS[url.removeprefix(URL).partition("/")[0]]
    assert board.sync is not None
    return board.network.connecting(board.name, board.sync)


@contextmanager
def simulated() -> Iterator[None]:
    """``hearth-sync`` runs in this process, over the network of the schedule."""
    with (
        patch("cloud_sync.client.daemon.Database", _Opened),
        patch("cloud_sync.client.daemon.Counter", _Quiet),
        patch("cloud_sync.client.link.connect", _connect),
    ):
        yield
    BOARDS.clear()


class Assistant:
    """One life of the assistant's process."""

    def __init__(self, board: "Board") -> None:
        self.process = Process(f"{board.name} assistant", board.assistant_died)
        self.board = board
        self.end = board.end()
        self.outbox = self.end.outbox
        self.storage = SimStorage(self.process, board.platter, board.file)
        clock, erasures = board.wall_s, DeviceErasures(self.outbox)
        self.lists, self.facts = ListStore(self.storage, clock), Facts(self.storage, clock, erasures=erasures)
        self.routines = RoutineStore(self.storage, clock)
        self.episodes = Episodes(self.storage, _DAYS, clock, outbox=self.outbox, erasures=erasures)
        self.questions = KeptQuestions(self.outbox)
        self.consents = Consents(self.storage, self.outbox, clock)

    def start(self) -> None:
        """As the program does. Raises StorageError, Killed."""
        at_once(self.end.prepare(self.storage))
        self.storage.seal = self.end.seal
        at_once(self.storage.write(self.outbox.head))
        at_once(self.lists.names())
        at_once(self.facts.all())
        at_once(self.routines.load())
        at_once(self.episodes.between(0.0, 0.0))


class Board:
    """One device."""

    def __init__(
        self,
        name: str,
        house: str,
        folder: Path,
        network: Network,
        chance: random.Random,
        trace: Callable[[str], None],
        *,
        key: Ed25519PrivateKey,
        bridge_key: bytes,
        room: Room,
        machine: str,
        device: str = "",
    ) -> None:
        """``device``: who it is to the bridge, where that is not its name: it has a copied card."""
        self.device = device or name
        self.bridge_key = bridge_key
        self.name, self.house, self.machine, self.room = name, house, machine, room
        self.network, self.chance, self.trace = network, chance, trace
        self.folder = folder
        folder.mkdir()
        self.file = folder / "hearthside.db"
        self.platter = Platter(folder)
        self.key = key
        self.skew_ms = 0
        self.has_clock = True
        self.boots = 0
        self.booted_ms = 0
        self.assistant: Assistant | None = None
        self.sync: Process | None = None
        self.counter: _Quiet | None = None
        self.daemon: Daemon | None = None
        self.sync_storage: SimStorage | None = None
        self._task: asyncio.Task[None] | None = None
        self.is_on = False
        self.fuse: int | None = None
        self.holds_sync = False
        """hearth-sync is not to run."""
        self.reopened: Callable[[], None] = lambda: None
        """Is called when the assistant is there again."""
        self.looks_lost = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        BOARDS[str(folder)] = BOARDS[name] = self

    # -- clocks --------------------------------------------------------------------------------------------------------

    def running_ms(self) -> int:
        return true_ms() - self.booted_ms

    def wall_ms(self) -> int:
        if not self.has_clock:
            return self.running_ms()
        return max(0, true_ms() + self.skew_ms)

    def wall_s(self) -> float:
        return self.wall_ms() / 1000

    def end(self) -> End:
        """As :mod:`cloud_sync.client.compose` makes it, once for each process."""
        clocks = Clocks(self.wall_ms, self.running_ms, lambda: f"{self.name} {self.boots}")
        outbox = DatabaseOutbox(self.device, room=self.room, machine=self.machine, clocks=clocks, screen=Outgoing("en"))
        return End(outbox, Replica(self.device, outbox), asks_consent=True)

    # -- power ---------------------------------------------------------------------------------------------------------

    def boot(self, fuse: int | None = None) -> None:
        """The power comes. ``fuse``: the assistant dies at that point of its start."""
        self.fuse = fuse
        self.boots += 1
        self.booted_ms = true_ms()
        self.is_on = True
        self.start_assistant()
        self.start_sync()

    def cut_power(self, *, torn: bool = True) -> None:
        """It goes. ``torn`` False: the processes die, the machine lives (all that was written is written)."""
        self.trace(f"{self.name}: {'power cut' if torn else 'everything killed'}")
        self.is_on = False
        if self.assistant is not None:
            self.assistant.process.is_dead = True
            self.assistant.storage.drop()
            self.assistant = None
        self._bury_sync()
        if torn:
            self.platter.cut(self.chance)
        else:
            self.platter.unsynced.clear()
            self.platter.forget_shared_memory()

    # -- processes -----------------------------------------------------------------------------------------------------

    def start_assistant(self) -> None:
        """As systemd does, again and again."""
        if not self.is_on or self.assistant is not None:
            return
        made = None
        try:
            made = Assistant(self)
            self.assistant = made
            made.process.fuse, self.fuse = self.fuse, None
            made.start()
        except (StorageError, Killed) as error:
            if self.assistant is made and made is not None:
                made.process.is_dead = True
                made.storage.drop()
                self.assistant = None
            self.trace(f"{self.name}: the assistant can't start: {error}")
            self._later(_BACK_S, self.start_assistant)
        else:
            self.reopened()

    def assistant_died(self, what: str) -> None:
        self.trace(f"{self.name}: the assistant dies {what}")
        dead = self.assistant
        if dead is not None:
            dead.storage.disk.is_frozen = True
            asyncio.get_running_loop().call_soon(self._bury_assistant, dead)

    def _bury_assistant(self, dead: Assistant) -> None:
        dead.storage.drop()
        if self.assistant is dead:
            self.assistant = None
            self._later(_BACK_S, self.start_assistant)

    def start_sync(self) -> None:
        if not self.is_on or self.sync is not None or self.holds_sync:
            return
        process = self.sync = Process(f"{self.name} hearth-sync", self._sync_died)
        self._task = asyncio.create_task(self._serve(process))

    async def _serve(self, process: Process) -> None:
        loop = asyncio.get_running_loop()
        try:
            credentials = DeviceCredentials(self.key, "", None, self.bridge_key)
            self.daemon = Daemon(self.folder, f"{URL}{self.name}", credentials, self.end(), self.chance.random)
            self.daemon._link._now = self.daemon._store._now = loop.time
            await self.daemon.serve(lambda: None)
        except BaseException as error:  # noqa: BLE001  # a process that ends, however
            _expected(error)
            if not process.is_dead:
                self.trace(f"{self.name}: hearth-sync ends: {error!r}")
                process.die("by itself")

    def _sync_died(self, what: str) -> None:
        self.trace(f"{self.name}: hearth-sync dies {what}")
        if self.sync_storage is not None:
            self.sync_storage.disk.is_frozen = True
        asyncio.get_running_loop().call_soon(self._replace_sync, self.sync)

    def _replace_sync(self, dead: Process) -> None:
        if self.sync is dead:
            self._bury_sync()
            self._later(_BACK_S, self.start_sync)

    def _bury_sync(self) -> None:
        if self.sync is None:
            return
        self.sync.is_dead = True
        if self._task is not None:
            self._task.cancel()
            self._tasks.add(self._task)
        if self.sync_storage is not None:
            self.sync_storage.drop()
        for wire in self.network.of(self.name):
            wire.vanish(board=True)
        self.sync = self._task = self.sync_storage = self.counter = None

    async def stop(self) -> None:
        """At the end of a schedule."""
        if self.is_on:
            self.cut_power(torn=False)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _later(self, seconds: float, work: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(seconds, work)

    # -- what its people do --------------------------------------------------------------------------------------------

    def look(self) -> None:
        """The assistant tells hearth-sync that there is something new."""
        if self.counter is not None and self.chance.random() >= self.looks_lost:
            self.counter.look()

    # -- what is in its file -------------------------------------------------------------------------------------------

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Of the assistant's connection, which must be there."""
        assert self.assistant is not None
        return self.assistant.storage.connection.execute(sql, values).fetchall()

    def waiting(self) -> dict[bytes, str]:
        """Ids of the events that are kept, with their kinds."""
        kinds = dict(self.rows("SELECT seq, kind FROM sync_event"))
        return {ident: kinds[seq] for _, seq, ident in self.numbered() if ident}

    def numbered(self) -> list[tuple[str, int, bytes]]:
        """(incarnation, number, id) of the events that are kept."""
        incarnation = self.rows("SELECT incarnation FROM sync_self")[0][0]
        kept = self.rows("SELECT seq, event FROM sync_event")
        return [(incarnation, seq, self._id(incarnation, raw)) for seq, raw in kept]

    def _id(self, incarnation: str, raw: bytes) -> bytes:
        """Empty for an event that is damaged."""
        try:
            one = decode(raw)
            check(self.device, incarnation, one)
        except ProtocolError:
            return b""
        return one.id

    def shown(self) -> dict[str, list[tuple[Any, ...]]]:
        """The shared tables as its people see them."""
        return {
            table.kind: sorted(
                self.rows(
                    f"SELECT {table.key}, {', '.join(table.fields)} FROM {table.name} WHERE NOT ({table.deleted})"
                ),
                key=repr,
            )
            for table in SHARED
            if self.rows("SELECT 1 FROM sqlite_schema WHERE name = ?", table.name)
        }

    def is_settled(self, cursor: int, bridge: Process | None) -> bool:
        """Everything is sent to that life of the bridge, and everything of the house is here."""
        wires = self.network.of(self.name)
        if not wires or wires[-1].server.process is not bridge or wires[-1].client.is_closed:
            return False
        if self.assistant is None or self.counter is None or not self.counter.standing.linked:
            return False
        session = self.daemon._link.session if self.daemon is not None else None
        if session is None or not session.idle or session.cursor < cursor:
            return False
        ((newest,),) = self.rows("SELECT coalesce(max(seq), 0) FROM sync_event")
        ((kept,),) = self.rows("SELECT cursor FROM sync_link")
        return bool(newest <= session.acked and kept >= cursor)

    # -- copies of the card --------------------------------------------------------------------------------------------

    def copy_to(self, folder: Path) -> None:
        """An image of the card, as it is while everything runs: file and log together."""
        folder.mkdir(exist_ok=True)
        for name in ("hearthside.db", "hearthside.db-wal"):
            if (self.folder / name).exists():
                shutil.copy(self.folder / name, folder / name)

    def new_card(self) -> None:
        """There is nothing on it; while the power is off."""
        assert not self.is_on
        for name in self.folder.glob("hearthside.db*"):
            name.unlink()

    def copy_from(self, folder: Path) -> None:
        """The card is written over by an image; while the power is off."""
        assert not self.is_on
        for name in ("hearthside.db", "hearthside.db-wal"):
            (self.folder / name).unlink(missing_ok=True)
            if (folder / name).exists():
                shutil.copy(folder / name, self.folder / name)


def _expected(error: BaseException) -> None:
    """Raises what no process may end by."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            _expected(each)
    elif not isinstance(error, (Killed, asyncio.CancelledError, StorageError)):
        raise error
