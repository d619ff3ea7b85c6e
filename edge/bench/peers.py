"""Other people's systems, as they come from the package index, each in a virtual environment of its own.

One environment for all would not do: their requirements contradict one another.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.bench.errors import BenchError
from edge.bench.process import measured
from edge.bench.wyoming_client import HOST


@dataclass(frozen=True, slots=True)
class Peer:
    """A Wyoming server from the package index."""

    name: str
    """Of the package, and of the system in reports."""
    version: str
    needs: tuple[str, ...] = ()
    """Requirements that its own package leaves out."""

    def python(self, folder: Path) -> Path:
        """Its interpreter, where its environment lies under ``folder``."""
        return folder / self.name / "bin" / "python"

    def installed(self, folder: Path) -> bool:
        """Whether this version is there."""
        info = f"{self._module}-{self.version}.dist-info"
        return any((folder / self.name / "lib").glob(f"python3*/site-packages/{info}/RECORD"))

    def command(self, folder: Path, port: int, *options: str) -> list[str]:
        """Starts it on ``port`` of the loopback interface."""
        return [str(self.python(folder)), "-m", self._module, "--uri", f"tcp://{HOST}:{port}", *options]

    @property
    def _module(self) -> str:
        return self.name.replace("-", "_")


WHISPER: Final = Peer("wyoming-faster-whisper", "3.8.1")
WAKE: Final = Peer("wyoming-openwakeword", "1.8.2", needs=("numpy<2",))
"""Its TensorFlow Lite was built for NumPy 1; with 2 its threads die, and it runs on without ever hearing a word."""
PIPER: Final = Peer("wyoming-piper", "2.5.2")
ALL: Final = (WHISPER, WAKE, PIPER)

ENDPOINT_WAIT_MS: Final = 700.0
"""Quiet that Home Assistant waits for before a command counts as ended: ``silence_seconds = 0.7`` of its
``VoiceCommandSegmenter`` (homeassistant/components/assist_pipeline/vad.py, "default" finished-speaking detection)."""


async def install(folder: Path, report: Callable[[str], None], peers: Sequence[Peer] = ALL) -> None:
    """Make the environments that are not there yet. ``report`` is told before each. Raises BenchError."""
    for peer in peers:
        if not peer.installed(folder):
            report(f"installing {peer.name} {peer.version}")
            await _run(
                [sys.executable, "-m", "venv", str(folder / peer.name)], f"making an environment for {peer.name}"
            )
            pip = [str(peer.python(folder)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            await _run([*pip, f"{peer.name}=={peer.version}", *peer.needs], f"installing {peer.name}")


async def _run(command: Sequence[str], doing: str) -> None:
    async with measured(doing, command) as process:
        if await process.ended():
            raise BenchError(f"{doing} failed: {process.last_words()}", "check --peers-venv, the network and the disk")
