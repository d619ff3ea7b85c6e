"""What is looked at every simulated hour, from outside: the kernel's own figures, and those of ``/metrics``."""

import re
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from edge.at_rest import DATABASE

_KEPT: Final = (DATABASE, f"{DATABASE}-wal")
_TOLD: Final[Mapping[str, tuple[str, float]]] = {
    "tasks": ("hearth_loop_tasks", 1.0),
    "heap_mb": ("hearth_heap_bytes", 1 << 20),
    "blocks": ("hearth_python_blocks", 1000.0),
}
"""By figure: its name at ``/metrics``, and how many of that are one."""

WHAT: Final[Mapping[str, str]] = {
    "rss_mb": "resident memory, MB",
    "private_mb": "of it private to the process, MB",
    "heap_mb": "of the heap in use, MB",
    "blocks": "Python's objects, thousands",
    "files": "open files and sockets",
    "threads": "threads",
    "tasks": "tasks on the event loop",
    "kept_mb": "database with its log, MB",
    "processor_s": "processor time since the start, s",
}


def taken(process: int, data_dir: Path, port: int) -> dict[str, float]:
    """By name. Raises OSError where the process is not there."""
    folder = Path(f"/proc/{process}")
    rollup = dict(line.split(":", 1) for line in (folder / "smaps_rollup").read_text().splitlines()[1:] if ":" in line)
    status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    spent = (folder / "stat").read_text().rpartition(")")[2].split()
    private = sum(int(rollup[name].split()[0]) for name in ("Private_Clean", "Private_Dirty"))
    return {
        "rss_mb": int(rollup["Rss"].split()[0]) / 1024,
        "private_mb": private / 1024,
        "files": float(len(list((folder / "fd").iterdir()))),
        "threads": float(status["Threads"]),
        "kept_mb": sum((data_dir / name).stat().st_size for name in _KEPT if (data_dir / name).exists()) / 1e6,
        "processor_s": (int(spent[11]) + int(spent[12])) / 100,
        **_told(port),
    }


def _told(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        text = answer.read().decode()
    found = {name: re.search(rf"^{series} (\S+)$", text, re.MULTILINE) for name, (series, _) in _TOLD.items()}
    return {name: float(said[1]) / _TOLD[name][1] if said else float("nan") for name, said in found.items()}
