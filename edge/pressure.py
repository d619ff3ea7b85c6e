"""Whether memory runs short, as the kernel tells it: by how long programs had to wait for it.

Sources: https://docs.kernel.org/accounting/psi.html; the protocol by which systemd, or whoever starts a service, says
where to look: https://systemd.io/MEMORY_PRESSURE.
"""

import base64
import binascii
import logging
import os
import select
import stat
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final, Protocol

import anyio

_log = logging.getLogger(__name__)

SYSTEM: Final = "proc/pressure/memory"
"""Of the whole board: what helps its other programs helps."""
_TRIGGER: Final = b"some 200000 2000000"
"""Microseconds that some program waited for memory, in any two seconds: what systemd takes too. Whoever is not root may
only name windows of whole two seconds."""
_SHARE: Final = 10.0
"""Percent of the last ten seconds, where no trigger can be set: the same tenth."""
_LOOK_S: Final = 10.0
_NOBODY: Final = Path("/dev/null")
"""As the protocol has it for "does not matter"."""
_READ_AT_ONCE: Final = 4096


class Pressure(Protocol):
    """What tells of it."""

    async def short(self) -> None:
        """Returns when memory is short. Called again, it returns when it is so still, or again."""


@asynccontextmanager
async def memory_pressure(
    environment: Mapping[str, str], root: Path = Path("/"), look_s: float = _LOOK_S
) -> AsyncIterator[Pressure | None]:
    """What ``environment`` names, else the whole board's under ``root``; None where nothing tells."""
    file = _file(environment, root)
    if not watched(environment, root):
        yield None
        return
    named = "MEMORY_PRESSURE_WATCH" in environment
    trigger = _said(environment.get("MEMORY_PRESSURE_WRITE", "")) if named else _TRIGGER
    try:
        opened = _Trigger(file, trigger)
    except OSError as error:
        # Kernels before 6.5 let only root set one.
        _log.info("memory is looked after every %.0f s: %s (%s)", look_s, error.strerror, file)
        yield _Averages(file, look_s)
        return
    try:
        yield opened
    finally:
        opened.close()


def watched(environment: Mapping[str, str], root: Path = Path("/")) -> bool:
    """Whether anything tells. Kernels without it have no such file; with it switched off, it can't be read."""
    file = _file(environment, root)
    try:
        if stat.S_ISREG(file.stat().st_mode):
            with file.open("rb") as readable:
                readable.read(_READ_AT_ONCE)
    except OSError:
        return False
    return file != _NOBODY


def is_short(environment: Mapping[str, str], root: Path = Path("/")) -> bool:
    """Whether it is short now, at a single look."""
    file = _file(environment, root)
    return file.is_file() and _waited(file) >= _SHARE


def _file(environment: Mapping[str, str], root: Path) -> Path:
    return Path(environment.get("MEMORY_PRESSURE_WATCH", root / SYSTEM))


def _said(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return b""


class _Trigger:
    """Woken by the kernel. A FIFO in its place is woken by whoever writes into it."""

    def __init__(self, file: Path, trigger: bytes) -> None:
        """Raises OSError where none can be set."""
        fifo = stat.S_ISFIFO(file.stat().st_mode)
        self._file = os.open(file, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        # The kernel tells by POLLPRI, which the event loop does not know. A set of descriptors is readable as soon as
        # one of them has anything to tell.
        self._set = select.epoll()
        try:
            if not fifo:
                os.write(self._file, trigger + b"\0")
            self._set.register(self._file, select.EPOLLIN if fifo else select.EPOLLPRI)
        except OSError:
            self.close()
            raise
        self._fifo = fifo

    async def short(self) -> None:
        await anyio.wait_readable(self._set.fileno())
        # To ask takes the kernel's word back, so that it is not told twice.
        self._set.poll(0)
        if self._fifo:
            with suppress(BlockingIOError):
                os.read(self._file, _READ_AT_ONCE)

    def close(self) -> None:
        self._set.close()
        os.close(self._file)


class _Averages:
    """Looks now and then."""

    def __init__(self, file: Path, look_s: float) -> None:
        self._file, self._look_s = file, look_s

    async def short(self) -> None:
        while True:
            await anyio.sleep(self._look_s)
            if _waited(self._file) >= _SHARE:
                return


def _waited(file: Path) -> float:
    """Percent of the last ten seconds that some program waited for memory."""
    try:
        for line in file.read_text("ascii").splitlines():
            kind, *figures = line.split()
            if kind == "some":
                return float(dict(figure.split("=", 1) for figure in figures)["avg10"])
    except (OSError, ValueError, KeyError):
        return 0.0
    return 0.0
