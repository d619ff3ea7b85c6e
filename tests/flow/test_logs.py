"""What the programs log, at the most talkative level, while people say what is nobody else's business."""

import io
import json
import logging
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiomqtt
import anyio
import httpx
import numpy as np
import pytest

from cloud_sync.logs import formatter
from edge.api import mqtt
from edge.api.web.server import serve
from edge.app import assistant
from edge.audio.speaker import WavSink
from edge.bus import Bus
from edge.cli.play import play_one
from edge.events import TurnEnded
from edge.home.demo import SimulatedHome
from edge.observe.turn_log import log_turns
from edge.sections import ApiSettings, MqttSettings
from edge.settings import Settings
from tests.brokers import Mosquitto, free_port
from tests.flow.test_cloud_whole import enrolled, linked
from tests.model_endpoint import Scripted, serving
from tests.sounds import Say, quiet

pytestmark = pytest.mark.anyio

SAID = (
    "where did quibblesnark hide the marmalade",
    "remember that the strongbox opens with 907733",
    "add wolfsbane to my shopping list",
    "remind me to feed snufflegrin in two hours",
    "my name is quibblesnark",
    "call the kitchen light the glimmerstone",
    "turn on the glimmerstone",
    "ask the cloud why quibblesnark loves marmalade",
    "what did i say about the strongbox",
    "set a wolfsbane timer for ten minutes",
    "forget everything about the strongbox",
    "turn on the kitchen light and unlock the strongbox",
)
CANARIES = (
    "quibblesnark",
    "marmalade",
    "strongbox",
    "907733",
    "wolfsbane",
    "snufflegrin",
    "glimmerstone",
    "grumblethwack",
)
SECRETS = ("hush-mqtt-password", "48151623", "hush-endpoint-key")
READY = re.compile(r"\bready\b|Uvicorn running")
OURS = ("hearth", "edge", "models", "cloud_sync")


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """All that the services would write at ``log_level = "debug"``; libraries only warn, as there."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter("json", journal=False))
    root, levels = logging.getLogger(), {name: logging.getLogger(name).level for name in OURS}
    root.addHandler(handler)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        yield out
    finally:
        root.removeHandler(handler)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


@asynccontextmanager
async def beside(work: Callable[[Bus], Awaitable[None]], bus: Bus) -> AsyncIterator[None]:
    """``work`` goes on within the block, and has looked at all events at its end."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(work, bus)
        await anyio.wait_all_tasks_blocked()
        yield
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()


def leaked(lines: str, *words: str) -> list[str]:
    return [line for line in lines.splitlines() if any(word.lower() in line.lower() for word in words)]


async def test_neither_what_is_said_nor_a_secret_is_in_any_line_of_assistant_link_and_bridge(
    broker: Mosquitto, home: SimulatedHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEARTH_MQTT__PASSWORD", SECRETS[0])
    monkeypatch.setenv("HEARTH_MQTT__USERNAME", "hearth")
    monkeypatch.setenv("HEARTH_CONFIRM__PIN", SECRETS[1])
    monkeypatch.setenv("HEARTH_API__PORT", "0")
    endpoint = Scripted(["Because grumblethwack told her so."])
    with logged() as out:
        async with serving(endpoint):
            model = endpoint.settings(key=SECRETS[2]).model_dump(exclude_none=True)
            async with (
                enrolled(broker, tmp_path, monkeypatch, model) as board,
                board.bridging(),
                board.running() as running,
                mqtt.serve(running),
                serve(running) as address,
                httpx.AsyncClient(base_url=address) as client,
                aiomqtt.Client(broker.address.host, broker.address.port) as other,
            ):
                await linked(running)
                async with beside(log_turns, running.bus):
                    for text in SAID:
                        await running.ask(text, None, "s")
                        await client.post("/v1/ask", json={"text": text})
                    with running.bus.subscribe() as events:
                        await other.publish("hearthside/home/ask", "where is quibblesnark")
                        with anyio.fail_after(30):
                            while not isinstance(await events.next(), TurnEnded):
                                pass
                    await client.post("/v1/ask", json={"text": "quibblesnark " * 500})
                    await client.get("/v1/quibblesnark?token=strongbox")
    lines = out.getvalue()
    assert len(endpoint.asked) >= 1
    told = [json.loads(line) for line in lines.splitlines()]
    assert {line["logger"].partition(".")[0] for line in told} >= {"hearth", "edge", "cloud_sync"}
    assert sum(line["message"] == "turn ended" for line in told) > 2 * len(SAID)
    assert leaked(lines, *CANARIES, *SECRETS) == []


async def test_nothing_that_was_spoken_is_in_the_log_of_whoever_hears_it(
    broker: Mosquitto, home: SimulatedHome, say: Say, tmp_path: Path
) -> None:
    address = broker.address
    settings = Settings(
        data_dir=tmp_path,
        api=ApiSettings(serve=False),
        mqtt=MqttSettings(host=address.host, port=address.port, confirm_s=20.0),
    )
    sound = np.concatenate([quiet(1.0), say("Alexa, add marmalade to my shopping list."), quiet(0.2)])
    with logged() as out:
        async with assistant(settings, hears=True, sink=WavSink(tmp_path / "out")) as running:
            await running.ready()
            await running.house.settled(30)
            async with beside(log_turns, running.bus):
                (turn,) = await play_one(running, sound, realtime=False, no_wake=False, report=lambda _: None)
    assert "marmalade" in turn.text.lower()
    lines = out.getvalue()
    ended = next(line for each in lines.splitlines() if (line := json.loads(each))["message"] == "turn ended")
    assert (ended["turn"], ended["outcome"]) == (turn.turn, turn.outcome.value)
    assert {"wake_ms", "endpoint_ms", "stt_ms", "understand_ms", "act_ms", "first_audio_ms"} <= ended.keys()
    assert leaked(lines, "marmalade", "shopping", turn.reply.text) == []


def services(folder: Path, broker: Mosquitto) -> dict[str, tuple[list[str], dict[str, str]]]:
    """Each service with what it is started with, and its environment."""
    assistant_s = {
        "HEARTH_DATA_DIR": str(folder),
        "HEARTH_MQTT__HOST": broker.address.host,
        "HEARTH_MQTT__PORT": str(broker.address.port),
        "HEARTH_AUDIO__INPUT": "none",
        "HEARTH_AUDIO__OUTPUT": "none",
        "HEARTH_UNDERSTAND__LLM": "none",
        "HEARTH_UNDERSTAND__SEMANTIC": "false",
        "HEARTH_API__SERVE": "false",
        "HEARTH_CLOUD__URL": "ws://localhost:1",
    }
    bridge_s = {"HEARTH_CLOUD_DATA_DIR": str(folder / "bridge"), "HEARTH_CLOUD_PORT": str(free_port())}
    return {
        "hearth": (["run"], assistant_s),
        "hearth-sync": ([], assistant_s),
        "hearth-cloud": (["serve"], bridge_s),
    }


@pytest.mark.parametrize("program", ["hearth", "hearth-sync", "hearth-cloud"])
async def test_to_the_journal_each_service_tells_json_behind_a_priority(
    program: str, broker: Mosquitto, tmp_path: Path
) -> None:
    arguments, own = services(tmp_path, broker)[program]
    others = {name: value for name, value in os.environ.items() if not name.startswith("HEARTH_") or "MODELS" in name}
    log = tmp_path / "log"
    with log.open("wb") as stderr:
        found = os.fstat(stderr.fileno())
        environment = {**others, **own, "JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}
        command = [str(Path(sys.executable).with_name(program)), *arguments]
        async with await anyio.open_process(command, env=environment, stderr=stderr) as process:
            with anyio.fail_after(120):
                while not READY.search(log.read_text()):
                    assert process.returncode is None, log.read_text()
                    await anyio.sleep(0.05)
            process.terminate()
    lines = log.read_text().splitlines()
    assert lines
    for line in lines:
        priority, told = line[:3], json.loads(line[3:])
        assert priority in ("<3>", "<4>", "<6>")
        assert {"time", "level", "logger", "message"} <= told.keys()
