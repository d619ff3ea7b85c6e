"""Running something that takes long, with its output in a log file and its progress on one line."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

Words: TypeAlias = Sequence[str | Path]
"""A command line."""

_LOOK_S: Final = 0.2
_SAY_S: Final = 15.0
"""How often something is said where there is no terminal."""
_WORTH_TELLING_S: Final = 2.0
_GRACE_S: Final = 5.0
_TAIL: Final = 1 << 13


class StepFailed(Exception):
    """A command ended badly."""

    def __init__(self, title: str, log: Path) -> None:
        super().__init__(title)
        self.title = title
        self.log = log
        self.output = _tail(log)
        """The end of what it said."""


def watch(title: str, command: Words, log: Path, environ: Mapping[str, str] | None = None) -> None:
    """Run ``command`` to its end, showing ``title``, the time and its last line. Raises StepFailed.

    It runs in a process group of its own, which is ended when we are interrupted.
    """
    started = time.monotonic()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out, _Interruption() as interruption:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environ, start_new_session=True
        )
        line = _Line(title)
        try:
            interruption.counts()
            while process.poll() is None:
                time.sleep(_LOOK_S)
                line.show(time.monotonic() - started, _last_line(log))
        finally:
            _end(process)
            line.clear()
    if process.returncode:
        raise StepFailed(title, log)
    if time.monotonic() - started > _WORTH_TELLING_S:
        print(f"{title}: done in {time.monotonic() - started:.0f} s", file=sys.stderr)


class _Interruption:
    """Ctrl-C is held back until it :meth:`counts`: in the midst of a start nobody knows yet what to end."""

    def __init__(self) -> None:
        self._held = self._pressed = False

    def __enter__(self) -> "_Interruption":
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._note)
            self._held = True
        return self

    def __exit__(self, *_: object) -> None:
        if self._held:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def counts(self) -> None:
        """Raises KeyboardInterrupt where it was pressed meanwhile."""
        self.__exit__()
        if self._pressed:
            raise KeyboardInterrupt

    def _note(self, *_: object) -> None:
        self._pressed = True


class _Line:
    """The one line on a terminal that keeps changing; elsewhere a new line now and then."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._said = -_SAY_S
        self._live = sys.stderr.isatty()

    def show(self, elapsed_s: float, step: str) -> None:
        line = " · ".join(filter(None, [f"{self._title}: {elapsed_s:.0f} s", step]))
        line = line[: shutil.get_terminal_size().columns - 1]
        if self._live:
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
        elif elapsed_s > _WORTH_TELLING_S and elapsed_s - self._said >= _SAY_S:
            self._said = elapsed_s
            print(line, file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self._live:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _tail(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL))
        return file.read().decode("utf-8", "replace")


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in _tail(log).replace("\r", "\n").splitlines()]
    last = next((line for line in reversed(lines) if line), "")
    # Of a compiler's long command line only its number and the file.
    return re.sub(r"^(\[\d+/\d+\]) .*?([^/ ]+)$", r"\1 \2", last)
