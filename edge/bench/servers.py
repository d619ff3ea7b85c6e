"""The processes that a run measures: the complete assistant, our engines as servers, the peers."""

import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anyio

from edge.bench import peers
from edge.bench.process import Measured, measured
from edge.bench.wyoming_client import ready
from edge.engines import stt_engine, stt_model
from edge.home.demo import Address
from edge.settings import Settings
from models.store import Store

_LONGEST_S: Final = 180.0
"""How long a recording and its turn may take."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running Wyoming server."""

    process: Measured
    port: int
    cold_start_s: float


@dataclass(frozen=True, slots=True)
class Whole:
    """The running assistant."""

    process: Measured
    cold_start_s: float
    """Until a wake word would be heard."""

    async def play(self, recording: Path) -> list[dict[str, Any]]:
        """The turns that ``recording`` gave, as ``play --json`` prints their ends. Raises BenchError."""
        await self.process.tell(str(recording))
        with anyio.move_on_after(_LONGEST_S):
            turns: list[dict[str, Any]] = json.loads(await self.process.line())["turns"]
            return turns
        raise self.process.failure(f"gave no turn in {_LONGEST_S:.0f} s")


@asynccontextmanager
async def whole(broker: Address, config: Path | None) -> AsyncIterator[Whole]:
    """The complete assistant on ``broker``, when every engine is warm. Raises BenchError."""
    command = [sys.executable, "-m", "edge.bench.turns", broker.host, str(broker.port)]
    if config is not None:
        command += ["--config", str(config)]
    async with measured("the assistant", command) as process:
        await process.line()
        listening_s = process.age_s
        await process.line()
        yield Whole(process, listening_s)


@asynccontextmanager
async def serving(name: str, command: Sequence[str], port: int) -> AsyncIterator[Server]:
    """``command``, when it answers on ``port``. Raises BenchError."""
    # Nothing is to be fetched behind our back: what a peer needs it is given.
    async with measured(name, command, {**os.environ, "HF_HUB_OFFLINE": "1"}) as process:
        yield Server(process, port, await ready(process, port))


def our_stt(settings: Settings, fixtures: Path, port: int) -> list[str]:
    """The configured engine as a server that knows what can be said in the house of ``fixtures``. Raises ModelError."""
    folder = Store(settings.models_dir).require(stt_model(settings))
    return stt_command(stt_engine(settings), folder, settings.stt.threads, fixtures, port)


def stt_command(engine: str, model: Path, threads: int, fixtures: Path, port: int) -> list[str]:
    """Any of our engines for speech to text as a server."""
    options = ["--engine", engine, "--model", str(model), "--threads", str(threads)]
    options += ["--fixtures", str(fixtures), "--port", str(port)]
    return [sys.executable, "-m", "edge.bench.wyoming_serve", "stt", *options]


def our_wake(settings: Settings, port: int) -> list[str]:
    """The configured wake engine, with the words it is configured for, as a server. Raises ModelError."""
    store = Store(settings.models_dir)
    folder = store.require("openwakeword") if settings.wake.engine == "openwakeword" else store.root
    options = ["--engine", settings.wake.engine, "--model", str(folder), "--port", str(port)]
    return [sys.executable, "-m", "edge.bench.wyoming_serve", "wake", *options, "--words", *settings.wake.words]


def peer_stt(settings: Settings, folder: Path, port: int) -> list[str]:
    """wyoming-faster-whisper with a Whisper of ours, so that nothing is fetched, and its own defaults.

    Raises ModelError.
    """
    english = "whisper-tiny.en" if settings.understand.language.startswith("en") else "whisper-base"
    model = Store(settings.models_dir).require(english)
    return peers.WHISPER.command(folder, port, "--model", str(model), "--data-dir", str(model.parent))


def peer_wake(folder: Path, port: int) -> list[str]:
    """wyoming-openwakeword with its defaults."""
    return peers.WAKE.command(folder, port)


def peer_voice(settings: Settings, folder: Path, port: int) -> list[str]:
    """wyoming-piper with the same voice as ours and otherwise its own defaults. Raises ModelError."""
    model = Store(settings.models_dir).require(settings.speak.voice)
    voice = next(model.glob("*.onnx")).stem
    return peers.PIPER.command(folder, port, "--voice", voice, "--data-dir", str(model))
