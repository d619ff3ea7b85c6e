#!/usr/bin/env python3
"""What clients on the network cost whoever speaks in the room.

The same commands are played to the assistant's microphone at the speed of speech, by turns with nobody on the network,
and with clients that listen to the events (50) and talk all the time (5), in a process of their own at the lowest
priority, as they would be on other machines. Told are, each way, the median time from the last sample of speech to the
first sample of the answer on the wall clock, chunks of the microphone that were lost, and the processor's time.

Example: python scripts/web_load.py --rounds 6
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import anyio
import anyio.lowlevel
import numpy as np
import soxr
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from edge.api.web.server import serve
from edge.app import assistant
from edge.assistant import Assistant
from edge.audio.replay import Replay
from edge.audio.ring import Ring
from edge.bus import Subscription
from edge.chunk import RATE, AudioChunk, Pcm
from edge.engines import local_tts
from edge.events import Fault, SpeechEnded, TurnEnded, Woke
from edge.home.demo import Address, SimulatedHome, embedded_broker
from edge.intents import OutcomeKind
from edge.sections import ApiSettings, MqttSettings, UnderstandSettings
from edge.settings import Settings, load
from models.store import Store

ROOM: Final = ("Alexa, turn on the kitchen light.", "Alexa, turn off the kitchen light.")
TALKERS: Final = ("Turn on the bedroom light.", "Turn off the bedroom light.", "Is the bedroom light on?")
_PERIOD_S: Final = 6.0
"""From one command in the room to the next."""
_FRAME: Final = 1600
_SETTLE_S: Final = 2.0


@dataclass
class Figures:
    """Of one way."""

    latencies_ms: list[float] = field(default_factory=list)
    """From the last sample of speech to the first of the answer, as a person waits."""
    turns: int = 0
    done: int = 0
    lost_s: list[str] = field(default_factory=list)
    """What was said about lost chunks."""
    cpu_s: float = 0.0
    """Of the assistant's process."""
    wall_s: float = 0.0
    talked: int = 0
    """Turns of clients that were answered."""

    def as_row(self) -> dict[str, Any]:
        """For people."""
        return {
            "turns": self.turns,
            "done": self.done,
            "answer_after_ms_p50": round(statistics.median(self.latencies_ms), 1) if self.latencies_ms else None,
            "answer_after_ms_max": round(max(self.latencies_ms), 1) if self.latencies_ms else None,
            "lost": self.lost_s,
            "share_of_a_core": round(self.cpu_s / self.wall_s, 3) if self.wall_s else None,
            "turns_of_clients": self.talked,
        }


class WallSink:
    """A loudspeaker that notes when it begins to sound, and takes as long as the sound does not."""

    def __init__(self) -> None:
        self.began: float | None = None

    async def play(self, pcm: Pcm, rate: int) -> None:
        """As :class:`edge.ports.AudioSink`."""
        if self.began is None and len(pcm):
            self.began = time.perf_counter()
        await anyio.lowlevel.checkpoint()

    async def finish(self) -> None:
        """As :class:`edge.ports.AudioSink`."""


class WallRing(Ring):
    """Knows at which moment on the wall clock the sound began."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.began = float("inf")

    def write(self, chunk: AudioChunk) -> None:
        """As :class:`Ring`."""
        self.began = min(self.began, time.perf_counter() - chunk.end)
        super().write(chunk)


def main() -> None:
    """Prints one JSON object."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=6, help="of each way")
    asked.add_argument("--turns", type=int, default=4, help="in a round")
    asked.add_argument("--listeners", type=int, default=50)
    asked.add_argument("--talkers", type=int, default=5)
    asked.add_argument("--as-clients", metavar="ADDRESS", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.as_clients:
        anyio.run(_be_clients, given.as_clients, given.listeners, given.talkers)
        return
    with TemporaryDirectory() as folder:
        print(json.dumps(anyio.run(_measured, Path(folder), given), indent=2))


async def _measured(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    alone, beside = Figures(), Figures()
    sound = spoken(ROOM)
    async with embedded_broker() as address, SimulatedHome(address), house(folder, address) as (running, sink, page):
        for number in range(given.rounds):
            await one_round(running, sink, sound, given.turns, alone)
            async with clients(page, given.listeners, given.talkers, folder) as told:
                await one_round(running, sink, sound, given.turns, beside)
            beside.talked += told()
            print(f"round {number + 1} of {given.rounds}: {json.dumps(_row(alone, beside))}", file=sys.stderr)
    return _row(alone, beside)


def _row(alone: Figures, beside: Figures) -> dict[str, Any]:
    both = bool(alone.latencies_ms and beside.latencies_ms)
    ratio = statistics.median(beside.latencies_ms) / statistics.median(alone.latencies_ms) if both else None
    return {"alone": alone.as_row(), "beside": beside.as_row(), "ratio": round(ratio, 3) if ratio else None}


@asynccontextmanager
async def house(folder: Path, address: Address) -> AsyncIterator[tuple[Assistant, WallSink, str]]:
    """The whole assistant, what it speaks to, and where its page is."""
    settings = Settings(
        data_dir=folder,
        api=ApiSettings(port=0),
        mqtt=MqttSettings(host=address.host, port=address.port, confirm_s=20.0),
        understand=UnderstandSettings(llm="none"),
    )
    sink = WallSink()
    async with assistant(settings, hears=True, sink=sink) as running, serve(running) as page:
        await running.ready()
        await running.house.settled(30)
        yield running, sink, page.rstrip("/")


async def one_round(
    running: Assistant,
    sink: WallSink,
    sound: Sequence[Pcm],
    turns: int,
    into: Figures,
    period_s: float = _PERIOD_S,
) -> None:
    """Play that many commands to the microphone, one each ``period_s``, and add to ``into`` what came of it."""
    parts = [sound[number % len(sound)] for number in range(turns)]
    padded = [np.concatenate([part, _hiss(period_s - len(part) / RATE)]) for part in parts]
    ring = WallRing(running.settings.audio.ring_seconds)
    cpu, begun = time.process_time(), time.perf_counter()
    with running.bus.subscribe(2048) as events:
        async with Replay(np.concatenate(padded), ring, realtime=True), anyio.create_task_group() as tasks:
            tasks.start_soon(_note, events, sink, ring, into)
            into.turns += len(await running.follow(ring))
            tasks.cancel_scope.cancel()
    into.cpu_s += time.process_time() - cpu
    into.wall_s += time.perf_counter() - begun


async def _note(events: Subscription, sink: WallSink, ring: WallRing, into: Figures) -> None:
    """Also others' turns come by: those of the room belong to who woke it."""
    own, ended = "", 0.0
    while True:
        match await events.next():
            case Fault(code="overrun") as fault:
                into.lost_s.append(fault.message)
            case Woke() as woke:
                own, sink.began = woke.turn, None
            case SpeechEnded() as speech if speech.turn == own:
                ended = ring.began + speech.speech_end
            case TurnEnded() as turn if turn.turn == own:
                into.done += turn.outcome is OutcomeKind.DONE
                if sink.began is not None:
                    into.latencies_ms.append((sink.began - ended) * 1000)


@asynccontextmanager
async def clients(page: str, listeners: int, talkers: int, folder: Path, niceness: int = 19) -> "AsyncIterator[Any]":
    """So many, in a process of their own; gives what says how many turns they were answered so far."""
    file = folder / "clients.log"
    with file.open("w+") as log:
        program = [sys.executable, __file__, "--as-clients", page]
        numbers = ["--listeners", str(listeners), "--talkers", str(talkers)]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        command = ["nice", "-n", str(niceness), *program, *numbers]
        process = await anyio.open_process(command, stdin=None, stdout=log, stderr=None, env=environment)
        try:
            while "ready" not in file.read_text("utf-8"):
                if process.returncode is not None:
                    raise RuntimeError("the clients ended")
                await anyio.sleep(0.1)
            await anyio.sleep(_SETTLE_S)
            yield lambda: file.read_text("utf-8").count("answered")
        finally:
            process.terminate()
            with anyio.CancelScope(shield=True):
                await process.wait()


async def _be_clients(page: str, listeners: int, talkers: int) -> None:
    address = page.replace("http", "ws", 1)
    sounds = spoken(TALKERS)
    async with anyio.create_task_group() as tasks:
        for _ in range(listeners):
            tasks.start_soon(_listen, f"{address}/v1/events")
        for number in range(talkers):
            tasks.start_soon(_talk, f"{address}/v1/voice", sounds[number % len(sounds)], number / max(1, talkers))
        print("ready", flush=True)


async def _listen(address: str) -> None:
    async with connect(address) as socket:
        async for _ in socket:
            pass


async def _talk(address: str, sound: Pcm, after_s: float) -> None:
    """At the speed of speech, again and again."""
    await anyio.sleep(after_s)
    try:
        async with connect(address) as socket:
            await socket.send('{"type": "hello"}')
            while True:
                await socket.send('{"type": "start"}')
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(_speak, socket, sound)
                    while True:
                        frame = await socket.recv()
                        if isinstance(frame, str) and json.loads(frame)["type"] == "turn_ended":
                            break
                    tasks.cancel_scope.cancel()
                print("answered", flush=True)
    except ConnectionClosed:
        print("gone", file=sys.stderr)


async def _speak(socket: Any, sound: Pcm) -> None:
    begun = time.monotonic()
    for at in range(0, len(sound), _FRAME):
        await anyio.sleep(max(0.0, begun + at / RATE - time.monotonic()))
        await socket.send(sound[at : at + _FRAME].tobytes())


def spoken(sentences: Sequence[str]) -> list[Pcm]:
    """Each with a little quiet around it: int16, 16 kHz."""
    engine = local_tts(Settings(), Store(load().models_dir))()
    return [np.concatenate([_hiss(0.5), *_said(engine, sentence), _hiss(1.5)]) for sentence in sentences]


def _said(engine: Any, sentence: str) -> Iterator[Pcm]:
    samples = soxr.resample(engine.synthesize(sentence).astype(np.float32), engine.rate, RATE)
    yield np.clip(samples, -32768, 32767).astype(np.int16)


def _hiss(seconds: float) -> Pcm:
    return np.random.default_rng(0).normal(0.0, 8.0, max(0, round(seconds * RATE))).astype(np.int16)


if __name__ == "__main__":
    main()
