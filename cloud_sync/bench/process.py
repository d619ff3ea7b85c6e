"""A bridge as a process of its own, and what it costs."""

import contextlib
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from edge.bench.free_port import free_port

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_START_S: Final = 180.0
_TRIES: Final = 3


class Bridge:
    """One worker."""

    def __init__(self, data: Path, environment: dict[str, str]) -> None:
        # Not one that the kernel would give: thousands of simulated devices hold those, each on its own address.
        self.port = free_port()
        arguments = ["serve", "--data", str(data), "--port", str(self.port), "--host", "0.0.0.0"]  # noqa: S104
        code = "import sys; from cloud_sync.server.cli import main; main()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            env=os.environ | {"HEARTH_CLOUD_LOG_LEVEL": "warning"} | environment,
        )
        deadline = time.monotonic() + _START_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the bridge does not start")
            time.sleep(0.05)

    def rss_kib(self) -> int:
        """Its resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))

    def cpu_s(self) -> float:
        """Processor time that it has taken so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S

    def stop(self) -> float:
        """How long that took, seconds."""
        began = time.perf_counter()
        self.process.terminate()
        self.process.wait(timeout=30)
        return time.perf_counter() - began

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as response:
                return bool(response.status == 200)  # noqa: PLR2004
        except OSError:
            return False


@contextmanager
def bridges(count: int, data: Path, environment: dict[str, str]) -> Iterator[list[Bridge]]:
    """``count`` workers on one store, until the block ends."""
    running: list[Bridge] = []
    try:
        for _ in range(count):
            running.append(_started(data, environment))
        yield running
    finally:
        for one in running:
            if one.process.poll() is None:
                one.stop()


def _started(data: Path, environment: dict[str, str]) -> Bridge:
    # Between the look for a free port and its use, somebody else may take it.
    for _ in range(_TRIES):
        with contextlib.suppress(RuntimeError):
            return Bridge(data, environment)
    raise RuntimeError("the bridge does not start")
