"""A system under measurement, in a process of its own, so that its processor time and memory are its own too."""

import re
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import PIPE
from typing import Final

import anyio
import psutil
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from edge.bench.errors import UNREADABLE, BenchError, Unreadable

_END_S: Final = 2.0
"""How long a system may take to end by itself when asked to."""
_MEBIBYTE: Final = 1 << 20
_LONGEST_LINE: Final = 1 << 22
_FIGURE: Final = re.compile(r"^(VmRSS|RssFile):\s*(\d+) kB$", re.MULTILINE)
"""KiB, in ``/proc/PID/status``: proc(5)."""


class Measured:
    """A running process with all that it started."""

    def __init__(self, name: str, process: Process, log: Path, begun: float) -> None:
        """``log``: where its standard error goes; ``begun``: ``perf_counter`` just before its start."""
        self.name = name
        self._begun = begun
        assert process.stdout is not None
        self._process, self._log = process, log
        self._root = psutil.Process(process.pid)
        self._lines = BufferedByteReceiveStream(process.stdout)

    def cpu_s(self) -> float:
        """Processor seconds that the tree has spent, user and system, with those of children that have ended."""
        spent = 0.0
        for process in self._tree():
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            spent += times.user + times.system
            if process == self._root:
                spent += times.children_user + times.children_system
        return spent

    def rss_mb(self) -> float:
        """Resident memory of the tree now, MiB; pages that its processes share count once for each."""
        used = 0
        for process in self._tree():
            try:
                used += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return used / _MEBIBYTE

    def memory(self) -> str:
        """In words, of the tree now: what is resident, and how much of that is pages of files, which the kernel may
        drop and read again.
        """
        rss, files = 0, 0
        for process in self._tree():
            try:
                found = dict(_FIGURE.findall(Path(f"/proc/{process.pid}/status").read_text("ascii", "replace")))
            except OSError:
                continue
            rss += int(found["VmRSS"])
            files += int(found["RssFile"])
        return f"{rss / 1024:.0f} MiB ({rss * 1024 / 1e6:.0f} MB) resident, {files / 1024:.0f} MiB of it of files,"

    @property
    def age_s(self) -> float:
        """Seconds since its start."""
        return time.perf_counter() - self._begun

    @property
    def running(self) -> bool:
        """Whether it still is."""
        return self._process.returncode is None and self._root.is_running()

    async def line(self) -> str:
        """The next line of its standard output. Raises BenchError with its last words when it ends instead."""
        try:
            return (await self._lines.receive_until(b"\n", _LONGEST_LINE)).decode()
        except (anyio.IncompleteRead, anyio.EndOfStream, anyio.ClosedResourceError):
            raise self.failure("ended") from None

    async def tell(self, line: str) -> None:
        """Write ``line`` to its standard input. Raises BenchError when it has ended."""
        assert self._process.stdin is not None
        try:
            await self._process.stdin.send(f"{line}\n".encode())
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            raise self.failure("ended") from None

    async def over(self) -> None:
        """Returns when it is over and its exit status is known, which the event loop hears of a moment later."""
        await self._process.wait()

    async def ended(self) -> int:
        """Wait until it ends by itself. Returns its exit status; what it writes meanwhile is dropped."""
        async for _ in self._lines:
            pass
        return await self._process.wait()

    def failure(self, what: str) -> BenchError:
        """``what`` it did, with its last words."""
        kind = Unreadable if self._process.returncode == UNREADABLE else BenchError
        return kind(f"{self.name} {what}: {self.last_words()}", "run it by itself to see more")

    def last_words(self) -> str:
        """The last error in its log, or else the last line."""
        lines = [line.strip() for line in self._log.read_text("utf-8", errors="replace").splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith(("ERROR:", "hearth:"))]
        return (errors or lines or ["it said nothing"])[-1].removeprefix("ERROR:").removeprefix("hearth:").strip()

    async def end(self) -> None:
        """Stop the tree: asked first, then made to."""
        tree = self._tree()
        for process in tree:
            _signal(process, psutil.Process.terminate)
        with anyio.move_on_after(_END_S):
            await self._process.wait()
        for process in tree:
            _signal(process, psutil.Process.kill)
        await self._process.wait()
        await self._process.aclose()

    def _tree(self) -> list[psutil.Process]:
        try:
            return [self._root, *self._root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


def _signal(process: psutil.Process, send: object) -> None:
    assert callable(send)
    try:
        send(process)
    except psutil.NoSuchProcess:
        return


@asynccontextmanager
async def measured(
    name: str, command: Sequence[str], environment: Mapping[str, str] | None = None
) -> AsyncIterator[Measured]:
    """Start ``command`` and end it, with everything it started, however the block is left. Raises BenchError."""
    with tempfile.TemporaryDirectory(prefix="hearth-bench-") as folder:
        log = Path(folder) / "log"
        with log.open("wb") as stderr:
            begun = time.perf_counter()
            try:
                # In a session of its own, so that Ctrl-C comes to us, who end it, and not to it as well.
                process = await anyio.open_process(
                    command, stdin=PIPE, stdout=PIPE, stderr=stderr, env=environment, start_new_session=True
                )
            except OSError as error:
                raise BenchError(f"{name} cannot be started: {error.strerror}", f"check {command[0]}") from error
            running = Measured(name, process, log, begun)
            try:
                yield running
            finally:
                with anyio.CancelScope(shield=True):
                    await running.end()
