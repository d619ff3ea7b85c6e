"""Heavy questions through everything: assistant, hearth-sync, TLS, the bridge, and a model behind it."""

import functools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from typer.testing import CliRunner

from cloud_sync.client.compose import daemon
from cloud_sync.protocol.enrolment import grouped
from cloud_sync.server.certificate import self_made
from cloud_sync.server.database import Database as Store
from cloud_sync.server.identity.access import access
from cloud_sync.server.identity.houses import add_house
from cloud_sync.server.identity.signing import signer
from cloud_sync.server.migrate import migrate
from cloud_sync.server.settings import Settings as BridgeSettings
from cloud_sync.server.settings import load as bridge_settings
from edge.app import assistant
from edge.assistant import Assistant
from edge.cli import app
from edge.events import TurnEnded
from edge.home.demo import SimulatedHome
from edge.intents import OutcomeKind, Tier
from edge.ports import AudioSink
from edge.session.clock import TurnClock
from edge.session.turn import Turn
from edge.settings import Settings, load
from models.store import Store as Models
from tests.bridge import serving as bridging
from tests.brokers import Mosquitto, free_port
from tests.llama_server import llama_server
from tests.model_endpoint import Scripted, ToolWanted, Wait, serving

pytestmark = pytest.mark.anyio
PARIS = "What is the capital of France?"


@dataclass
class Board:
    """A device that is enrolled, and the bridge that it knows."""

    settings: Settings
    bridge: BridgeSettings

    @asynccontextmanager
    async def bridging(self) -> AsyncIterator[None]:
        """The bridge runs."""
        async with bridging(self.bridge):
            yield

    @asynccontextmanager
    async def running(self, sink: AudioSink | None = None) -> AsyncIterator[Assistant]:
        """The assistant and hearth-sync run."""
        ready = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(daemon(self.settings).serve, ready.set)
            await ready.wait()
            async with assistant(self.settings, hears=False, sink=sink) as running:
                await running.ready()
                await running.house.settled(30)
                yield running
            tasks.cancel_scope.cancel()


@asynccontextmanager
async def enrolled(
    broker: Mosquitto, folder: Path, monkeypatch: pytest.MonkeyPatch, *endpoints: dict[str, Any]
) -> AsyncIterator[Board]:
    """Everything agreed, nothing running but the endpoints."""
    port, bridge = free_port(), folder / "bridge"
    bridge.mkdir()
    values = {"data_dir": bridge, "port": port, "tls_hosts": ("localhost",), "heavy": {"endpoints": endpoints}}
    settings = bridge_settings(None, values)
    known = {
        "DATA_DIR": str(folder / "board"),
        "CLOUD__URL": f"wss://localhost:{port}",
        "CLOUD__FIRST_WORD_S": "100",  # a busy machine is slow
        "MQTT__HOST": broker.address.host,
        "MQTT__PORT": str(broker.address.port),
        "UNDERSTAND__SEMANTIC": "false",
        "UNDERSTAND__LLM": "none",
    }
    for name, value in known.items():
        monkeypatch.setenv(f"HEARTH_{name}", value)
    async with Store(settings.url) as store:
        await migrate(store)
        who = await access(store, signer(bridge))
        await add_house(store, who.audit, "home")
        code = grouped(await who.enrolments.new_code("home") + self_made(bridge / "tls", ["localhost"]).fingerprint())
    async with bridging(settings):
        await _hearth("sync", "enrol", f"https://localhost:{port}", code)
        await _hearth("privacy", "allow", "answers")
    yield Board(load(), settings)


async def _hearth(*arguments: str) -> None:
    result = await anyio.to_thread.run_sync(functools.partial(CliRunner().invoke, app, arguments))
    assert result.exit_code == 0, (result.output, result.exception)


async def linked(running: Assistant, wanted: bool = True) -> None:
    cloud = next(skill for skill in running._mind.skills if hasattr(skill, "_cloud"))._cloud  # type: ignore[attr-defined]
    with anyio.fail_after(60):
        while cloud.bridge.up is not wanted:
            await anyio.sleep(0.02)


async def said(running: Assistant, text: str) -> TurnEnded:
    ended = (await running.ask(text, None, "s"))[-1]
    assert isinstance(ended, TurnEnded)
    return ended


async def test_a_question_goes_all_the_way_and_a_small_real_model_answers(
    broker: Mosquitto, home: SimulatedHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Models
) -> None:
    model = next(store.require("smollm2-135m-instruct").glob("*.gguf"))
    with llama_server(model) as server:
        endpoint = {"name": "llama", "url": server.url, "model": "small", "max_tokens": 60, "first_token_s": 60.0}
        async with (
            enrolled(broker, tmp_path, monkeypatch, endpoint) as board,
            board.bridging(),
            board.running() as running,
        ):
            await linked(running)
            ended = await said(running, "ask the cloud to tell me about rivers")
    assert (ended.tier, ended.outcome) == (Tier.GRAMMAR, OutcomeKind.DONE)
    assert len(ended.reply.text.split()) > 3


async def test_a_tool_call_goes_all_the_way_down_and_its_result_up_again(
    broker: Mosquitto, home: SimulatedHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = Scripted([ToolWanted("control_home", '{"command": "turn on the kitchen light"}')], ["Enjoy your meal."])
    async with (
        serving(endpoint),
        enrolled(broker, tmp_path, monkeypatch, endpoint.settings().model_dump(exclude_none=True)) as board,
        board.bridging(),
        board.running() as running,
    ):
        await linked(running)
        ended = await said(running, "ask the cloud to make it nice for dinner")
    assert [report.device for report in ended.actions] == ["light.kitchen_light"]
    assert ended.reply.text.startswith("Enjoy your meal. ")
    assert endpoint.asked[1]["messages"][-1]["content"] == "Done, and confirmed by the device."


async def test_a_question_that_waited_is_answered_when_the_bridge_is_back(
    broker: Mosquitto, home: SimulatedHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = Scripted(["It is Paris."])
    async with (
        serving(endpoint),
        enrolled(broker, tmp_path, monkeypatch, endpoint.settings().model_dump(exclude_none=True)) as board,
        board.running() as running,
    ):
        ended = await said(running, PARIS)
        assert ended.outcome is OutcomeKind.QUEUED
        assert (await said(running, "turn on the kitchen light")).outcome is OutcomeKind.DONE
        async with board.bridging():
            with anyio.fail_after(90):
                while (told := (await said(running, "what did you find out")).reply.text).startswith("Nothing yet"):
                    await anyio.sleep(0.2)
    assert told == f"You asked: {PARIS} It is Paris."
    assert len(endpoint.asked) == 1


class Ear:
    """A loudspeaker that knows when it first sounded."""

    def __init__(self) -> None:
        self.first_at: float | None = None

    async def play(self, pcm: object, rate: int) -> None:
        self.first_at = self.first_at or time.perf_counter()
        await anyio.lowlevel.checkpoint()

    async def finish(self) -> None:
        await anyio.lowlevel.checkpoint()


async def test_the_first_word_is_heard_while_the_model_still_speaks(
    broker: Mosquitto, home: SimulatedHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait, ear = Wait(), Ear()
    endpoint = Scripted(["The capital of France is Paris. It lies ", wait, "on the Seine."])
    async with (
        serving(endpoint),
        enrolled(broker, tmp_path, monkeypatch, endpoint.settings().model_dump(exclude_none=True)) as board,
        board.bridging(),
        board.running(ear) as running,
        anyio.create_task_group() as tasks,
    ):
        await linked(running)
        turn = Turn(running._stages, running.bus, running._origin(session="s"), TurnClock(time.monotonic()))
        tasks.start_soon(turn.written, PARIS)
        with anyio.fail_after(60):
            await wait.reached.wait()
            while ear.first_at is None:
                await anyio.sleep(0.01)
        assert not wait.go_on.is_set()
        wait.go_on.set()
