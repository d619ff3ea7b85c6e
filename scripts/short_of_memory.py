"""`hearth run` in a control group that has less memory than a board: what it does then.

    sudo .venv/bin/python -m scripts.short_of_memory --limit 300 --profile zero2w
    sudo .venv/bin/python -m scripts.short_of_memory --limit 420 --rested 2

The first: whether it starts, and carries out commands, in what a board of 512 MB has left for it; page cache counts, as
it does there. The second: whether engines that rest are unloaded once the kernel tells of pressure, and how soon the
local model is back when a sentence needs it. Needs root, for the control group (version 1 or 2), a microphone by
PulseAudio (tests/pulse.py) and mosquitto.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from edge.bench.footprint import SENTENCES
from tests.brokers import mosquitto
from tests.pulse import Pulse

_ROOT: Final = Path("/sys/fs/cgroup")
_START_S: Final = 300.0
_PRESS_S: Final = 60.0
_READERS: Final = 4
_COMMANDS: Final = ("what time is it", "set a timer for ten minutes", "how much is six times seven")


@contextmanager
def limited(limit_mb: int) -> Iterator[Path]:
    """A control group of so many MiB; its folder."""
    old = (_ROOT / "memory").is_dir()
    group = (_ROOT / "memory" if old else _ROOT) / f"hearth-short-{os.getpid()}"
    group.mkdir()
    (group / ("memory.limit_in_bytes" if old else "memory.max")).write_text(str(limit_mb << 20))
    try:
        yield group
    finally:
        deadline = time.monotonic() + 10
        while (group / "cgroup.procs").read_text() and time.monotonic() < deadline:
            time.sleep(0.1)
        group.rmdir()


def peak_mb(group: Path) -> int:
    """The most that it had, MiB."""
    names = ("memory.max_usage_in_bytes", "memory.peak")
    return next(int((group / name).read_text()) >> 20 for name in names if (group / name).exists())


@contextmanager
def pressed(group: Path, limit_mb: int) -> Iterator[None]:
    """While the block lasts, others in the group read more than fits into it, again and again."""
    with tempfile.NamedTemporaryFile(dir="/var/tmp", prefix="short-") as much:
        much.truncate(0)
        for _ in range(2 * limit_mb):
            much.write(os.urandom(1 << 10) * (1 << 10))
        much.flush()
        reads = f"while True:\n with open({much.name!r}, 'rb') as f:\n  while f.read(1 << 20): pass"

        def enter() -> None:
            (group / "cgroup.procs").write_text(str(os.getpid()))

        readers = [
            subprocess.Popen([sys.executable, "-c", reads], preexec_fn=enter)  # noqa: PLW1509
            for _ in range(_READERS)
        ]
        try:
            yield
        finally:
            for reader in readers:
                reader.kill()
                reader.wait()


class Log:
    """What a process writes to its standard error, and when."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.lines: list[str] = []
        self._process, self._news = process, threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            with self._news:
                self.lines.append(line.rstrip())
                self._news.notify_all()

    def until(self, pattern: str, within_s: float) -> str | None:
        """The first line that has it; None when there is none by then."""
        with self._news:
            self._news.wait_for(lambda: self._found(pattern) or self._process.poll() is not None, within_s)
            return self._found(pattern)

    def _found(self, pattern: str) -> str | None:
        return next((line for line in self.lines if re.search(pattern, line)), None)


def main() -> None:
    """Run it, and print what happens."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--limit", type=int, required=True, help="MiB")
    parser.add_argument("--profile", default="other")
    parser.add_argument("--rested", type=float, help="board.unload_after_s; then the local model is asked")
    asked = parser.parse_args()
    hearth = str(Path(__file__).parents[1] / ".venv/bin/hearth")
    with tempfile.TemporaryDirectory(prefix="short-") as folder, mosquitto() as broker, limited(asked.limit) as group:
        pulse = Pulse(Path(folder))
        pulse.start()
        environment = {
            **pulse.environ,
            "HEARTH_DATA_DIR": f"{folder}/data",
            "HEARTH_API__PORT": "0",
            "HEARTH_API__TLS_PORT": "0",
            "HEARTH_MQTT__HOST": broker.address.host,
            "HEARTH_MQTT__PORT": str(broker.address.port),
            "HEARTH_BOARD__PROFILE": asked.profile,
        }
        if asked.rested is not None:
            environment["HEARTH_BOARD__UNLOAD_AFTER_S"] = str(asked.rested)

        def enter() -> None:
            (group / "cgroup.procs").write_text(str(os.getpid()))

        process = subprocess.Popen(
            [hearth, "run"],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=enter,  # noqa: PLW1509
        )
        log = Log(process)
        try:
            _follow(log, process, group, asked, [hearth, "ask", "--json"], environment)
        finally:
            process.terminate()
            process.wait(20)
            pulse.kill()


def _follow(
    log: Log,
    process: "subprocess.Popen[str]",
    group: Path,
    asked: argparse.Namespace,
    ask: list[str],
    environment: dict[str, str],
) -> None:
    ready = log.until("ready in", _START_S)
    print(ready or "it did not start:\n" + "\n".join(log.lines[-20:]))
    if ready is None:
        raise SystemExit(f"ended with {process.poll()}; {peak_mb(group)} MiB at most")
    for text in _COMMANDS:
        print(f"{text}: {_outcome(ask, text, environment)}")
    if asked.rested is not None:
        begun = time.monotonic()
        with pressed(group, asked.limit):
            went = log.until("memory is short", _PRESS_S)
        print(f"pressed for {time.monotonic() - begun:.1f} s: {went or 'nothing was unloaded'}")
        if went is not None:
            for text in SENTENCES:
                _outcome(ask, text, environment)
            print(log.until("llm is back", 1.0) or "the local model was not wanted")
    print(*[line for line in log.lines if "memory is short" in line or "is back" in line], sep="\n")
    print(f"{peak_mb(group)} MiB at most, of {asked.limit}")


def _outcome(ask: list[str], text: str, environment: dict[str, str]) -> str:
    begun = time.perf_counter()
    done = subprocess.run([*ask, text], env=environment, capture_output=True, text=True, check=False)
    took = time.perf_counter() - begun
    if done.returncode:
        return done.stderr.strip()
    return f"{json.loads(done.stdout.splitlines()[-1])['outcome']}, {took:.1f} s with the command's own start"


if __name__ == "__main__":
    main()
