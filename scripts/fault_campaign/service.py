"""A process that is looked after as systemd does it: started again whenever it ends, ended when it misses a beat.

systemd itself can't be had in every container and on every machine; ``scripts/check_install`` tries the unit under
the real one. What is done here is what systemd.service(5) and sd_notify(3) say of Type=notify, Restart=always,
WatchdogSec= and the timeouts, with the unit's own values; and, as the real one was seen to do, a WATCHDOG_USEC= is a
beat, and holds until the process ends.
"""

import json
import os
import re
import selectors
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from scripts.fault_campaign.unit import Limits

_LOOK_S: Final = 0.05
_MICROSECONDS: Final = 1e6
_FAR: Final = float("inf")
_LATE_S: Final = 0.25
"""systemd's timers come as late as that, to wake the processor less often: sd_event_add_time(3). Seen: 0.75 s for
``RestartSec=500ms``."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of its log."""

    at: float
    """When it was read: seconds on the monotonic clock."""
    process: int
    fields: Mapping[str, Any]
    """``message`` and what it says beside it; of a line that is no JSON, ``message`` alone."""

    @property
    def message(self) -> str:
        """What it says."""
        return str(self.fields.get("message", ""))


@dataclass(slots=True)
class Life:
    """One process, from its start to its end."""

    process: int
    started: float
    ready: float | None = None
    ended: float | None = None
    how: int = 0
    """Exit status, or the signal's number, negative."""
    why: str = ""
    """Why it was ended, where that was the watchdog or a timeout."""


@dataclass(slots=True)
class _Watch:
    """Of the process that runs now."""

    limit_s: float
    beaten: float = _FAR
    """Of the last beat; not watched before it is ready."""
    kill_at: float = _FAR
    """When SIGKILL follows."""
    start_by: float = _FAR


@dataclass(frozen=True, slots=True)
class Command:
    """What is started."""

    line: Sequence[str]
    environ: Mapping[str, str]
    folder: Path
    """For its socket and its log."""


class Service:
    """Looked after by a thread of its own. Use as a context manager."""

    def __init__(self, command: Command, limits: Limits) -> None:
        self._command, self.limits = command, limits
        self.prefix: Sequence[str] = ()
        """What is put before the command from the next start on."""
        self.extra: Mapping[str, str] = {}
        """Environment from the next start on."""
        self.lives: list[Life] = []
        self.lines: list[Line] = []
        self.status = ""
        """What it says of itself to systemd."""
        self.longest_s = 0.0
        """The longest that a beat has taken to come; whoever wants to know it of a time sets it to 0 before."""
        self._changed = threading.Condition()
        self._process: subprocess.Popen[bytes] | None = None
        self._watch = _Watch(limits.watchdog_s)
        self._start_at = _FAR
        self._rest = b""
        self._closing = self._held = False
        self._selector = selectors.DefaultSelector()
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._thread = threading.Thread(target=self._look_after, name="service", daemon=True)

    def __enter__(self) -> "Service":
        path = self._command.folder / "notify"
        path.unlink(missing_ok=True)
        self._notify.bind(str(path))
        self._notify.setblocking(False)
        self._selector.register(self._notify, selectors.EVENT_READ)
        self._start_at = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        self._thread.join()
        self._notify.close()
        self._selector.close()

    # -- what is asked of it ----------------------------------------------------------------------------------------

    @property
    def process(self) -> int:
        """The id of the process that runs, or ran last."""
        return self.lives[-1].process if self.lives else 0

    @property
    def runs(self) -> bool:
        """Whether one runs now."""
        return bool(self.lives) and self.lives[-1].ended is None

    @property
    def is_ready(self) -> bool:
        """Whether the one that runs has said so."""
        return self.runs and self.lives[-1].ready is not None

    @property
    def waits_s(self) -> float:
        """How long a beat of the one that runs is waited for now."""
        return self._watch.limit_s

    def signal(self, number: int) -> None:
        """Send it to the process that runs; to nobody where none does."""
        if self.runs:
            os.kill(self.process, number)

    def hold(self) -> None:
        """Ended, and not started again before :meth:`go_on`; returns when it has ended."""
        self._held = True
        self.until(lambda: not self.runs, self.limits.stop_s + self.limits.start_s)

    def go_on(self) -> float:
        """Started again at once. Returns when: seconds on the monotonic clock."""
        self._held, self._start_at = False, time.monotonic()
        return self._start_at

    def until(self, met: Callable[[], bool], within_s: float) -> bool:
        """Whether ``met`` comes true in that time; it is asked whenever something has happened."""
        deadline = time.monotonic() + within_s
        with self._changed:
            while not met():
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, 1.0))
        return True

    def line(self, wanted: Callable[[Line], bool], since: float) -> Line | None:
        """The first such line after a time, if there is one."""
        return next((line for line in tuple(self.lines) if line.at > since and wanted(line)), None)

    def said(self, pattern: str, since: float) -> str | None:
        """The first message after a time that ``pattern`` (a regular expression) is found in, if there is one."""
        found = self.line(lambda line: re.search(pattern, line.message) is not None, since)
        return found.message if found is not None else None

    # -- the thread --------------------------------------------------------------------------------------------------

    def _look_after(self) -> None:
        while not (self._closing and self._process is None):
            now = time.monotonic()
            unwanted = self._closing or self._held
            if unwanted and self._process is not None and self._watch.kill_at == _FAR:
                self._end(signal.SIGTERM, self.limits.stop_s)
            if self._process is None and not unwanted and now >= self._start_at:
                self._start()
            for key, _ in self._selector.select(_LOOK_S):
                self._read_notes() if key.fileobj is self._notify else self._read_log(key.fileobj)  # type: ignore[arg-type]
            if self._process is not None:
                self._judge(time.monotonic())

    def _start(self) -> None:
        path = self._command.folder / "notify"
        environ = {
            **self._command.environ,
            **self.extra,
            "NOTIFY_SOCKET": str(path),
            "WATCHDOG_USEC": str(round(self.limits.watchdog_s * _MICROSECONDS)),
        }
        line = [*self.prefix, *self._command.line]
        now = time.monotonic()
        self._process = subprocess.Popen(line, env=environ, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert self._process.stderr is not None
        os.set_blocking(self._process.stderr.fileno(), False)
        self._selector.register(self._process.stderr, selectors.EVENT_READ)
        self._watch, self._rest = _Watch(self.limits.watchdog_s, start_by=now + self.limits.start_s), b""
        with self._changed:
            self.lives.append(Life(self._process.pid, now))
            self._changed.notify_all()

    def _judge(self, now: float) -> None:
        assert self._process is not None
        life, watch = self.lives[-1], self._watch
        if (status := self._process.poll()) is not None:
            self._buried(life, status, now)
        elif now > watch.kill_at:
            self._process.kill()
        elif watch.kill_at == _FAR and now > watch.start_by:
            life.why = "not ready in time"
            self._end(signal.SIGTERM, self.limits.stop_s)
        elif watch.kill_at == _FAR and now - watch.beaten > watch.limit_s:
            life.why = life.why or f"no beat for {watch.limit_s:.0f} s"
            self._end(signal.SIGABRT, self.limits.abort_s)

    def _end(self, number: int, patience_s: float) -> None:
        assert self._process is not None
        self._watch.kill_at = time.monotonic() + patience_s
        self._process.send_signal(number)
        self._process.send_signal(signal.SIGCONT)  # what is stopped takes no other signal

    def _buried(self, life: Life, status: int, now: float) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        self._read_log(self._process.stderr)
        if self._process.stderr in (key.fileobj for key in self._selector.get_map().values()):
            self._selector.unregister(self._process.stderr)
        self._process.stderr.close()
        self._process = None
        self._start_at = now + self.limits.pause_s + _LATE_S
        with self._changed:
            life.ended, life.how = now, status
            self._changed.notify_all()

    def _read_log(self, pipe: IO[bytes]) -> None:
        while True:
            try:
                read = os.read(pipe.fileno(), 65_536)
            except BlockingIOError:
                return
            if not read:
                if pipe in (key.fileobj for key in self._selector.get_map().values()):
                    self._selector.unregister(pipe)
                return
            *whole, self._rest = (self._rest + read).split(b"\n")
            now = time.monotonic()
            with (self._command.folder / "log").open("ab") as log, self._changed:
                for each in whole:
                    log.write(each + b"\n")
                    self.lines.append(Line(now, self.process, _fields(each)))
                self._changed.notify_all()

    def _read_notes(self) -> None:
        while True:
            try:
                note = self._notify.recv(4096).decode()
            except BlockingIOError:
                return
            now = time.monotonic()
            with self._changed:
                for name, _, value in (line.partition("=") for line in note.splitlines()):
                    self._noted(name, value, now)
                self._changed.notify_all()

    def _noted(self, name: str, value: str, now: float) -> None:
        watch = self._watch
        match name, value:
            case "READY", "1":
                self.lives[-1].ready = self.lives[-1].ready or now
                watch.beaten, watch.start_by = now, _FAR
            case "WATCHDOG", "1" if watch.beaten != _FAR:
                self.longest_s = max(self.longest_s, now - watch.beaten)
                watch.beaten = now
            case "WATCHDOG", "trigger":
                self.lives[-1].why = "asked for it"
                watch.beaten = -_FAR
            case "WATCHDOG_USEC", _:
                watch.limit_s = int(value) / _MICROSECONDS
                watch.beaten = now if watch.beaten != _FAR else _FAR
            case "EXTEND_TIMEOUT_USEC", _ if watch.start_by != _FAR:
                watch.start_by = max(watch.start_by, now + int(value) / _MICROSECONDS)
            case "STATUS", _:
                self.status = value
            case _:
                pass


def _fields(line: bytes) -> Mapping[str, Any]:
    try:
        read = json.loads(line)
    except ValueError:
        return {"message": line.decode("utf-8", "replace")}
    return read if isinstance(read, dict) else {"message": str(read)}
