"""How long after the model's first sentence its first word is heard, through all that is between them.

    python -m scripts.cloud_first_word [--turns 20]

A model that is played speaks a sentence and two more words, then waits; the time runs from its last piece to the first
sample that goes to the loudspeaker. Between them: the bridge with its store, TLS, ``hearth-sync``, its socket, the
assistant, the voice (Piper). A broker and a house run, too. All but the
broker is in this one process, so that its processor time is that of all parts: what is left of the figure on a machine
that is busy with other things.
"""

import argparse
import functools
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
from typer.testing import CliRunner

from cloud_sync.client.compose import daemon
from cloud_sync.protocol.enrolment import grouped
from cloud_sync.server.certificate import self_made
from cloud_sync.server.database import Database as Store
from cloud_sync.server.identity.access import access
from cloud_sync.server.identity.houses import add_house
from cloud_sync.server.identity.signing import signer
from cloud_sync.server.migrate import migrate
from cloud_sync.server.settings import load as bridge_settings
from edge.app import assistant
from edge.assistant import Assistant
from edge.cli import app
from edge.events import ReplyPart
from edge.home.demo import SimulatedHome
from edge.session.clock import TurnClock
from edge.session.turn import Turn
from edge.settings import load
from tests.bridge import serving as bridging
from tests.brokers import free_port, mosquitto
from tests.model_endpoint import Scripted, Wait, serving

_SENTENCES = (
    "The capital of France is Paris. It lies ",
    "Otters sleep on their backs and hold each other's paws. This keeps ",
    "Water boils at a lower temperature on high mountains. The air ",
    "The Roman Empire in the west ended in the year 476. In the ",
)
_QUESTION = "Who can tell me something interesting?"


class Ear:
    """A loudspeaker that knows when it first sounded."""

    def __init__(self) -> None:
        self.sounded = anyio.Event()
        self.at = 0.0

    async def play(self, pcm: object, rate: int) -> None:
        """Takes no time."""
        if not self.sounded.is_set():
            self.at = time.perf_counter()
            self.sounded.set()
        await anyio.lowlevel.checkpoint()

    async def finish(self) -> None:
        """Likewise."""
        await anyio.lowlevel.checkpoint()


@asynccontextmanager
async def _enrolled(folder: Path, endpoint: dict[str, Any]) -> AsyncIterator[None]:
    port, bridge = free_port(), folder / "bridge"
    bridge.mkdir()
    values = {
        "data_dir": bridge,
        "port": port,
        "tls_hosts": ("localhost",),
        "log_level": "error",
        "heavy": {"endpoints": [endpoint], "requests_a_minute": 0, "cache_hours": 0},
    }
    settings = bridge_settings(None, values)
    os.environ |= {"HEARTH_DATA_DIR": str(folder / "board"), "HEARTH_CLOUD__URL": f"wss://localhost:{port}"}
    async with Store(settings.url) as store:
        await migrate(store)
        who = await access(store, signer(bridge))
        await add_house(store, who.audit, "home")
        code = grouped(await who.enrolments.new_code("home") + self_made(bridge / "tls", ["localhost"]).fingerprint())
    async with bridging(settings):
        for arguments in (("sync", "enrol", f"https://localhost:{port}", code), ("privacy", "allow", "answers")):
            result = await anyio.to_thread.run_sync(functools.partial(CliRunner().invoke, app, arguments))
            assert result.exit_code == 0, result.output
        yield


async def _measure(turns: int) -> None:
    ear, endpoint = Ear(), Scripted([])
    with mosquitto() as broker, tempfile.TemporaryDirectory() as folder:
        os.environ |= {"HEARTH_MQTT__HOST": broker.address.host, "HEARTH_MQTT__PORT": str(broker.address.port)}
        os.environ |= {"HEARTH_UNDERSTAND__SEMANTIC": "false", "HEARTH_UNDERSTAND__LLM": "none"}
        async with (
            SimulatedHome(broker.address),
            serving(endpoint),
            _enrolled(Path(folder), endpoint.settings().model_dump(exclude_none=True)),
            anyio.create_task_group() as tasks,
        ):
            ready = anyio.Event()
            tasks.start_soon(daemon(load()).serve, ready.set)
            await ready.wait()
            async with assistant(load(), hears=False, sink=ear) as running:
                await running.ready()
                await running.house.settled(5)
                await anyio.sleep(3)  # until hearth-sync has its link
                heard, computed = await _answers(running, endpoint, ear, turns + 1)
                arrived = await _arrivals(running, endpoint, turns)
                spoken, voiced = await _voice(running, ear, turns)
            tasks.cancel_scope.cancel()
    _print("model's first sentence → first sample", heard[1:])
    _print("of which until the voice has the sentence", arrived)
    _print("of which the voice alone", spoken)
    _print("processor time, all parts and threads together", computed[1:])
    _print("of which the voice alone", voiced)


async def _answers(running: Assistant, endpoint: Scripted, ear: Ear, turns: int) -> tuple[list[float], list[float]]:
    """Seconds to the first sample, and processor seconds until then."""
    heard, computed = [], []
    for number in range(turns):
        ear.sounded, wait = anyio.Event(), _says(endpoint, number)
        turn = Turn(running._stages, running.bus, running._origin(session=f"a{number}"), TurnClock(time.monotonic()))
        async with anyio.create_task_group() as answering:
            answering.start_soon(turn.written, _QUESTION)
            with anyio.fail_after(60):
                await wait.reached.wait()
                begun, computed_before = time.perf_counter(), time.process_time()
                await ear.sounded.wait()
            computed.append(time.process_time() - computed_before)
            heard.append(ear.at - begun)
            wait.go_on.set()
    return heard, computed


async def _arrivals(running: Assistant, endpoint: Scripted, turns: int) -> list[float]:
    """Seconds until the sentence is where it would be spoken."""
    arrived = []
    written = replace(running._stages, voice=None)
    for number in range(turns):
        wait = _says(endpoint, number)
        turn = Turn(written, running.bus, running._origin(session=f"w{number}"), TurnClock(time.monotonic()))
        with running.bus.subscribe() as events:
            async with anyio.create_task_group() as answering:
                answering.start_soon(turn.written, _QUESTION)
                with anyio.fail_after(60):
                    await wait.reached.wait()
                    begun = time.perf_counter()
                    while not isinstance(await events.next(), ReplyPart):
                        pass
                arrived.append(time.perf_counter() - begun)
                wait.go_on.set()
    return arrived


async def _voice(running: Assistant, ear: Ear, turns: int) -> tuple[list[float], list[float]]:
    """Seconds, and processor seconds, that the voice needs for such a sentence."""
    spoken, voiced = [], []
    voice = running._stages.voice
    assert voice is not None
    for number in range(turns):
        ear.sounded = anyio.Event()
        begun, computed_before = time.perf_counter(), time.process_time()
        sentence = _SENTENCES[number % len(_SENTENCES)].split(". ")[0] + "."
        await voice.tell(_only(sentence), lambda: None, lambda _: None)
        voiced.append(time.process_time() - computed_before)
        spoken.append(ear.at - begun)
    return spoken, voiced


def _says(endpoint: Scripted, number: int) -> Wait:
    """The model is to say a sentence and two words, and then to wait."""
    wait = Wait()
    endpoint.scripts.clear()
    endpoint.scripts.append([_SENTENCES[number % len(_SENTENCES)], wait, "and so on."])
    return wait


async def _only(sentence: str) -> AsyncIterator[str]:
    yield sentence


def _print(what: str, seconds: Sequence[float]) -> None:
    ordered = sorted(1000 * each for each in seconds)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    print(f"{what}: median {statistics.median(ordered):.0f} ms, p95 {p95:.0f} ms, most {ordered[-1]:.0f} ms")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=20)
    anyio.run(_measure, parser.parse_args().turns)


if __name__ == "__main__":
    main()
