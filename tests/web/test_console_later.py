"""The console that is loaded only when somebody connects."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import httpx
import pytest

from edge.api.local import serve
from edge.api.local_client import request
from edge.api.web.access import Role
from edge.api.web.accounts import Accounts
from edge.api.web.listeners import PortTaken, bind
from edge.api.web.passwords import Passwords
from edge.app import assistant
from edge.assistant import Assistant
from edge.cli.console_later import ConsoleLater, Requests, begin
from edge.events import Fault
from edge.sections import ApiSettings
from edge.settings import Settings
from tests.web.people import PASSWORD

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def later(settings: Settings) -> AsyncIterator[tuple[Assistant, ConsoleLater]]:
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(assistant(settings, hears=False, sink=None))
        tasks = await stack.enter_async_context(anyio.create_task_group())
        further: Requests = {}
        await stack.enter_async_context(serve(running, further))
        console = await begin(running, further)
        assert console is not None
        tasks.start_soon(console.serve)
        yield running, console
        tasks.cancel_scope.cancel()


async def test_whoever_connects_first_is_answered_as_well(settings: Settings) -> None:
    async with later(settings) as (_, console), httpx.AsyncClient(timeout=60) as client:
        there = f"http://127.0.0.1:{console.port}"
        answers = []

        async def ask() -> None:
            answers.append((await client.get(f"{there}/v1/devices")).status_code)

        async with anyio.create_task_group() as together:
            for _ in range(3):
                together.start_soon(ask)
        assert answers == [200, 200, 200]
        assert (await client.get(there)).headers["content-type"].startswith("text/html")


async def test_the_command_line_gets_its_answer_without_anybody_on_the_page(settings: Settings) -> None:
    def link() -> dict[str, object]:
        (answer,) = request(settings.data_dir, do="console_link")
        return answer

    async with later(settings) as (running, console):
        with running.bus.subscribe() as events:
            answer = await anyio.to_thread.run_sync(link)
            faults = [event for event in events.pending() if isinstance(event, Fault)]
        assert answer["here"].startswith(f"http://127.0.0.1:{console.port}/")
        # The network reaches it by the link, until the first password is set.
        assert answer["network"], faults


async def test_where_somebody_has_a_password_the_network_reaches_it_from_the_start(settings: Settings) -> None:
    async with later(settings) as (running, first):
        assert not first.secure_port, "nobody could log in"
        accounts = Accounts(running.storage, Passwords(memory_kib=64, passes=1))
        await accounts.prepare()
        await accounts.add("Ada", Role.OWNER, PASSWORD)
    async with later(settings) as (_, console), httpx.AsyncClient(verify=False, timeout=60) as client:
        answer = await client.get(f"https://127.0.0.1:{console.secure_port}/v1/devices")
        assert answer.status_code == 401
        assert (await client.get(f"http://127.0.0.1:{console.port}/v1/devices")).status_code == 401


def test_a_port_that_is_taken_is_named() -> None:
    first = bind(ApiSettings(port=0), network=False)
    with pytest.raises(PortTaken, match=str(first.port)):
        bind(ApiSettings(port=first.port), network=False)
    for each in first.sockets:
        each.close()


def test_until_then_nothing_of_it_is_loaded(tmp_path: Path) -> None:
    """That is what it is for."""
    code = (
        "import json, sys; import edge.cli.run, edge.cli.console_later; print(json.dumps(sorted(sys.modules)));"
        "import edge.cli.console_served; print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    before, after = (set(json.loads(line)) for line in done.stdout.splitlines())
    page, of_few = {"fastapi", "starlette", "uvicorn"}, {"httpx", "rich", "mcp", "onnx"}
    assert not (page | of_few) & before
    assert page < after
    # An HTTP client is for exporting what a bridge has, and brings more along than all pages of ours are.
    assert not of_few & after
