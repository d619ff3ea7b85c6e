"""How long `hearth run` takes from its exec until it listens and until it is ready, and what it takes of memory then.

    .venv/bin/python -m scripts.cold_start [--times 5] [--profile zero2w] [--against FOLDER]

It has a virtual microphone (PulseAudio, tests/pulse.py) and a broker of its own (mosquitto). The first start, which
fills the caches of disk and sentences, is not counted. ``--against``: another tree with an environment of its own,
whose starts alternate with ours, so that what else the machine does slows both. Processor time counts all threads, and
what the machine does besides does not change it much.
"""

import argparse
import os
import re
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.brokers import mosquitto
from tests.pulse import Pulse

_LINE: Final = re.compile(r"(listening after|ready in) ([\d.]+) s")
_LONGEST_S: Final = 120.0


@dataclass(frozen=True)
class Start:
    """One of them."""

    listening_s: float
    """From exec to the microphone that is open before a wake word that is loaded."""
    ready_s: float
    """From exec to `READY=1`: every engine warm."""
    main_s: float
    """Processor time of the main thread until it listens: on a machine that does nothing else, about what it takes."""
    cpu_s: float
    """Processor time of all threads until it is ready."""
    rss_mb: float
    """Then, in 10^6 bytes."""


def start(tree: Path, environment: Mapping[str, str]) -> Start:
    """Of the assistant in ``tree``."""
    hearth = [str(tree / ".venv/bin/hearth"), "run"]
    begun = time.perf_counter()
    process = subprocess.Popen(hearth, cwd=tree, env=environment, stderr=subprocess.PIPE, text=True)
    seen: dict[str, float] = {}
    said, main_s = [], 0.0
    try:
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line)
            if (found := _LINE.search(line)) is not None:
                seen[found[1]] = time.perf_counter() - begun
                main_s = main_s or _spent_s(Path(f"/proc/{process.pid}/task/{process.pid}/stat"))
            if "ready in" in seen:
                break
        else:
            raise SystemExit(f"{tree} did not start:\n{''.join(said[-20:])}")
        cpu_s = _spent_s(Path(f"/proc/{process.pid}/stat"))
        status = Path(f"/proc/{process.pid}/status").read_text("ascii")
        rss = int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024 / 1e6  # type: ignore[index]
        return Start(seen["listening after"], seen["ready in"], main_s, cpu_s, rss)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stderr is not None:
            process.stderr.close()


def _spent_s(stat: Path) -> float:
    """Seconds of processor time, by proc(5): utime and stime."""
    fields = stat.read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--profile", default="auto")
    parser.add_argument("--against", type=Path)
    asked = parser.parse_args()
    here = Path(__file__).parents[1]
    trees = [here, *([asked.against.resolve()] if asked.against else [])]
    found: dict[Path, list[Start]] = {tree: [] for tree in trees}
    with tempfile.TemporaryDirectory(prefix="cold-") as folder, mosquitto() as broker:
        pulse = Pulse(Path(folder))
        pulse.start()
        try:
            for number in range(asked.times + 1):
                for which, tree in enumerate(trees):
                    data = Path(folder) / f"data{which}"
                    environment = {
                        **pulse.environ,
                        "HEARTH_DATA_DIR": str(data),
                        "HEARTH_API__PORT": "0",
                        "HEARTH_API__TLS_PORT": "0",
                        "HEARTH_MQTT__HOST": broker.address.host,
                        "HEARTH_MQTT__PORT": str(broker.address.port),
                    }
                    if tree == here:
                        environment["HEARTH_BOARD__PROFILE"] = asked.profile
                    once = start(tree, environment)
                    if number:
                        found[tree].append(once)
        finally:
            pulse.kill()
    for tree, starts in found.items():
        print(f"{tree}, {len(starts)} starts, median (least–most):")
        for name in ("listening_s", "ready_s", "main_s", "cpu_s", "rss_mb"):
            values = [getattr(each, name) for each in starts]
            print(f"  {name:12} {statistics.median(values):7.2f} ({min(values):.2f}–{max(values):.2f})")


if __name__ == "__main__":
    main()
