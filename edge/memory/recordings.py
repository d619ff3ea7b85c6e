"""The sound of what was said, kept for as long as the person wants; at first not at all.

A FLAC file for each turn in the folder ``recordings`` of the data directory, sealed where what is kept is encrypted
(:mod:`edge.at_rest`). Files, not rows: the database is read from end to end at each start. Only turns that the journal
has are there, and a recording goes with its turn, however that goes.
"""

import functools
import io
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterator
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread
import soundfile
from apsw import Connection

from edge import at_rest, atomic_file
from edge.bus import Bus
from edge.chunk import RATE, Pcm
from edge.errors import StorageError
from edge.events import Fault
from edge.ports import Storage

FOLDER: Final = "recordings"
_PLAIN: Final = ".flac"
_SEALED: Final = ".sealed"
_WAITING: Final = 4
"""Recordings that may wait to be written."""
_SWEEP_S: Final = 3600.0
_DAY_S: Final = 86_400.0
_ID: Final = re.compile(r"[\w-]{1,64}")


class Recordings:
    """Writes, reads and erases them."""

    def __init__(
        self, storage: Storage, folder: Path, days: float, bus: Bus, now: Callable[[], float] = time.time
    ) -> None:
        """``folder``: where they lie; ``days``: how long each is kept, 0: none is. ``now``: seconds since the epoch."""
        self._storage, self._folder, self._days, self._bus, self._now = storage, folder, days, bus, now
        self._waiting: deque[tuple[str, Pcm]] = deque()
        self._news = anyio.Event()

    @property
    def kept(self) -> bool:
        """Whether any are kept."""
        return self._days > 0

    async def keep_for(self, days: float) -> None:
        """How long each is kept from now on; those that are older are erased."""
        self._days = days
        await self._guarded(self.sweep)

    def keep(self, turn: str, pcm: Pcm) -> None:
        """The sound (int16, 16 kHz) of a turn that has ended. Returns at once; what does not fit is not kept."""
        if self.kept and len(self._waiting) < _WAITING:
            self._waiting.append((turn, pcm))
            self._news.set()

    async def serve(self) -> None:
        """Write what is to be kept, and erase what is too old or has no turn any more; runs until it is cancelled."""
        while True:
            await self._guarded(self.sweep)
            with anyio.move_on_after(_SWEEP_S):
                while True:
                    await self._news.wait()
                    self._news = anyio.Event()
                    while self._waiting:
                        await self._guarded(functools.partial(self._write, *self._waiting.popleft()))

    async def sound(self, turn: str) -> bytes | None:
        """The FLAC file of that turn; None where there is none. Raises StorageError."""
        return await anyio.to_thread.run_sync(_read, self._folder, turn) if _ID.fullmatch(turn) else None

    async def pcm(self, turn: str) -> Pcm | None:
        """The same as samples: int16, 16 kHz. Raises StorageError."""
        sound = await self.sound(turn)
        return await anyio.to_thread.run_sync(_decoded, sound) if sound is not None else None

    async def those_of(self, turns: Collection[str]) -> set[str]:
        """Which of ``turns`` have one."""
        return set(turns) & await anyio.to_thread.run_sync(_ids, self._folder) if turns else set()

    async def sweep(self) -> None:
        """Erase what is too old, or belongs to no turn that is remembered. Raises StorageError."""
        if await anyio.to_thread.run_sync(self._folder.is_dir):
            await self._storage.read(self._swept)

    def _swept(self, connection: Connection) -> None:
        # In the database's thread, so that no turn is written meanwhile.
        known: set[str] = set()
        if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'memory_turn'").fetchall():
            known = {ident for (ident,) in connection.execute("SELECT id FROM memory_turn")}
        oldest = self._now() - self._days * _DAY_S
        for file in _files(self._folder):
            if file.stem not in known or file.stat().st_mtime < oldest:
                file.unlink(missing_ok=True)

    async def _write(self, turn: str, pcm: Pcm) -> None:
        await anyio.to_thread.run_sync(write, self._folder, turn, pcm)

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except StorageError as error:
            at = time.monotonic()
            self._bus.emit(Fault(turn="", at=at, code=error.code, stage=error.stage, message=str(error)))


def erase(folder: Path, turns: Collection[str] | None) -> None:
    """Those of ``turns``; None: all. Raises StorageError."""
    for file in _files(folder):
        if turns is None or file.stem in turns:
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                raise StorageError(f"{file} can't be erased: {error.strerror}", "erase it by hand") from error


def count(folder: Path) -> tuple[int, int]:
    """How many there are, and their bytes together."""
    sizes = [file.stat().st_size for file in _files(folder)]
    return len(sizes), sum(sizes)


def all_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Each turn's id and FLAC file. Raises StorageError."""
    for turn in sorted(_ids(folder)):
        if (sound := _read(folder, turn)) is not None:
            yield turn, sound


def write(folder: Path, turn: str, pcm: Pcm) -> None:
    """Keep ``pcm`` (int16, 16 kHz) as the recording of ``turn``. Raises StorageError."""
    packed = io.BytesIO()
    soundfile.write(packed, pcm, RATE, format="FLAC", subtype="PCM_16")
    sealer, content = _sealer(folder), packed.getvalue()
    file = folder / f"{turn}{_PLAIN if sealer is None else _SEALED}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        atomic_file.replace(file, content if sealer is None else sealer.seal(content, turn), durable=False)
    except OSError as error:
        what = f"{file} can't be written: {error.strerror}"
        raise StorageError(what, "check the disk: is it full or read-only?") from error


def _files(folder: Path) -> Iterator[Path]:
    for ending in (_PLAIN, _SEALED):
        yield from folder.glob(f"*{ending}")


def _sealer(folder: Path) -> at_rest.Sealer | None:
    key = at_rest.data_key(folder.parent)
    return at_rest.Sealer(key, FOLDER) if key is not None else None


def _ids(folder: Path) -> set[str]:
    return {file.stem for file in _files(folder)}


def _read(folder: Path, turn: str) -> bytes | None:
    for file in (folder / f"{turn}{_SEALED}", folder / f"{turn}{_PLAIN}"):
        try:
            content = file.read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StorageError(f"{file} can't be read: {error.strerror}", "check the disk") from error
        if file.suffix == _PLAIN:
            return content
        if (sealer := _sealer(folder)) is None:
            raise StorageError(f"{file} can't be read without the data key", "put it back")
        return sealer.unseal(content, turn)
    return None


def _decoded(sound: bytes) -> Pcm:
    try:
        pcm: Pcm = soundfile.read(io.BytesIO(sound), dtype="int16")[0]
    except soundfile.SoundFileError as error:
        raise StorageError(f"a recording is damaged: {error}", "erase it") from error
    return pcm
