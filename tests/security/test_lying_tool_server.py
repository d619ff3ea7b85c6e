"""A tool server that means no good, as a program of its own: it costs the assistant its tool, and nothing else."""

import resource
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import anyio
import pytest

from edge.act.skills.tools import Tools
from edge.act.skills.tools.settings import ToolsSettings
from edge.intents import Intent, Origin, Outcome, OutcomeKind

pytestmark = pytest.mark.anyio
SERVER: Final = Path(__file__).parents[1] / "lying_tool_server.py"
GO: Final = Intent("test.go", {})


@asynccontextmanager
async def served(how: str) -> AsyncIterator[Tools]:
    server = {"command": [sys.executable, str(SERVER), how], "tools": ["go"], "timeout_s": 3}
    tools = Tools(ToolsSettings.model_validate({"servers": {"test": server}}).servers)
    async with anyio.create_task_group() as running:
        running.start_soon(tools.serve)
        with anyio.move_on_after(8):
            while not tools._servers["test"].tools:
                await anyio.sleep(0.02)
        yield tools
        running.cancel_scope.cancel()


def memory() -> int:
    """The most that this process ever had, kB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ("honest", OutcomeKind.DONE),
        ("shapes", OutcomeKind.FAILED),
        ("sermon", OutcomeKind.DONE),
        ("long", OutcomeKind.DONE),
        ("stays", OutcomeKind.DONE),
        ("garbage", OutcomeKind.FAILED),
        ("line", OutcomeKind.FAILED),
        ("many", OutcomeKind.FAILED),
        ("chatters", None),
        ("hangs", OutcomeKind.FAILED),
        ("exits", OutcomeKind.FAILED),
        ("endless", OutcomeKind.FAILED),
        ("large", OutcomeKind.FAILED),
        ("deep", OutcomeKind.FAILED),
    ],
)
async def test_it_costs_the_assistant_its_tool_and_nothing_else(how: str, kind: OutcomeKind | None) -> None:
    async with served(how) as tools:
        before = memory()
        longest, outcome = await _while_others_wait(tools)
        grown = memory() - before
        begun = time.monotonic()
    assert time.monotonic() - begun < 2, "whoever stops the assistant waits no longer"
    assert kind is None or outcome.kind is kind
    assert outcome.question is None, "no server has a sermon asked"
    assert longest < 1, "nobody else waits for it"
    assert grown < 64 * 1024


async def _while_others_wait(tools: Tools) -> tuple[float, Outcome]:
    """What came of it, and how long anything else had to wait meanwhile."""
    longest = 0.0

    async def others() -> None:
        nonlocal longest
        while True:
            begun = time.monotonic()
            await anyio.sleep(0.01)
            longest = max(longest, time.monotonic() - begun)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(others)
        outcome = await tools.run(GO, Origin("s"))
        tasks.cancel_scope.cancel()
    return longest, outcome


async def test_what_it_says_of_itself_is_short() -> None:
    async with served("sermon") as tools:
        tool = tools._servers["test"].tools["go"]
        assert tool.required == ()
        assert list(tool.types) == ["p"]
        assert len(tool.choices["p"]) <= 100
        assert max(map(len, tool.choices["p"])) <= 300
