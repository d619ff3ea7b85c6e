"""What the whole assistant takes of memory when it is ready, after its local model was really asked and after its page
was looked at, and what the kept prefix of the prompt saves after a restart: ``python -m edge.bench.footprint``;
``--profile zero2w`` as on such a board.

The assistant runs in a process of its own, with its ears and its voice, on the demo house's broker. Sentences that no
other tier understands are asked of it in writing; it is then ended and started again on the same data directory.
"""

import argparse
import contextlib
import functools
import gc
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import anyio
import httpx
from anyio.to_thread import run_sync

from edge import plugins
from edge.app import assistant
from edge.audio.speaker import WavSink
from edge.bench.free_port import free_port
from edge.bench.process import Measured, measured
from edge.board_profile import Kind
from edge.cli.options import print_json
from edge.cli.run import console
from edge.errors import AssistantError
from edge.events import NotUnderstood, TurnEnded, Understood
from edge.heap import begin_loading, end_loading
from edge.home.demo import demo_home
from edge.intents import Tier
from edge.ports import LlmEngine
from edge.settings import Settings
from edge.understand.llm_prompt import FIXED
from models.store import Store

SENTENCES: Final = (
    "make the kitchen light do the thing where it glows",
    "the living room lamp wants to be about thirty percent please",
    "give me less of the bedroom light would you",
    "I think the thermostat ought to show twenty one",
    "see to it that the front door gets locked up properly",
    "somebody should put the kitchen light out of its misery",
)
"""In the demo house; some of them end at the local model."""
_SETTLE_S: Final = 5.0
_PAGE_S: Final = 120.0
_LOOKED_AT: Final = ("/v1/devices", "/v1/turns", "/v1/settings", "/v1/health")
"""What the page asks for."""


async def _serve(settings: Settings) -> None:
    """The child: asks what it reads, a sentence a line, and tells which tiers were asked and for how long."""
    gc.disable()
    begin_loading()
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(assistant(settings, hears=True, sink=WavSink(None)))
        tasks = await stack.enter_async_context(anyio.create_task_group())
        stack.callback(tasks.cancel_scope.cancel)
        # With the page and the API, as `hearth run` has them.
        await console(running, stack, tasks, {})
        await running.house.settled(_SETTLE_S)
        await running.ready()
        gc.collect()
        gc.freeze()
        gc.enable()
        await run_sync(end_loading)
        await running.ask("turn on the kitchen light")
        print_json({"ready": True})
        while text := (await run_sync(sys.stdin.readline, abandon_on_cancel=True)).strip():
            events = await running.ask(text)
            asked = next((event.asked for event in events if isinstance(event, Understood | NotUnderstood)), {})
            ended = events[-1]
            assert isinstance(ended, TurnEnded)
            print_json({"asked": {tier.value: round(ms) for tier, ms in asked.items()}, "outcome": ended.outcome.value})
        tasks.cancel_scope.cancel()


async def _one(host: str, port: int, data_dir: Path, name: str) -> None:
    command = [sys.executable, "-m", "edge.bench.footprint", "--child", host, str(port)]
    page = free_port()
    environment = {**os.environ, "HEARTH_DATA_DIR": str(data_dir), "HEARTH_API__PORT": str(page)}
    async with measured(name, command, environment) as child:
        await child.line()
        print(f"{name}: {child.memory()} when ready, {child.age_s:.1f} s after the start", flush=True)
        spent = [await _asked(child, text) for text in SENTENCES]
        reached = [ms for ms in spent if ms is not None]
        print(f"{name}: the local model was asked {len(reached)} of {len(spent)} times, in {reached} ms")
        print(f"{name}: {child.memory()} after that", flush=True)
        begun = time.perf_counter()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{page}", timeout=_PAGE_S) as client:
            first = await client.get("/")
            took = time.perf_counter() - begun
            for path in _LOOKED_AT:
                (await client.get(path)).raise_for_status()
        first.raise_for_status()
        print(f"{name}: {child.memory()} after the page was looked at, which came after {took:.2f} s", flush=True)


async def _asked(child: Measured, text: str) -> int | None:
    """Milliseconds that the local model took for ``text``; None where it was not asked."""
    await child.tell(text)
    answer: dict[str, dict[str, int]] = json.loads(await child.line())
    return answer["asked"].get(Tier.LLM.value)


def _prefix(settings: Settings, folder: Path) -> None:
    """What getting ready and the first answer cost the processor, before there is anything kept, and after."""
    store = Store(settings.models_dir)
    model = next(store.require(settings.understand.llm_model).glob("*.gguf"))
    adapter = next(store.require(settings.understand.llm_adapter).glob("*.gguf"))
    for name in ("nothing kept", "prefix kept"):
        engine: LlmEngine = plugins.load("llm", settings.understand.llm)(
            model, settings.understand.llm_threads, adapter
        )
        ready = _spent(functools.partial(engine.prepare, FIXED, folder))
        asked = f"{FIXED} kitchen: kitchen light (off)\nnow: the kitchen is dark<|im_end|>\n<|im_start|>assistant\n"
        first = _spent(functools.partial(engine.complete, asked, 'root ::= "none" | "on kitchen light"', 8))
        engine.close()
        print(f"{name}: {ready:.2f} s of processor time to be ready, {first:.2f} s for the first answer", flush=True)


def _spent(work: Callable[[], object]) -> float:
    """Seconds of processor time, of all threads."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


async def _compare() -> None:
    with tempfile.TemporaryDirectory(prefix="hearth-footprint-") as folder:
        if Settings().understand.llm != "none":
            _prefix(Settings(), Path(folder) / "prefix")
        async with demo_home() as home:
            await _one(home.host, home.port, Path(folder), "first start")
            await _one(home.host, home.port, Path(folder), "with the prefix kept")


def main() -> None:
    """Measure, or be what is measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--child", nargs=2, metavar=("HOST", "PORT"), help=argparse.SUPPRESS)
    parser.add_argument("--profile", choices=list(Kind), help="as on such a board")
    asked = parser.parse_args()
    if asked.profile is not None:
        os.environ["HEARTH_BOARD__PROFILE"] = asked.profile
    if (child := asked.child) is None:
        anyio.run(_compare)
        return
    settings = Settings()
    broker = {"host": child[0], "port": int(child[1]), "tls": False, "username": None}
    with contextlib.suppress(KeyboardInterrupt):
        anyio.run(_serve, settings.model_copy(update={"mqtt": settings.mqtt.model_copy(update=broker)}))


if __name__ == "__main__":
    try:
        main()
    except AssistantError as error:
        sys.exit(f"hearth: {error}")
